"""Pictures as a video: a folder of them in natural order, or a single one."""

import re
from fractions import Fraction
from functools import lru_cache
from math import gcd, lcm
from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, UsageError, VidrestoreError
from ..frame import Colour
from .cicp import primaries_and_transfer
from .colour import guessed_matrix
from .container import MAX_PIXELS
from .info import VideoInfo
from .rate import snap
from .times import TIMES, Times, at_rate, read_times

Samples = NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.float32]
FORMATS = {"uint8": ("rgb24", 8, 255), "uint16": ("rgb48", 16, 65535), "float32": ("gbrpf32le", 16, 1)}
"""By type of the samples: FFmpeg's name, bits that say as much, and white."""
RATE = Fraction(25)
"""Pictures per second where nobody says."""
SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp"}


def is_pictures(path: Path) -> bool:
    """Whether `path` is read as pictures: every folder, and files named as pictures."""
    return path.is_dir() or path.suffix.lower() in SUFFIXES


def list_pictures(path: Path) -> list[Path]:
    """The pictures of a folder in natural order (frame_2 before frame_10), or the one picture that `path` is."""
    if not path.is_dir():
        return [path]
    found = [file for file in path.iterdir() if file.suffix.lower() in SUFFIXES and not file.name.startswith(".")]
    if not found:
        raise InputError(f"{path} holds no pictures; known are {', '.join(sorted(SUFFIXES))}")
    return sorted(found, key=_natural)


def _natural(path: Path) -> tuple[list[str | int], str]:
    parts = re.split(r"([0-9]+)", path.name.lower())  # text and digits in turn, so like meets like
    return [int(part) if number % 2 else part for number, part in enumerate(parts)], path.name


def upright(path: Path) -> Samples:
    """One picture as it is stored, but turned as its EXIF says and without alpha: (H, W), or (H, W, 3), blue first."""
    cv2 = opencv()
    return decode(path, cv2.IMREAD_ANYCOLOR | cv2.IMREAD_ANYDEPTH)  # unlike UNCHANGED it turns by EXIF


def probe_pictures(path: Path, *, rate: Fraction | None = None, times: Path | None = None) -> VideoInfo:
    """Describe pictures; the first is decoded.

    They are shown at `rate` per second, else as the file `times` says, else as the folder's own frames.csv, else at
    RATE. Where the first lies in the source is taken from the list at a rate too.
    """
    if rate is not None and rate <= 0:
        raise UsageError(f"rate {rate}: must be above 0")
    listed = _times(path, rate, times)
    first, last = listed.shown[0], listed.shown[-1]
    moments = [moment for each in listed.shown for moment in (each.pts, each.duration)]
    ticks = lcm(*(moment.denominator for moment in moments))
    stored = decode(first.path, opencv().IMREAD_UNCHANGED)
    alpha = stored.ndim == 3 and stored.shape[2] in (2, 4)
    pix_fmt, depth, _ = FORMATS[str(stored.dtype)]
    height, width = upright(first.path).shape[:2]
    primaries, transfer = primaries_and_transfer(first.path.read_bytes())
    duration = last.pts + last.duration - first.pts
    notes = ("transparency is dropped" if alpha else "", listed.note)
    return VideoInfo(
        path=path,
        kind="pictures",
        width=width,
        height=height,
        pix_fmt=pix_fmt,
        colour=Colour(guessed_matrix(height), full_range=True, depth=depth, primaries=primaries, transfer=transfer),
        time_base=Fraction(gcd(*(int(moment * ticks) for moment in moments)), ticks),
        rate=snap(len(listed.shown) / duration) if rate is None else rate,
        frames=len(listed.shown),
        duration=duration,
        pictures=listed.shown,
        source_offset=listed.source_offset,
        profile=_profile(first.path),
        codec=first.path.suffix.lower().removeprefix("."),
        container="pictures",
        alpha=alpha,
        warnings=tuple(filter(None, notes)),
    )


def _times(path: Path, rate: Fraction | None, times: Path | None) -> Times:
    paths, own = list_pictures(path), path / TIMES
    if rate is None and (times is not None or own.is_file()):
        return read_times(times or own, paths)
    shown = tuple(at_rate(paths, RATE if rate is None else rate))
    if not own.is_file():
        return Times(shown, Fraction(0))
    try:
        listed = read_times(own, paths)
    except UsageError:  # a rate is the way out of a list that does not fit
        return Times(shown, Fraction(0), f"{own} does not fit: the pictures are taken to begin where their source does")
    return Times(shown, listed.source_offset + listed.shown[0].pts)


@lru_cache(maxsize=1)
def opencv() -> ModuleType:
    """OpenCV, loaded when the first picture is: a video needs neither it nor the system libraries it hangs on."""
    try:
        import cv2
    except ImportError as error:
        raise VidrestoreError(
            f"OpenCV does not load ({error}); install libgl1 and libglib2.0-0, or opencv-python-headless in its place"
        ) from error
    cv2.utils.logging.setLogLevel(0)  # what is wrong with a picture is said by the error raised
    module: ModuleType = cv2
    return module


def decode(path: Path, flags: int) -> Samples:
    """(H, W) or (H, W, channels), blue first. Through memory: cv2.imread knows no Unicode names on Windows."""
    cv2 = opencv()
    try:
        data = np.fromfile(path, np.uint8)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}; make it readable or remove it") from error
    try:
        picture: Samples | None = cv2.imdecode(data, flags) if len(data) and _is_whole(data.tobytes()) else None
    except cv2.error:
        picture = None
    if picture is None:
        raise InputError(f"{path} is damaged or not a picture; replace or remove it")
    if str(picture.dtype) not in FORMATS:
        raise InputError(f"{path} holds {picture.dtype} samples; read are {', '.join(FORMATS)}")
    if picture.shape[0] * picture.shape[1] > MAX_PIXELS:
        raise InputError(f"{path}: {picture.shape[1]}x{picture.shape[0]} is too large")
    return picture


def _profile(path: Path) -> bytes:
    """What says how a picture's RGB is meant, where that is not sRGB, which pictures without a profile are."""
    cv2 = opencv()
    # OpenCV reads no metadata without the picture; an eighth of a JPEG is quicker.
    _, kinds, found = cv2.imdecodeWithMetadata(np.fromfile(path, np.uint8), cv2.IMREAD_REDUCED_GRAYSCALE_8)
    wanted = (data for kind, data in zip(kinds, found, strict=True) if kind == cv2.IMAGE_METADATA_ICCP)
    profile = next((bytes(np.asarray(data, np.uint8)) for data in wanted), b"")
    text = profile.replace(b"\0", b"")  # of one byte or of two a letter
    is_srgb = b"sRGB" in text and b"inear" not in text
    return profile if profile[16:20] == b"RGB " and not is_srgb else b""


def _is_whole(data: bytes) -> bool:
    """Whether a JPEG or PNG has its end: decoders fill a missing rest with grey and say nothing."""
    if data.startswith(b"\xff\xd8"):
        return _jpeg_ends(data)
    return not data.startswith(b"\x89PNG") or b"IEND" in data[-1024:]


_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
"""Of a JPEG's segment; coded samples hold none."""


def _jpeg_ends(data: bytes) -> bool:
    """Whether the picture's own end comes: not its thumbnail's, nor one in the video that phones append."""
    at = 2
    while found := _MARKER.search(data, at):
        if found[0] == b"\xff\xd9":
            return True
        at = found.end() + int.from_bytes(data[found.end() : found.end() + 2])
    return False
