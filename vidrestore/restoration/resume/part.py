"""frames_from(): the frames of a job's result from some number on, the same as if all had been made."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice

from ...base.prefetch import prefetch
from ...engine.transfer import download, wait_for_copies
from ...errors import UsageError
from ...frame.frame import Frame
from ...scenes.detect import AHEAD, shows_something
from ...video.encode.packing import to_codes
from ...video.reader import Reader
from ..interpolation.timing import SOURCE_TIMES
from ..job import Job
from ..pipeline import Clock, through
from ..stage import Loaded, Skip, Stage
from .run import skips, source_skip
from .times import Times, result_times

BEFORE = 1
"""Frames of the source before those that are needed, so that the first of them is known to begin a shot or not."""
SEEN = (2 * AHEAD + 4, 256)
"""The same where cuts are looked for, and if these are the empty pictures of a fade: then what was before matters."""


class FadedError(Exception):
    """No frame that a detector has seen shows anything; never shown to a user: decoding begins earlier."""


@dataclass(frozen=True, slots=True)
class Begin:
    """Where a part of a result begins."""

    source: int
    """The first frame of the source that is decoded, from 0."""
    result: int
    """The first frame of the result that comes of it."""
    skips: tuple[Skip, ...]
    """What each stage need not make of what comes."""


def check_parts(stages: Sequence[Stage]) -> None:
    """UsageError: what these steps make cannot be made in parts."""
    if sum(stage.timing != SOURCE_TIMES for stage in stages) > 1:
        raise UsageError("more than one step changes the times of frames; run without --workers and --cluster")


def begin_at(job: Job, times: Times, first: int, margin: int) -> Begin:
    """Where to begin for the result's frames from `first` on, `margin` frames of the source before what is needed."""
    over = result_times(job, times).over
    spared = skips(job.stages, first, over)
    skip = source_skip(job.stages, spared, over) if job.stages else Skip(first)
    ended = 0 if skip.until is None else times.over_by(skip.until)
    source = max(0, min(max(skip.count, ended), len(times)) - margin - skip.before_gap)
    if not source:
        return Begin(0, 0, tuple(spared))
    found, gone = [], source
    for stage, spare in zip(job.stages, spared, strict=True):
        made = gone if stage.timing == SOURCE_TIMES else stage.timing.result(times.before(source)).frames
        found.append(replace(spare, count=max(0, spare.count - made), absent=gone, origin=times.at(0)))
        gone = made
    return Begin(source, gone, tuple(found))


def frames_from(
    job: Job, loaded: Sequence[Loaded], times: Times, first: int, clock: Clock
) -> Generator[Frame, None, None]:
    """The frames of the result from number `first`, counted from 0, on, ready to be encoded.

    Args:
        loaded: the job's stages; only one such generator at a time may use them.
        times: of the job's source.
        clock: gets the busy seconds.

    Raises:
        VidrestoreError: as a Reader and the stages do.
    """
    looks = any(stage.looks for stage in job.stages)
    for margin in (*SEEN, len(times)) if looks else (BEFORE,):
        begin = begin_at(job, times, first, margin)
        try:
            unsure = margin if looks and begin.source else 0
            yield from _frames_from(job, loaded, begin, clock, first=first, unsure=unsure)
        except FadedError:
            continue
        return


def _frames_from(
    job: Job, loaded: Sequence[Loaded], begin: Begin, clock: Clock, *, first: int, unsure: int
) -> Generator[Frame, None, None]:
    source = clock.time("decode", Reader(job.info, job.reading, first=begin.source, tells_step=job.sees_step))
    with closing(prefetch(source)) as decoded:
        seen = _not_faded(decoded, unsure) if unsure else decoded
        frames = through(seen, job.stages, loaded, begin.skips, clock)
        made = download(frames, partial(to_codes, target=job.target))
        with closing(prefetch(made)) as ready:
            yield from islice(wait_for_copies(ready), first - begin.result, None)


def _not_faded(frames: Iterable[Frame], unsure: int) -> Iterator[Frame]:
    """The same frames. FadedError: none of so many, which come before those that are needed, shows anything."""
    drawn = False
    for number, frame in enumerate(frames):
        drawn = drawn or shows_something(frame.picture)
        if number + 1 == unsure and not drawn:
            raise FadedError
        yield frame
