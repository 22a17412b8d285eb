"""Pictures as a video: a folder of them in natural order, or a single one."""

import re
from collections.abc import Generator
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import InputError, UsageError, VidrestoreError
from ..frame import Colour
from .colour import guessed_matrix
from .container import MAX_PIXELS
from .info import VideoInfo

Samples = NDArray[np.uint8] | NDArray[np.uint16]
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


def read_picture(path: Path) -> Tensor:
    """One picture upright, alpha dropped: RGB, (3, H, W) float32 in [0, 1]; grey is repeated. InputError: broken."""
    cv2 = _opencv()
    stored = _decode(path, cv2.IMREAD_ANYCOLOR | cv2.IMREAD_ANYDEPTH)  # unlike UNCHANGED it turns by EXIF
    rgb = cv2.cvtColor(stored, cv2.COLOR_GRAY2RGB if stored.ndim == 2 else cv2.COLOR_BGR2RGB)
    return torch.from_numpy(rgb).permute(2, 0, 1).float().contiguous().div_(float(np.iinfo(stored.dtype).max))


def frames_of(info: VideoInfo) -> Generator[tuple[Fraction, Tensor]]:
    """Seconds and picture, one after the other, each read when it is asked for. InputError: sizes differ."""
    paths = list_pictures(info.path)
    for number, path in enumerate(paths):
        picture = read_picture(path)
        height, width = picture.shape[-2:]
        if (width, height) != (info.width, info.height):
            raise InputError(
                f"{path} is {width}x{height} but {paths[0].name} is {info.width}x{info.height}; make them one size"
            )
        yield number / info.rate, picture


def probe_pictures(path: Path, *, rate: Fraction) -> VideoInfo:
    """Describe pictures shown at `rate` per second; the first is decoded."""
    if rate <= 0:
        raise UsageError(f"rate {rate}: must be above 0")
    paths = list_pictures(path)
    first = _decode(paths[0], _opencv().IMREAD_UNCHANGED)
    alpha = first.ndim == 3 and first.shape[2] in (2, 4)
    deep = first.dtype == np.uint16
    height, width = read_picture(paths[0]).shape[-2:]
    return VideoInfo(
        path=path,
        kind="pictures",
        width=width,
        height=height,
        pix_fmt="rgb48" if deep else "rgb24",
        colour=Colour(matrix=guessed_matrix(height), full_range=True, depth=16 if deep else 8),
        time_base=1 / rate,
        rate=rate,
        frames=len(paths),
        duration=len(paths) / rate,
        codec=paths[0].suffix.lower().removeprefix("."),
        container="pictures",
        alpha=alpha,
        warnings=("transparency is dropped",) if alpha else (),
    )


@lru_cache(maxsize=1)
def _opencv() -> ModuleType:
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


def _decode(path: Path, flags: int) -> Samples:
    """(H, W) or (H, W, channels), blue first. Through memory: cv2.imread knows no Unicode names on Windows."""
    cv2 = _opencv()
    data = np.fromfile(path, np.uint8)
    try:
        picture: Samples | None = cv2.imdecode(data, flags) if len(data) and _is_whole(data.tobytes()) else None
    except cv2.error:
        picture = None
    if picture is None:
        raise InputError(f"{path} is damaged or not a picture; replace or remove it")
    if picture.dtype not in (np.uint8, np.uint16):
        raise InputError(f"{path} holds {picture.dtype} samples; only 8 and 16 bit are read")
    if picture.shape[0] * picture.shape[1] > MAX_PIXELS:
        raise InputError(f"{path}: {picture.shape[1]}x{picture.shape[0]} is too large")
    return picture


def _is_whole(data: bytes) -> bool:
    """Whether a JPEG or PNG has its end: decoders fill a missing rest with grey and say nothing."""
    if data.startswith(b"\xff\xd8"):
        # The end mark of a thumbnail lies before the last start of a scan.
        return data.rfind(b"\xff\xd9") > data.rfind(b"\xff\xda")
    return not data.startswith(b"\x89PNG") or b"IEND" in data[-1024:]
