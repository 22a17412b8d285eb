"""restore(): source -> stages -> target, and its Report. Streams are generators, pulled from the encoder's end."""

import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, nullcontext
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Protocol, TypeVar

from . import __version__
from .engine import Ran
from .engine.transfer import arrived, download
from .errors import UsageError, VidrestoreError
from .frame import Frame
from .in_flight import InFlight, peak_memory
from .prefetch import prefetch
from .report import Blur, Report
from .settings import Encoding, Reading
from .shots import mark_cuts
from .skipping import NOTHING, Skip, skips
from .timing import SOURCE_TIMES, Span, Timing
from .video.info import VideoInfo
from .video.packing import rounded
from .video.probe import probe
from .video.read import Reader, expected_frames
from .video.unfinished import check_same, claimed, source_state
from .video.write import UNKNOWN, Target, Writer, done_before, plan, when_over

T = TypeVar("T")


class Start(Protocol):
    """Loads what a stage needs; the function it returns turns frames into frames and fills in the Ran."""

    def __call__(self, ran: Ran, skip: Skip = NOTHING) -> Callable[[Iterable[Frame]], Iterator[Frame]]:
        """Of the frames to `skip` it hands on some picture, of any size, at the right time."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of a restoration, described before it is built: the target is planned and probed first."""

    name: str
    scale: int
    """Output height and width over input height and width."""
    start: Start
    model: str
    notes: tuple[str, ...] = ()
    """What the user should know about it, one line each."""
    timing: Timing = SOURCE_TIMES
    """How many frames it makes of how many, and when they appear."""
    stretches_sound: bool = False
    """Where its timing stretches time: sound and subtitles are stretched with it; else they are left out."""
    how: str = ""
    """All that its result depends on, in words: what must be the same where an interrupted run goes on."""
    reach: int | None = None
    """Frames that it looks back to, before the current one or before the gap it fills; None: there is no saying."""
    looks: bool = False
    """It wants to know where shots begin."""


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
        """What is being made, in words: the same for the run that goes on."""
        return {
            "input": source_state(self.info.path),
            "part": repr(self.reading),
            "steps": "; ".join(f"{stage.name} {stage.how}" for stage in self.stages),
            "encoding": repr(replace(self.target, path=Path(), tracks_from=None, notes=())),
            "version": __version__,
        }

    def done_before(self) -> int:
        """Frames of the result that an interrupted run has left."""
        return done_before(self.target) if self.resume else 0

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
        InputError, UsageError: as `probe` and `plan` do; there is nothing to resume in a single picture, or what an
            interrupted run left is of another job.
    """
    info = probe(source, rate=reading.rate, follow_references=reading.follow_references)
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
    job = Job(info, reading, stages, planned, resume)
    if resume and planned.kind == "picture":
        raise UsageError(f"{target} is one picture: there is nothing to resume; leave out --resume")
    if resume:
        check_same(target, job.run)
    return job


def _tracks_in_time(info: VideoInfo) -> str:
    """What a source has beside the pictures that keeps time with them."""
    kinds = {stream.kind for stream in info.streams}
    there = ("sound", "audio" in kinds), ("subtitles", "subtitle" in kinds), ("chapters", info.chapters > 0)
    return ", ".join(name for name, has in there if has)


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
    before = job.done_before()
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
                    f"{reader.decoded} frames were decoded, {expected} must come of them, {writer.written} did: a bug"
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


def estimate(job: Job, *, frames: int = 8) -> tuple[float, Ran]:
    """Seconds per written frame of decoding and the networks, from a short trial that writes nothing, and how it ran.

    Compiling is not counted, and neither is encoding, which runs beside the networks.
    """
    ran = Ran()
    functions = [stage.start(ran) for stage in job.stages]
    began = time.perf_counter()
    with closing(iter(Reader(job.info, job.reading))) as stream:
        head = list(islice(stream, frames))
    decoding = time.perf_counter() - began
    restored = _marked(iter(head), job.stages)
    for function in functions:
        restored = function(restored)
    made = sum(1 for _ in restored)
    return (decoding + ran.seconds) / made, ran
