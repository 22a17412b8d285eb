"""When each frame of a source appears, and each frame of its result: known before any network runs."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from math import lcm

import numpy as np
from numpy.typing import NDArray

from ...frame.frame import Frame
from ...video.index.begin import first_frame
from ...video.index.index import SourceIndex
from ...video.index.store import index_of
from ...video.reader import Reader
from ..interpolation.timing import SOURCE_TIMES, Gap, Span, Timing
from ..job import Job


@dataclass(frozen=True)
class Times:
    """When frames appear, in seconds as a Reader counts them: `ticks` x `tick` - `zero`; small, to be sent about."""

    ticks: NDArray[np.int64]
    """One for each frame, increasing, and one for the end of the last, which may be a guess."""
    tick: Fraction
    zero: Fraction

    def __len__(self) -> int:
        return len(self.ticks) - 1

    def at(self, number: int) -> Fraction:
        """When frame `number`, from 0, appears; that after the last: when the last is over."""
        return int(self.ticks[number]) * self.tick - self.zero

    def over_by(self, moment: Fraction) -> int:
        """How many frames are over by a moment."""
        return int(np.searchsorted(self.ticks[1:], (moment + self.zero) // self.tick, side="right"))

    def before(self, number: int) -> Span:
        """The first `number` frames."""
        return Span(number, self.at(0), self.at(number))


@dataclass(frozen=True)
class ResultTimes:
    """The same of what a timing makes of them."""

    source: Times
    timing: Timing

    def __len__(self) -> int:
        return self._made(len(self.source))

    def at(self, number: int) -> Fraction:
        """When frame `number`, from 0, appears; there must be so many."""
        source = self.source
        gap = bisect_right(range(len(source)), number, key=self._made) - 1
        begins = source.at(gap)
        instants = self.timing.instants(Gap(gap, begins, source.at(gap + 1) - begins, source.at(0)))
        return next(islice(instants, number - self._made(gap), None)).pts

    def over(self, number: int) -> Fraction:
        """When frame `number` is over, from 0; of the last, when it appears."""
        return self.at(min(number + 1, len(self) - 1))

    def _made(self, number: int) -> int:
        """Frames of the result that are made of the first `number` of the source."""
        return self.timing.result(self.source.before(number)).frames if number else 0


def result_times(job: Job, source: Times) -> ResultTimes:
    """Of a job, of whose steps one at most changes times."""
    return ResultTimes(
        source, next((stage.timing for stage in job.stages if stage.timing != SOURCE_TIMES), SOURCE_TIMES)
    )


def source_times(job: Job, *, on_frame: Callable[[Frame], None] = lambda _: None) -> Times:
    """When the frames of a job's source appear: by an index where that is sure, else the whole of it is decoded.

    Args:
        on_frame: called after each frame that is decoded.

    Raises:
        InputError, UsageError: as a Reader does.
    """
    info = job.info
    if info.kind == "video" and info.deinterlacing.each == "none" and _is_sure(index := index_of(info)):
        return _indexed(job, index)
    if info.kind == "pictures":
        return _listed(job)
    reader = Reader(info, job.reading)
    found: list[Fraction] = []
    with closing(iter(reader)) as frames:
        for frame in frames:
            found.append(frame.pts)
            on_frame(frame)
    return _exact([*found, reader.end])


def _exact(moments: Sequence[Fraction], zero: Fraction = Fraction(0)) -> Times:
    parts = lcm(*{each.denominator for each in moments})
    return Times(np.array([int(each * parts) for each in moments], np.int64), Fraction(1, parts), zero)


def _is_sure(index: SourceIndex) -> bool:
    """Whether decoding gives just these frames, at just these times: none has that of another."""
    return index.frames is not None and bool((np.diff(index.shown) > 0).all())


def _listed(job: Job) -> Times:
    """Of pictures."""
    start, end = job.reading.start, job.reading.end
    inside = [
        shown
        for number, shown in enumerate(job.info.pictures)
        if start is None or (number if isinstance(start, int) else shown.pts) >= start
        if end is None or (number if isinstance(end, int) else shown.pts) < end
    ]
    zero = inside[0].pts if start and inside else Fraction(0)
    ends = [inside[-1].pts + inside[-1].duration] if inside else []
    return _exact([*(shown.pts for shown in inside), *ends] or [zero], zero)


def _indexed(job: Job, index: SourceIndex) -> Times:
    """As `Reader._place` chooses them; the end of the last is where the next begins, else one step later."""
    info, reading = job.info, job.reading
    ticks = index.shown
    first = first_frame(index, info, reading.start)
    stop = len(ticks) if reading.end is None else min(first_frame(index, info, reading.end), len(ticks))
    if stop <= first:
        return Times(np.zeros(1, np.int64), index.time_base, Fraction(0))
    step = int(ticks[stop - 1] - ticks[stop - 2]) if stop > 1 else max(1, round(1 / (info.rate * index.time_base)))
    end = int(ticks[stop]) if stop < len(ticks) else int(ticks[stop - 1]) + step
    zero = int(ticks[first]) * index.time_base if reading.start else info.start
    return Times(np.append(ticks[first:stop], end), index.time_base, zero)
