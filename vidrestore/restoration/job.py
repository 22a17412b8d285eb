"""A job: a source, the steps that restore it and its target, checked before anything heavy is loaded."""

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from ..base.memory import check_fits
from ..base.settings import Encoding, Reading
from ..errors import UsageError
from ..video.encode.target import THREADS, Target
from ..video.facts.frame_count import expected_frames
from ..video.facts.info import VideoInfo
from ..video.facts.probe import probe
from ..video.facts.quality import SourceQuality
from ..video.filters.interlacing import as_read
from ..video.plan import plan
from ..video.resume.unfinished import check_same
from .interpolation.timing import SOURCE_TIMES, Span
from .resume.run import identity
from .stage import Stage


@dataclass(frozen=True, slots=True)
class Job:
    """A source, what is done to it, and where the result goes: checked, and nothing done yet."""

    info: VideoInfo
    reading: Reading
    stages: tuple[Stage, ...]
    target: Target
    resume: bool = False
    """Go on where an interrupted run stopped, and leave what is done to the next if this one is interrupted."""

    @property
    def run(self) -> dict[str, str]:
        """What is being made: the same for the run that goes on."""
        return identity(self.info, self.reading, self.stages, self.target)

    @property
    def done(self) -> int:
        """Frames of the result that an interrupted run has left."""
        from ..video.writer import frames_there  # torch

        return frames_there(self.target) if self.resume else 0

    @property
    def kept(self) -> int:
        """The same, and what workers have left after a gap."""
        from ..video.writer import frames_kept  # torch

        return frames_kept(self.target) if self.resume else 0

    @property
    def source_quality(self) -> SourceQuality | None:
        """What a stage was chosen by."""
        return next((stage.source_quality for stage in self.stages if stage.source_quality), None)

    @property
    def sees_step(self) -> bool:
        """Whether a stage wants the quantiser's step of each frame."""
        return any(stage.sees_step for stage in self.stages)

    @property
    def model(self) -> str:
        """The networks used, in order."""
        return "+".join(stage.model for stage in self.stages)

    @property
    def frames(self) -> int | None:
        """Frames the run will write, as far as the container tells; None where only decoding does."""
        decoded = expected_frames(self.info, self.reading)
        if decoded is None:
            return None
        return self.result(Span(decoded, Fraction(0), decoded / self.info.rate)).frames

    def result(self, source: Span) -> Span:
        """What must become of the frames taken from the source."""
        for stage in self.stages:
            source = stage.timing.result(source)
        return source

    @property
    def notes(self) -> list[str]:
        """What is known before the run and worth saying."""
        return [*self.info.warnings, *self.target.notes, *(note for stage in self.stages for note in stage.notes)]


LEAST = 6
"""Bytes that a pixel of a result takes at least: luma and quartered chroma in floating point; RGB takes twice that."""


def prepare(
    source: Path,
    target: Path,
    stages: tuple[Stage, ...],
    *,
    reading: Reading,
    encoding: Encoding,
    overwrite: bool = False,
    resume: bool = False,
) -> Job:
    """Probe the source and check the target, encoder included, before any network is loaded.

    Args:
        resume: see Job.

    Raises:
        ResourceError: not even one frame of the result fits into memory.
        InputError, UsageError: as `probe` and `plan` do; there is nothing to resume in a single picture, or what an
            interrupted run left is of another job.
    """
    info = as_read(probe(source, rate=reading.rate, follow_references=reading.follow_references), reading)
    scale, stretch, rate, tick = 1, Fraction(1), info.rate, info.time_base
    for stage in stages:
        scale, stretch = scale * stage.scale, stretch * stage.timing.stretch
        rate, tick = stage.timing.rate(rate), stage.timing.tick(tick)
    keep_sound = stretch == 1 or any(stage.stretches_sound for stage in stages)
    planned = plan(
        info,
        target,
        encoding,
        width=info.width * scale,
        height=info.height * scale,
        rate=rate,
        time_base=tick,
        overwrite=overwrite,
        keep_sound=keep_sound,
        stretch=stretch,
        resume=resume,
    )
    if not keep_sound and (silenced := _tracks_in_time(info)):
        note = f"{silenced} left out: the pictures are {float(stretch):g} times as slow; --audio stretch keeps them"
        planned = replace(planned, notes=(*planned.notes, note))
    if _keeps_rate(stages, info.rate):
        note = f"{rate} frames per second is the source's own rate: none come between, and the video is encoded again"
        planned = replace(planned, notes=(*planned.notes, note))
    size = planned.width, planned.height
    check_fits(LEAST * size[0] * size[1], "a frame of the result, {}x{} pixels,".format(*size))
    if resume:
        planned = replace(planned, threads=THREADS)
    job = Job(info, reading, stages, planned, resume)
    if resume and planned.kind == "picture":
        raise UsageError(f"{target} is one picture: there is nothing to resume; leave out --resume and --workers")
    if resume:
        check_same(target, job.run)
    return job


def _keeps_rate(stages: tuple[Stage, ...], rate: Fraction) -> bool:
    """Whether a rate is asked for that the source has already."""
    timings = [stage.timing for stage in stages if stage.timing != SOURCE_TIMES]
    return any(timing.stretch == 1 and timing.rate(rate) == rate for timing in timings)


def _tracks_in_time(info: VideoInfo) -> str:
    """What a source has beside the pictures that keeps time with them."""
    kinds = {stream.kind for stream in info.streams}
    there = ("sound", "audio" in kinds), ("subtitles", "subtitle" in kinds), ("chapters", info.chapters > 0)
    return ", ".join(name for name, has in there if has)
