"""restore(): source -> stages -> target, and its Report. Streams are generators, pulled from the encoder's end."""

import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from itertools import islice
from typing import TypeVar

from ..base.prefetch import prefetch
from ..engine import Ran
from ..engine.transfer import arrived, download
from ..errors import VidrestoreError
from ..frame.frame import Frame
from ..frame.in_flight import InFlight, peak_memory
from ..scenes.detect import mark_cuts
from ..video.encode.packing import rounded
from ..video.facts.frame_count import expected_frames
from ..video.reader import Reader
from ..video.resume.unfinished import claimed
from ..video.writer import UNKNOWN, Writer, frames_there, when_over
from .interpolation.timing import Span
from .job import Job, Stage
from .report import Blur, Report
from .skip import skips

T = TypeVar("T")


@dataclass(slots=True)
class _Clock:
    """Busy seconds by name. `spent` counts time inside an iterator, upstream included where it runs in one thread."""

    seconds: dict[str, float] = field(default_factory=dict)

    def spent(self, name: str, items: Iterable[T]) -> Generator[T, None, None]:
        iterator = iter(items)
        self.seconds.setdefault(name, 0.0)
        try:
            while True:
                before = time.perf_counter()
                try:
                    item = next(iterator)
                except StopIteration:
                    return
                finally:
                    self.seconds[name] += time.perf_counter() - before
                yield item
        finally:
            if close := getattr(iterator, "close", None):
                close()


def done_before(job: Job) -> int:
    """Frames of the result that an interrupted run has left."""
    return frames_there(job.target) if job.resume else 0


def restore(job: Job, *, on_frame: Callable[[Frame], None] = lambda _: None) -> Report:
    """Run a job: decode, every stage, encode, each beside the others; the result appears whole or not at all.

    `on_frame` is called in this thread after each written frame.

    Raises:
        VidrestoreError: whatever ended the run; nothing is left under the target's name.
    """
    with claimed(job.target.path, job.run) if job.resume else nullcontext():
        return _restored(job, on_frame)


def _restored(job: Job, on_frame: Callable[[Frame], None]) -> Report:
    began = time.perf_counter()
    clock, ran, flying = _Clock(), Ran(), InFlight()
    reader = Reader(job.info, job.reading)
    before = done_before(job)
    spared = skips(job.stages, before, partial(when_over, job.target))
    functions = [stage.start(ran, skip) for stage, skip in zip(job.stages, spared, strict=True)]
    cuts, taken = 0, Span(0, Fraction(0), Fraction(0))

    def source() -> Iterator[Frame]:
        nonlocal taken
        for frame in clock.spent("decode", reader):
            end = frame.pts + frame.duration
            taken = Span(taken.frames + 1, taken.start if taken.frames else frame.pts, end)
            yield flying.watched(frame)

    with closing(prefetch(source())) as decoded:
        frames: Generator[Frame, None, None] = clock.spent("waiting", _marked(decoded, job.stages))
        for stage, function in zip(job.stages, functions, strict=True):
            frames = clock.spent(stage.name, function(frames))
        writing = Writer(job.target, job.info, reader, end=_end(job), before=before if job.resume else None)
        frames = flying.watching(download(frames, partial(rounded, target=job.target)))
        with closing(prefetch(frames)) as ready, writing as writer:
            clock.seconds["encode"] = 0.0
            for frame in arrived(ready):
                start = time.perf_counter()
                writer.write(frame)
                clock.seconds["encode"] += time.perf_counter() - start
                cuts += frame.cut
                on_frame(frame)
            if writer.written != (expected := job.result(taken).frames):
                raise VidrestoreError(
                    f"{reader.given} frames were read, {expected} must come of them, {writer.written} did: a bug"
                )
    seconds = time.perf_counter() - began
    return Report(
        input=str(job.info.path),
        output=str(job.target.path),
        model=job.model,
        engine=ran.engine,
        device=ran.device,
        precision=ran.precision,
        frames_in=reader.decoded,
        frames_out=writer.written,
        width=job.target.width,
        height=job.target.height,
        duration_in=float(taken.end - taken.start),
        duration_out=float(writer.duration),
        seconds=seconds,
        fps=(writer.written - before) / seconds,
        stages=_own_time(clock.seconds, job.stages),
        cuts=cuts,
        tile=ran.tile,
        damaged=reader.damaged,
        repaired=reader.repaired,
        truncated=reader.truncated,
        codec=job.target.codec,
        peak_memory=peak_memory(),
        bytes_in_flight=flying.most,
        resumed=before,
        blur=Blur.of(ran.blur, ran.untouched),
        warnings=[*job.notes, *ran.notes, *ran.counted, *_over(ran.over), *reader.warnings, *writer.warnings],
    )


def _marked(frames: Iterator[Frame], stages: tuple[Stage, ...]) -> Iterator[Frame]:
    """Where several stages follow, shots are found once, in the source, and not in what one of them makes of it."""
    return mark_cuts(frames) if len(stages) > 1 and any(stage.looks for stage in stages) else frames


def _over(amount: int) -> list[str]:
    if not amount:
        return []
    way_out = "an encoder's own frames are not planned for: a faster --preset holds fewer, or give a smaller --tile"
    return [f"memory rose to {-(-amount >> 20)} MiB above --max-memory; {way_out}"]


def _end(job: Job) -> Fraction | None:
    """Where the other tracks stop at the latest; they stop with the last frame where an end is asked for."""
    end = job.reading.end
    return UNKNOWN if isinstance(end, int) else end


def _own_time(seconds: dict[str, float], stages: tuple[Stage, ...]) -> dict[str, float]:
    """Each stage's time without that of the stages it pulled from."""
    own, upstream = {"decode": seconds["decode"]}, seconds["waiting"]
    for stage in stages:
        own[stage.name] = seconds[stage.name] - upstream
        upstream = seconds[stage.name]
    return own | {"encode": seconds["encode"]}


TRIAL_FRAMES, TRIAL_SHARE, TRIAL_SECONDS = 8, 20, 5.0
"""A trial takes so many frames of the source at most, one of so many, and little longer than so many seconds."""


def estimate(job: Job) -> tuple[float, Ran]:
    """Seconds per written frame of decoding and the networks, from a short trial that writes nothing, and how it ran.

    Compiling is not counted, and neither is encoding, which runs beside the networks.
    """
    ran = Ran()
    functions = [stage.start(ran) for stage in job.stages]
    there = expected_frames(job.info, job.reading) or TRIAL_FRAMES * TRIAL_SHARE
    began = time.perf_counter()
    with closing(iter(Reader(job.info, job.reading))) as stream:
        head = list(islice(stream, max(2, min(TRIAL_FRAMES, there // TRIAL_SHARE))))
    decoding = time.perf_counter() - began
    restored = _marked(iter(head), job.stages)
    for function in functions:
        restored = function(restored)
    made, seconds = _tried(restored, ran)
    end = head[-1].pts + head[-1].duration
    return decoding / job.result(Span(len(head), head[0].pts, end)).frames + seconds / made, ran


def _tried(frames: Iterable[Frame], ran: Ran) -> tuple[int, float]:
    """Frames made of a trial, and the seconds that networks took for them."""
    began, made, seconds = time.perf_counter(), 0, 0.0
    for _ in frames:
        if made and ran.seconds > seconds and time.perf_counter() - began > TRIAL_SECONDS:
            break  # another batch has been computed, of which this is the first frame
        made, seconds = made + 1, ran.seconds
    return made, seconds
