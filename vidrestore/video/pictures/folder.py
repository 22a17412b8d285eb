"""Pictures as a video: a folder of them in natural order, or a single one."""

import re
from fractions import Fraction
from itertools import accumulate
from math import gcd, lcm
from pathlib import Path

from ...base.settings import READ_PICTURES
from ...errors import InputError, UsageError
from ...frame.frame import Colour
from ..decode.colour_tags import guessed_matrix
from ..facts.info import VideoInfo
from ..time.rate import snap
from .formats.header import is_animated, read_header
from .formats.picture_header import PictureHeader
from .still import is_still
from .times import TIMES, Shown, Times, at_rate, read_times

FORMATS = {"uint8": ("rgb24", 8, 255), "uint16": ("rgb48", 16, 65535), "float32": ("gbrpf32le", 16, 1)}
"""By type of the samples: FFmpeg's name, bits that say as much, and white."""
RATE = Fraction(25)
"""Pictures per second where nobody says."""


def is_pictures(path: Path) -> bool:
    """Whether `path` is read as pictures: every folder, still pictures of any name, and what is named as one.

    Not those that are animated.
    """
    return path.is_dir() or ((path.suffix.lower() in READ_PICTURES or _is_still(path)) and not is_animated(path))


def _is_still(path: Path) -> bool:
    try:
        return is_still(path)
    except OSError:  # which opening it will say
        return False


def list_pictures(path: Path) -> list[Path]:
    """The pictures of a folder in natural order (frame_2 before frame_10), or the one picture that `path` is."""
    if not path.is_dir():
        return [path]
    found = [file for file in path.iterdir() if file.suffix.lower() in READ_PICTURES and not file.name.startswith(".")]
    if not found:
        raise InputError(f"{path} holds no pictures; known are {', '.join(sorted(READ_PICTURES))}")
    return sorted(found, key=_natural)


def _natural(path: Path) -> tuple[list[str | int], str]:
    parts = re.split(r"([0-9]+)", path.name.lower())  # text and digits in turn, so like meets like
    return [int(part) if number % 2 else part for number, part in enumerate(parts)], path.name


def probe_pictures(path: Path, *, rate: Fraction | None = None, times: Path | None = None) -> VideoInfo:
    """Describe pictures by the header of the first; nothing is decoded.

    They are shown at `rate` per second, else as the file `times` says, else as the folder's own frames.csv, else at
    RATE. Where the first lies in the source is taken from the list at a rate too.
    """
    if rate is not None and rate <= 0:
        raise UsageError(f"rate {rate}: must be above 0")
    listed = _times(path, rate, times)
    header = read_header(listed.shown[0].path)
    return _described(path, header, listed, rate=rate, notes=(*_notes(header), beyond_first(header), listed.note))


def probe_animation(path: Path) -> VideoInfo:
    """Describe an animated WebP, whose pictures have times of their own; nothing is decoded."""
    header = read_header(path)
    ends = accumulate(header.durations)  # in milliseconds
    shown = tuple(
        Shown(path, Fraction(end - step, 1000), Fraction(step, 1000))
        for end, step in zip(ends, header.durations, strict=True)
    )
    return _described(path, header, Times(shown, Fraction(0)), rate=None, notes=_notes(header))


def _described(
    path: Path, header: PictureHeader, listed: Times, *, rate: Fraction | None, notes: tuple[str, ...]
) -> VideoInfo:
    first, last = listed.shown[0], listed.shown[-1]
    moments = [moment for each in listed.shown for moment in (each.pts, each.duration)]
    ticks = lcm(*(moment.denominator for moment in moments))
    pix_fmt, depth, _ = FORMATS[header.samples]
    width, height = header.size
    duration = last.pts + last.duration - first.pts
    matrix = guessed_matrix(height)
    return VideoInfo(
        path=path,
        kind="pictures",
        width=width,
        height=height,
        pix_fmt=pix_fmt,
        colour=Colour(matrix, full_range=True, depth=depth, primaries=header.primaries, transfer=header.transfer),
        time_base=Fraction(gcd(*(int(moment * ticks) for moment in moments)), ticks),
        rate=snap(len(listed.shown) / duration) if rate is None else rate,
        frames=len(listed.shown),
        duration=duration,
        pictures=listed.shown,
        source_offset=listed.source_offset,
        profile=_profile(header.profile),
        codec=header.form,
        container="pictures",
        alpha=header.alpha,
        warnings=tuple(filter(None, notes)),
    )


def _notes(header: PictureHeader) -> tuple[str, ...]:
    """What of a picture is not kept."""
    kept = "transparency is kept in PNG, TIFF and WebP, and dropped elsewhere"
    dropped = "transparency is dropped"
    return (
        (kept if header.opacity else dropped) if header.alpha else "",
        "CMYK is read by the plain formula, and colours may look different: save it as RGB" if header.cmyk else "",
    )


def beyond_first(header: PictureHeader) -> str:
    """What is said of a file with several pictures where it is read as one; empty where it has one."""
    if header.pages == 1:
        return ""
    return f"the first of {header.pages} pictures in it is taken, the others are left out: save each as a file"


def _profile(profile: bytes) -> bytes:
    """What says how a picture's RGB is meant, where that is not sRGB, which pictures without a profile are."""
    text = profile.replace(b"\0", b"")  # of one byte or of two a letter
    is_srgb = b"sRGB" in text and b"inear" not in text
    return profile if profile[16:20] == b"RGB " and not is_srgb else b""


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
