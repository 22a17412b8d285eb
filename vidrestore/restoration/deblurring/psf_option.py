"""The option --psf: which point spread function its words mean, before it is made."""

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path

from ...base.schema import read_json
from ...errors import UsageError
from ...video.pictures.folder import is_pictures

FORMS = (
    "gaussian:SIGMA, motion:LENGTH,ANGLE, disk:RADIUS, a picture of the point spread function, "
    "or a .json file with rows of these, one for each part of the picture"
)
NUMBERS = {"gaussian": ("sigma",), "motion": ("length", "angle"), "disk": ("radius",)}
"""What the numbers of each are; lengths in pixels, angles in degrees."""
MOST_PARTS = 1024
"""That a picture is divided into."""
LARGEST = 500.0
"""Pixels, of a length, radius or sigma, or a side of a picture: a mistake beyond."""


@dataclass(frozen=True, slots=True)
class PsfOption:
    """A kind of NUMBERS with its numbers, or a picture."""

    kind: str = ""
    numbers: tuple[float, ...] = ()
    picture: str = ""
    """The sha256 of the picture's file; empty where it is none."""
    parts: tuple[tuple["PsfOption", ...], ...] = ()
    """Of a blur that varies: rows of what is seen in each part of the picture."""


def parse_psf(text: str) -> PsfOption:
    """What FORMS describes. UsageError: it is none of them, or has no extent."""
    kind, colon, rest = text.partition(":")
    if colon and kind in NUMBERS:
        return PsfOption(kind, _numbers(text, kind, [_number(part) for part in rest.split(",")]))
    if Path(text).is_file() and is_pictures(Path(text)):
        return PsfOption(picture=hashlib.sha256(Path(text).read_bytes()).hexdigest())
    if Path(text).suffix.lower() == ".json" and Path(text).is_file():
        return PsfOption(parts=tuple(tuple(map(parse_psf, row)) for row in parts_of(text)))
    raise UsageError(f"--psf {text} is neither a blur nor a picture that is there; write {FORMS}")


def parts_of(text: str) -> list[list[str]]:
    """The words in a .json file: rows of equal length, e.g. [["motion:9,0", "motion:9,30"], ["disk:2", "disk:2"]].

    Raises:
        UsageError: it holds anything else, or another such file.
    """
    try:
        rows = read_json(list[list[str]], Path(text).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(
            f"--psf {text} is not a JSON file with rows of blurs: {' '.join(str(error).split())}"
        ) from None
    words = [word for row in rows for word in row]
    if not words or len({len(row) for row in rows}) > 1 or len(words) > MOST_PARTS:
        raise UsageError(f"--psf {text} holds no rows of equal length, or more than {MOST_PARTS} parts")
    if any(word.lower().endswith(".json") for word in words):
        raise UsageError(f"--psf {text} names another .json file; write each part's blur")
    return rows


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
