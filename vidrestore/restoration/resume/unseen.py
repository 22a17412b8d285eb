"""Which frames of a source a run that goes on need not decode: their times are known, their pictures not needed."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from itertools import islice, pairwise

from ...scenes.detect import shows_something
from ...video.encode.encoder import ticks
from ...video.index.begin import first_frame, is_near
from ...video.index.index import SourceIndex
from ...video.index.store import index_of
from ...video.reader import Reader
from ...video.writer import times_there
from ..interpolation.timing import SOURCE_TIMES, Gap, Timing
from ..job import Job
from ..stage import NOTHING, Skip

SEEN = 60
"""Frames decoded before those that are needed, where cuts are looked for: a detector must have seen some pictures."""
Shown = tuple[Fraction, Fraction]
"""When a frame appears and how long it lasts, in seconds."""


def count_unseen(job: Job, skip: Skip) -> int:
    """So many of the first frames that a Reader of the job gives need not be decoded; 0 where that is not sure.

    Sure it is where an index knows all their times, and what was made of them before agrees with these.

    Args:
        skip: what the source need not give.
    """
    info, margin = job.info, SEEN if any(stage.looks for stage in job.stages) else 0
    if skip == NOTHING or job.target.kind != "video" or info.kind != "video" or info.deinterlacing.each != "none":
        return 0
    if is_near(job.done / job.target.rate) or (index := index_of(info)).frames is None:
        return 0
    shown = list(_shown(job, index))
    ended = sum(begins + lasts <= skip.until for begins, lasts in shown) if skip.until is not None else 0
    count = min(max(skip.count, ended), len(shown)) - margin - skip.before_gap
    first = first_frame(index, info, job.reading.start)
    if count <= 0 or index.entry_at(first + count, rate=info.rate) is None:
        return 0
    if margin and not _is_drawn(job, first + count):
        return 0
    return count if _agrees(job, shown) else 0


def _shown(job: Job, index: SourceIndex) -> Iterator[Shown]:
    """The frames of the source from its start on, all but the last, as a Reader gives them."""
    times = islice(index.times(), first_frame(index, job.info, job.reading.start), None)
    zero: Fraction | None = None
    for begins, ends in pairwise(times):
        if zero is None:
            zero = begins if job.reading.start else job.info.start
        yield begins - zero, ends - begins


def _agrees(job: Job, shown: Sequence[Shown]) -> bool:
    """Whether frames of these times were made into those that are there."""
    made: Iterator[Shown] = iter(shown)
    for stage in job.stages:
        if stage.timing != SOURCE_TIMES:
            made = _retimed(made, stage.timing)
    after: int | None = None
    count = 0
    for (begins, lasts), known in zip(made, times_there(job.target), strict=False):
        if lasts <= 0 or ticks(begins, lasts, job.target, after=after) != known:
            return False
        after, count = known[0], count + 1
    return count == job.done


def _retimed(shown: Iterator[Shown], timing: Timing) -> Iterator[Shown]:
    """What becomes of frames, all but the last."""
    begun = (begins for gap in _gaps(shown) for _, begins in timing.instants(gap))
    return ((one, other - one) for one, other in pairwise(begun))


def _gaps(shown: Iterator[Shown]) -> Iterator[Gap]:
    origin: Fraction | None = None
    for number, (begins, lasts) in enumerate(shown):
        origin = begins if origin is None else origin
        yield Gap(number, begins, lasts, origin)


def _is_drawn(job: Job, first: int) -> bool:
    """Whether one of the frames that a detector sees before those that count shows something.

    Then nothing before matters to it: a fade has ended there, or has not begun.
    """
    window = replace(job.reading, start=first, end=first + SEEN)
    with closing(iter(Reader(job.info, window))) as frames:
        return any(shows_something(frame.picture) for frame in frames)
