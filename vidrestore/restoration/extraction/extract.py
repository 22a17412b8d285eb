"""extract(): a source's frames as pictures, all of them or some, in one folder or in one for each scene."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from fractions import Fraction

from ...base.prefetch import prefetch
from ...base.settings import Picking
from ...errors import UsageError, VidrestoreError
from ...frame.frame import Frame
from ...scenes.assign import Placed, by_cuts, by_list, by_scene, collect_scenes, mismatches
from ...scenes.detect import mark_cuts
from ...scenes.list import Scene
from ...video.encode.target import Target
from ...video.pictures.earlier import SCENE, earlier
from ...video.reader import Reader
from ...video.writer import Origin, Writer, appearing
from ..interpolation.timing import Span
from ..report import Report, report_of
from .frame_choice import pick
from .job import Job


@dataclass(slots=True)
class _Tally:
    """What a run does, as it goes."""

    read: int = 0
    start: Fraction = Fraction(0)
    """When the first frame read appears, in seconds."""
    end: Fraction = Fraction(0)
    written: int = 0
    repeated: int = 0
    """Frames written that only repeat the one before."""
    duration: Fraction = Fraction(0)
    decoding: float = 0
    """Seconds that frames were waited for."""
    writing: float = 0
    scenes: dict[int, Scene] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def extract(job: Job, *, on_frame: Callable[[Frame], None] = lambda _: None) -> tuple[Report, dict[int, Scene]]:
    """Write the pictures, which appear together when all are whole, or not at all.

    A scene's times begin with 0 in its folder. `on_frame` is called in this thread after each frame read.

    Returns:
        The report, and the scenes met, by number from 0.

    Raises:
        VidrestoreError: whatever ended the run; nothing is left of the pictures.
    """
    began = time.perf_counter()
    reader, tally = Reader(job.info, job.reading, first=job.first), _Tally()
    with closing(prefetch(reader)) as decoded:
        frames = _count_frames(decoded, on_frame, tally)
        if job.scenes is None:
            placed = collect_scenes(by_cuts(mark_cuts(frames)), into=tally.scenes)
            _write(job, job.target, reader, pick(placed, job.picking), tally)
        else:
            listed = by_list(frames, job.scenes, by_time=job.by_time, first=job.first)
            _write_scenes(job, collect_scenes(listed, into=tally.scenes), reader, tally)
    report = report_of(
        job.info,
        job.target,
        reader,
        taken=Span(tally.read, tally.start, tally.end),
        written=tally.written,
        duration=tally.duration,
        seconds=time.perf_counter() - began,
        stages={"decode": tally.decoding, "encode": tally.writing},
        cuts=len(tally.scenes) - 1,
        notes=(*job.info.warnings, *job.target.notes),
        warnings=(*tally.warnings, *_repeats(tally)),
    )
    return report, tally.scenes


def _count_frames(frames: Iterable[Frame], on_frame: Callable[[Frame], None], tally: _Tally) -> Iterator[Frame]:
    for frame in frames:
        tally.start = tally.start if tally.read else frame.pts
        tally.read, tally.end = tally.read + 1, frame.pts + frame.duration
        yield frame
        on_frame(frame)


def _write_scenes(job: Job, placed: Iterable[Placed], reader: Reader, tally: _Tally) -> None:
    assert job.scenes is not None
    folder, overwrite = job.target.path, job.target.overwrite
    with appearing(folder, outdated=lambda _: earlier(folder), overwrite=overwrite) as part:
        for number, zero, scene in by_scene(placed):
            target = replace(job.target, path=part / SCENE.format(number + 1))
            _write(job, target, Origin(job.info.start + zero), pick(scene, job.picking), tally)
        if not tally.scenes:
            raise UsageError(f"{job.info.path} has none of the scenes: it ends with frame {reader.passed}")
    tally.warnings += mismatches(
        job.scenes, tally.scenes, frames=reader.passed, began=reader.opened, by_time=job.by_time
    )


def _write(job: Job, target: Target, source: Reader | Origin, placed: Iterable[Placed], tally: _Tally) -> None:
    last: int | None = None
    with Writer(target, job.info, source) as writer:
        before = time.perf_counter()
        for scene, number, frame in placed:
            ready = time.perf_counter()
            writer.write(frame, index=number + 1, scene=scene + 1)
            tally.decoding += ready - before
            before = time.perf_counter()
            tally.writing += before - ready
            tally.repeated += number == last
            last = number
        if isinstance(source, Reader) and job.picking == Picking() and writer.written != source.given:
            raise VidrestoreError(f"{source.given} frames were read but {writer.written} written: a bug")
    tally.written, tally.duration = tally.written + writer.written, tally.duration + writer.duration


def _repeats(tally: _Tally) -> Iterator[str]:
    if tally.repeated:
        yield f"{tally.repeated} pictures repeat the one before: the source has fewer frames there"
