"""frames.csv: the pictures of a folder, and exactly when each is shown."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from io import StringIO
from itertools import pairwise
from pathlib import Path

from ...base.numbers import fraction
from ...errors import UsageError

TIMES = "frames.csv"
COLUMNS = ("index", "file", "pts", "seconds", "duration", "key_frame", "scene", "source_pts")


@dataclass(frozen=True, slots=True)
class Shown:
    """One picture of a folder and its place in time."""

    path: Path
    pts: Fraction
    """When it appears: seconds from the start of the folder's stream, exact."""
    duration: Fraction


@dataclass(frozen=True, slots=True)
class Row:
    """What the file says of one picture."""

    file: str
    """Its name in the folder."""
    pts: Fraction
    duration: Fraction
    index: int
    """Number of the frame in what was read of the source, counted from 1."""
    key: bool
    """A key frame of the source."""
    scene: int | None
    """Number of its scene, counted from 1; None: nobody looked."""
    source_pts: Fraction
    """`pts` counted from the start of the source, wherever reading began."""


def times_csv(rows: Sequence[Row]) -> str:
    """The text of the file. Seconds are also given as decimals, for people; the fractions are what counts."""
    text = StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(COLUMNS)
    lines.writerows(
        (
            *(row.index, row.file, row.pts, f"{float(row.pts):.6f}", row.duration, int(row.key)),
            *("" if row.scene is None else row.scene, row.source_pts),
        )
        for row in rows
    )
    return text.getvalue()


@dataclass(frozen=True, slots=True)
class Times:
    """What was read from such a file."""

    shown: tuple[Shown, ...]
    source_offset: Fraction
    """Seconds of the source that are pts 0."""
    note: str = ""
    """How its rows and the pictures were brought together, where that needs a word."""


def read_times(file: Path, pictures: Sequence[Path]) -> Times:
    """The times of `pictures`, which are a folder's in natural order. Only file, pts and duration must be there.

    Pictures are found by name; where none has a name of the list but there are as many, they are taken in order.

    Raises:
        UsageError: no such file; rows without times; times that run back; pictures missing.
    """
    try:
        rows = list(csv.DictReader(file.read_text(encoding="utf-8-sig").splitlines(), restval=""))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise UsageError(f"{file} cannot be read: {reason}; give a frames.csv of extract-frames, or --rate") from error
    if not rows:
        raise UsageError(f"{file} lists no pictures; give --rate instead")
    try:
        times = [(fraction(row["pts"]), fraction(row["duration"])) for row in rows]
        offset = fraction(rows[0].get("source_pts") or rows[0]["pts"]) - times[0][0]
        names = [row["file"] for row in rows]
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"{file}: every row needs file, pts and duration, the last two as 0.04 or 1/25") from error
    _check(file, times)
    paths, note = _matched(file, names, pictures)
    shown = (Shown(path, pts, duration) for path, (pts, duration) in zip(paths, times, strict=True))
    return Times(tuple(shown), offset, note)


def _check(file: Path, times: Sequence[tuple[Fraction, Fraction]]) -> None:
    for number, (pts, duration) in enumerate(times, start=1):
        if pts < 0 or duration <= 0:
            raise UsageError(f"{file}: row {number} is shown at {pts} s for {duration} s; correct it or give --rate")
    for number, ((one, _), (other, _)) in enumerate(pairwise(times), start=2):
        if other <= one:
            raise UsageError(f"{file}: row {number} is shown at {other} s, not after {one} s; sort it, or give --rate")


def _matched(file: Path, names: Sequence[str], pictures: Sequence[Path]) -> tuple[list[Path], str]:
    """A picture for each name, and what is to be said about it."""
    there = {path.name: path for path in pictures}
    missing = [name for name in names if name not in there]
    if not missing:
        left = len(pictures) - len(set(names))
        return [there[name] for name in names], f"{left} pictures are not in {file.name}: left out" if left else ""
    if len(missing) == len(names) == len(pictures):
        return list(pictures), f"the pictures have other names than in {file.name}: taken in order"
    raise UsageError(
        f"{file} lists {len(names)} pictures, of which {missing[0]} and {len(missing) - 1} others are not among the "
        f"{len(pictures)} there are; take out their rows, or give --rate"
    )


def at_rate(pictures: Sequence[Path], rate: Fraction) -> Iterator[Shown]:
    """The pictures one after the other, `rate` per second."""
    return (Shown(path, number / rate, 1 / rate) for number, path in enumerate(pictures))
