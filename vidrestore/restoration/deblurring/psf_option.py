"""The option --psf: which point spread function its words mean, before it is made."""

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path

from ...errors import UsageError
from ...video.pictures.folder import is_pictures

FORMS = "gaussian:SIGMA, motion:LENGTH,ANGLE, disk:RADIUS, or a picture of the point spread function"
NUMBERS = {"gaussian": ("sigma",), "motion": ("length", "angle"), "disk": ("radius",)}
"""What the numbers of each are; lengths in pixels, angles in degrees."""
LARGEST = 500.0
"""Pixels, of a length, radius or sigma, or a side of a picture: a mistake beyond."""


@dataclass(frozen=True, slots=True)
class PsfOption:
    """A kind of NUMBERS with its numbers, or a picture."""

    kind: str = ""
    numbers: tuple[float, ...] = ()
    picture: str = ""
    """The sha256 of the picture's file; empty where it is none."""


def parse_psf(text: str) -> PsfOption:
    """What FORMS describes. UsageError: it is none of them, or has no extent."""
    kind, colon, rest = text.partition(":")
    if colon and kind in NUMBERS:
        return PsfOption(kind, _numbers(text, kind, [_number(part) for part in rest.split(",")]))
    if Path(text).is_file() and is_pictures(Path(text)):
        return PsfOption(picture=hashlib.sha256(Path(text).read_bytes()).hexdigest())
    raise UsageError(f"--psf {text} is neither a blur nor a picture that is there; write {FORMS}")


def _numbers(text: str, kind: str, numbers: list[float]) -> tuple[float, ...]:
    first, *_ = names = NUMBERS[kind]
    if len(numbers) != len(names) or not all(math.isfinite(number) for number in numbers) or numbers[0] > LARGEST:
        raise UsageError(f"--psf {text} is not a blur of up to {LARGEST:.0f} pixels; write {FORMS}")
    if numbers[0] <= 0:
        raise UsageError(f"--psf {text}: the {first} of a blur is more than 0, not {numbers[0]}")
    return tuple(numbers)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
