"""Scene lists: PySceneDetect's CSV, and pairs of frame numbers from 1."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Literal

from ..base.numbers import fraction, whole
from ..errors import UsageError

ListFormat = Literal["scenedetect", "pairs"]
"""pairs: the first and the last frame of each scene, no header."""

FIRST, START, LAST, END = "Start Frame", "Start Time (seconds)", "End Frame", "End Time (seconds)"
_HEADER = (
    *("Scene Number", FIRST, "Start Timecode", START, LAST, "End Timecode", END),
    *("Length (frames)", "Length (timecode)", "Length (seconds)"),
)


@dataclass(frozen=True, slots=True)
class Scene:
    """A stretch of frames of a video, both ends included, counted from 0."""

    first: int
    last: int
    start: Fraction | None = None
    """When the first frame appears, in seconds as `Frame.pts`; None where a list has no times."""
    end: Fraction | None = None
    """When the last frame is over."""

    @property
    def frames(self) -> int:
        return self.last - self.first + 1

    @property
    def times(self) -> tuple[Fraction, Fraction]:
        """Start and end. UsageError: the scene is of a list without times."""
        if self.start is None or self.end is None:
            raise UsageError(f"scene {self.first + 1} to {self.last + 1} has no times; use its frame numbers")
        return self.start, self.end


def scene_list(scenes: Sequence[Scene], *, form: ListFormat) -> str:
    """The text of a file that holds `scenes`.

    Raises:
        UsageError: scenes without times as scenedetect, which has columns for them.
    """
    text = StringIO()
    rows = csv.writer(text, lineterminator="\n")
    if form == "pairs":
        rows.writerows((scene.first + 1, scene.last + 1) for scene in scenes)
        return text.getvalue()
    rows.writerow(("Timecode List:", *(timecode(scene.times[0]) for scene in scenes[1:])))
    rows.writerow(_HEADER)
    for number, scene in enumerate(scenes, start=1):
        start, end = scene.times
        rows.writerow(
            (
                *(number, scene.first + 1, timecode(start), f"{float(start):.3f}"),
                *(scene.last + 1, timecode(end), f"{float(end):.3f}"),
                *(scene.frames, timecode(end - start), f"{float(end - start):.3f}"),
            )
        )
    return text.getvalue()


def timecode(seconds: Fraction) -> str:
    """HH:MM:SS.mmm"""
    minutes, milliseconds = divmod(round(seconds * 1000), 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{milliseconds // 1000:02}.{milliseconds % 1000:03}"


def read_scenes(path: Path) -> tuple[Scene, ...]:
    """The scenes of a file of either kind, edited by hand or not: rows may be missing, columns may be added.

    Raises:
        UsageError: no such file; no scenes; rows that are no frame numbers; scenes that overlap or run back.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
        scenes = tuple(_parsed(path, lines))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise UsageError(f"{path} cannot be read: {reason}; give a list of scenes") from error
    if not scenes:
        raise UsageError(f"{path} names no scenes; a row is wanted for each, with its first and last frame")
    for number, scene in enumerate(scenes, start=1):
        if not 0 <= scene.first <= scene.last:
            raise UsageError(f"{path}: scene {number} runs from {scene.first + 1} to {scene.last + 1}; correct it")
    for one, following in pairwise(scenes):
        if following.first <= one.last:
            raise UsageError(
                f"{path}: frame {following.first + 1} begins a scene, but the one before goes to {one.last + 1}; "
                "put them in order, without overlap"
            )
    return scenes


def _parsed(path: Path, lines: list[str]) -> Iterator[Scene]:
    separator = max(",;\t", key="".join(lines).count)
    rows = [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=separator)]
    header = next((row for row in rows if FIRST in row and LAST in row), None)
    for number, row in enumerate(rows[rows.index(header) + 1 :] if header else rows, start=1):
        if not any(row):
            continue
        try:
            yield _pair(row) if header is None else _named(dict(zip(header, row, strict=False)))
        except (KeyError, ValueError) as error:
            wanted = "a first and a last frame" if header is None else f"{FIRST} and {LAST}"
            raise UsageError(f"{path}: row {number} ({separator.join(row)}) does not give {wanted}") from error


def _pair(row: list[str]) -> Scene:
    first, last = row
    return Scene(whole(first) - 1, whole(last) - 1)


def _named(row: dict[str, str]) -> Scene:
    start, end = (fraction(row[name]) if row.get(name) else None for name in (START, END))
    return Scene(whole(row[FIRST]) - 1, whole(row[LAST]) - 1, start, end)
