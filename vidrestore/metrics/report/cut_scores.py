"""Scores of a cut detector, as a table and a chart."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from io import StringIO
from typing import NamedTuple

from ...frame.frame import Frame
from ...scenes.detect import DETECTORS, DetectorName, Judged
from ...scenes.list import timecode
from .chart import Panel, ticks

NAMES: dict[DetectorName, str] = {"adaptive": "score", "content": "content_val", "threshold": "average_rgb"}
"""What the score is called in the table: as in PySceneDetect's where it is the same."""
TALLEST = 4
"""Times the threshold that the drawing reaches to: scores of clear cuts are far above."""


class Score(NamedTuple):
    """One frame's."""

    pts: Fraction
    score: float
    cut: bool


def collect_scores(judged: Iterable[Judged], *, into: list[Score]) -> Iterator[Frame]:
    """The frames; `into` gets their scores."""
    for frame, score in ((each.frame, each.score) for each in judged):
        into.append(Score(frame.pts, score, frame.cut))
        yield frame


def table(scores: Sequence[Score], *, detector: DetectorName) -> str:
    """CSV text: frame number from 1, time, score, and 1 for the first frame of a shot."""
    text = StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("Frame Number", "Timecode", NAMES[detector], "cut"))
    rows.writerows(
        (number, timecode(each.pts), f"{each.score:.4f}", int(each.cut)) for number, each in enumerate(scores, start=1)
    )
    return text.getvalue()


def panel(scores: Sequence[Score], *, detector: DetectorName, threshold: float | None = None) -> Panel:
    """A chart of the scores over the frames' numbers, with the threshold and the cuts."""
    threshold = DETECTORS[detector][1] if threshold is None else threshold
    last = max(len(scores), 2)

    def x(number: float) -> float:
        return (number - 1) / (last - 1)

    y_ticks = ticks(0, min(max(threshold, *(each.score for each in scores)), TALLEST * threshold))
    top = y_ticks[-1]
    line = tuple((x(number), min(each.score / top, 1)) for number, each in enumerate(scores, start=1))
    return Panel(
        title=f"{detector}: {sum(each.cut for each in scores)} cuts, threshold {threshold:g}",
        lines=(line, ((0, threshold / top), (1, threshold / top))),
        x_ticks=tuple((x(tick), f"{tick:g}") for tick in ticks(1, last) if tick == int(tick)),
        y_ticks=tuple((tick / top, f"{tick:g}") for tick in y_ticks),
        scenes=tuple(x(number) for number, each in enumerate(scores, start=1) if each.cut),
    )
