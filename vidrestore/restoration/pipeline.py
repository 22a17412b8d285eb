"""restore(): source -> stages -> target, and its Report. Streams are generators, pulled from the encoder's end."""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from itertools import islice
from time import perf_counter
from typing import TypeVar

from ..base.prefetch import prefetch
from ..engine.transfer import download, wait_for_copies
from ..errors import VidrestoreError
from ..frame.frame import Frame
from ..frame.in_flight import InFlight
from ..scenes.detect import mark_cuts
from ..video.encode.packing import to_codes
from ..video.reader import Reader
from ..video.resume.unfinished import claim
from ..video.writer import UNKNOWN, Writer, cuts_there, when_over
from .interpolation.timing import Span
from .job import Job
from .report import Report, report_of
from .resume.run import skips, source_skip
from .resume.unseen import count_unseen
from .stage import Loaded, Skip, Stage

T = TypeVar("T")


@dataclass(slots=True)
class Clock:
    """Busy seconds by name."""

    seconds: dict[str, float] = field(default_factory=dict)

    def time(self, name: str, items: Iterable[T]) -> Generator[T, None, None]:
        """The same items; the time inside of them counts, upstream included where it runs in one thread."""
        iterator = iter(items)
        self.seconds.setdefault(name, 0.0)
        try:
            while True:
                before = perf_counter()
                try:
                    item = next(iterator)
                except StopIteration:
                    return
                finally:
                    self.seconds[name] += perf_counter() - before
                yield item
        finally:
            if close := getattr(iterator, "close", None):
                close()


def restore(job: Job, *, on_frame: Callable[[Frame], None] = lambda _: None, measure: bool = False) -> Report:
    """Run a job: decode, every stage, encode, each beside the others; the result appears whole or not at all.

    Args:
        on_frame: called in this thread after each written frame.
        measure: the report is to tell each frame's blur, and the bytes of the pictures in flight.

    Raises:
        VidrestoreError: whatever ended the run; nothing is left under the target's name.
    """
    with claim(job.target.path, job.run) if job.resume else nullcontext():
        return run(job, on_frame, measure=measure)


def run(
    job: Job,
    on_frame: Callable[[Frame], None] = lambda _: None,
    *,
    measure: bool = False,
    over: Callable[[int], Fraction | None] | None = None,
) -> Report:
    """As `restore`, where the folder of a job to be resumed is claimed already.

    Args:
        over: when a frame of the result is over that was made before, by number from 0; None: as the target tells.
    """
    began = perf_counter()
    clock, flying = Clock(), InFlight()
    stages = [stage.load(measure=measure) for stage in job.stages]
    before, over = job.done, over or partial(when_over, job.target)
    known_cuts = cuts_there(job.target) if job.resume else 0
    cuts = known_cuts or 0
    spared = skips(job.stages, before, over)
    unseen = count_unseen(job, source_skip(job.stages, spared, over))
    reader = Reader(job.info, job.reading, skip=unseen, tells_step=job.sees_step)
    source = clock.time("decode", reader)
    with closing(prefetch(flying.count_all(source) if measure else source)) as decoded:
        frames = through(decoded, job.stages, stages, spared, clock, unseen=unseen)
        made = download(frames, partial(to_codes, target=job.target))
        made = flying.count_all(made) if measure else made
        writing = Writer(job.target, job.info, reader, end=_end(job), before=before if job.resume else None)
        with closing(prefetch(made)) as ready, writing as writer:
            clock.seconds["encode"] = 0.0
            confidence = []
            for frame in wait_for_copies(ready):
                start = perf_counter()
                writer.write(frame)
                confidence.append(frame.confidence)
                clock.seconds["encode"] += perf_counter() - start
                cuts += frame.cut and (known_cuts is None or writer.written > before)
                on_frame(frame)
            taken = Span(reader.given, reader.begin, reader.end)
            if writer.written != (expected := job.result(taken).frames):
                raise VidrestoreError(
                    f"{reader.given} frames were read, {expected} must come of them, {writer.written} did: a bug"
                )
    return report_of(
        job.info,
        job.target,
        reader,
        taken=taken,
        written=writer.written,
        duration=writer.duration,
        seconds=perf_counter() - began,
        stages=own_time(clock.seconds, job.stages),
        cuts=cuts,
        model=job.model,
        facts=[stage.facts for stage in stages],
        confidence=confidence,
        resumed=before,
        bytes_in_flight=flying.most,
        source_quality=job.source_quality,
        notes=job.notes,
        warnings=writer.warnings,
    )


def through(
    frames: Iterable[Frame],
    stages: Sequence[Stage],
    loaded: Sequence[Loaded],
    spared: Sequence[Skip],
    clock: Clock,
    *,
    unseen: int = 0,
) -> Generator[Frame, None, None]:
    """What the stages make of frames, each without what it is spared; `unseen` of the first have no picture."""
    made = clock.time("waiting", frames)
    # Shots are found once, in the source, and not in what a stage makes of it, which may lie on a GPU.
    marked: Iterator[Frame] = _marked(made, unseen) if any(stage.looks for stage in stages) else made
    for stage, work, skip in zip(stages, loaded, spared, strict=True):
        made = clock.time(stage.name, work.run(marked, skip))
        marked = made
    return made


def _marked(frames: Iterator[Frame], unseen: int) -> Iterator[Frame]:
    yield from islice(frames, unseen)
    yield from mark_cuts(frames)


def _end(job: Job) -> Fraction | None:
    """Where the other tracks stop at the latest; they stop with the last frame where an end is asked for."""
    end = job.reading.end
    return UNKNOWN if isinstance(end, int) else end


def own_time(seconds: dict[str, float], stages: tuple[Stage, ...]) -> dict[str, float]:
    """Each stage's time without that of the stages it pulled from."""
    own, upstream = {"decode": seconds["decode"]}, seconds["waiting"]
    for stage in stages:
        own[stage.name] = seconds[stage.name] - upstream
        upstream = seconds[stage.name]
    return own | {"encode": seconds["encode"]}
