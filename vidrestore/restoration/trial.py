"""estimate(): how long a job takes, from a short trial that writes nothing."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from time import perf_counter

from ..base.facts import Facts, together
from ..video.facts.frame_count import expected_frames
from ..video.reader import Reader
from .interpolation.timing import Span
from .job import Job
from .pipeline import Clock, through
from .stage import NOTHING

FRAMES, SHARE, SECONDS = 8, 20, 5.0
"""A trial takes so many frames of the source at most, one of so many, and little longer than so many seconds."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What a short trial tells of a run."""

    seconds_per_frame: float
    """Of decoding and the networks, for each frame of the result."""
    facts: Facts


def estimate(job: Job) -> Trial:
    """Try the first frames of a job.

    Loading is not counted, and neither is encoding, which runs beside the networks.
    """
    stages = [stage.load() for stage in job.stages]
    there = expected_frames(job.info, job.reading) or FRAMES * SHARE
    began = perf_counter()
    with closing(iter(Reader(job.info, job.reading, tells_step=job.sees_step))) as stream:
        head = list(islice(stream, max(2, min(FRAMES, there // SHARE))))
    decoding = perf_counter() - began
    deadline = perf_counter() + SECONDS
    with closing(through(head, job.stages, stages, [NOTHING] * len(stages), Clock())) as made:
        for _ in made:
            if perf_counter() > deadline:
                break
    facts = [stage.facts for stage in stages]
    span = Span(len(head), head[0].pts, head[-1].pts + head[-1].duration)
    return Trial(seconds_per_frame(job, span, decoding, facts), together(facts))


def seconds_per_frame(job: Job, span: Span, decoding: float, facts: Sequence[Facts]) -> float:
    """For each frame of the result: each stage's time for a frame of its own, times those that it makes for it.

    Args:
        span: frames of the source that were taken.
        decoding: seconds that they took.
        facts: of the stages, which may have made more frames than these.
    """
    frames = job.result(span).frames
    seconds = decoding / frames
    for stage, did in zip(job.stages, facts, strict=True):
        span = stage.timing.result(span)
        seconds += did.seconds / max(1, did.frames) * span.frames / frames
    return seconds
