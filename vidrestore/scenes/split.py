"""split(): cuts a source exactly at its scenes into clips with their sound."""

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

from ..base.prefetch import prefetch
from ..errors import UsageError
from ..frame.frame import Frame
from ..video.encode.cut import PacketCutter
from ..video.pictures.earlier import earlier
from ..video.reader import Reader
from ..video.writer import UNKNOWN, Origin, Writer, appearing
from .assign import Placed, by_list, by_scene, collect_scenes
from .list import Scene
from .split_job import Job, clip_name, clips_there

Place = Callable[[Iterable[Frame]], Iterator[Placed]]
"""Tells which scene each frame lies in: `by_cuts` behind a detector, or `by_list`."""


@dataclass(frozen=True, slots=True)
class Clip:
    """One scene as it was met in the source."""

    number: int
    """Of the scene, counted from 1."""
    scene: Scene
    path: Path | None
    copied: bool
    """Its packets are the source's own."""


@dataclass(slots=True)
class Result:
    """What a run found and did."""

    clips: list[Clip] = field(default_factory=list)
    frames: int = 0
    """Frames decoded while the scenes were found."""
    start: Fraction = Fraction(0)
    """When the first appears, in seconds."""
    end: Fraction = Fraction(0)
    """When the last is over."""
    seconds: float = 0
    damaged: int = 0
    repaired: int = 0
    truncated: bool = False
    """The input ends before its own header says."""
    warnings: list[str] = field(default_factory=list)


def split(job: Job, place: Place, *, on_frame: Callable[[Frame], None] = lambda _: None) -> Result:
    """Find the scenes and write their clips, which appear together when all are whole, or not at all.

    A clip begins with its scene's first frame at time 0, and its other tracks with it. It is encoded, or copied where
    the job says so and the packets allow it; a warning names each that had to be encoded.

    Raises:
        VidrestoreError: whatever ended the run; nothing is left of the clips.
    """
    began = time.perf_counter()
    result, scenes = Result(warnings=list(job.target.notes if job.target else ())), dict[int, Scene]()
    copied: set[int] = set()
    with ExitStack() as stack:
        placed = stack.enter_context(closing(_placed(job, place, scenes, result)))
        reported = _reporting(placed, on_frame)
        if job.folder is None:
            deque(reported, maxlen=0)
        elif not job.copy:
            _encode(job, stack.enter_context(_appearing(job, job.folder)), reported, result.warnings)
        else:
            deque(reported, maxlen=0)
            part = stack.enter_context(_appearing(job, job.folder))
            copied = _copy(job, part, scenes, result.warnings)
            again = _again(job, [number for number in scenes if number not in copied], scenes)
            _encode(job, part, stack.enter_context(closing(again)), result.warnings)
        if not scenes:
            raise UsageError(f"{job.info.path} has none of the scenes: it ends with frame {result.frames}")
    result.clips = [
        Clip(number + 1, scene, job.folder and job.folder / clip_name(job.info, number), number in copied)
        for number, scene in scenes.items()
    ]
    if job.folder is not None:
        old = [path for path in clips_there(job.info, job.folder) if path not in {clip.path for clip in result.clips}]
        result.warnings += [f"{path} is of an earlier run" for path in old]
    result.seconds = time.perf_counter() - began
    return result


def _placed(job: Job, place: Place, scenes: dict[int, Scene], result: Result) -> Generator[Placed]:
    """One pass over the source; what it was like is in `result` afterwards."""
    reader = Reader(job.info, job.reading)
    with closing(prefetch(reader)) as decoded:
        yield from collect_scenes(place(_timed(decoded, result)), into=scenes)
    result.frames, result.damaged, result.repaired = reader.decoded, reader.damaged, reader.repaired
    result.truncated = reader.truncated
    result.warnings += [*job.info.warnings, *reader.warnings]


def _timed(frames: Iterable[Frame], result: Result) -> Iterator[Frame]:
    for number, frame in enumerate(frames):
        result.start = result.start if number else frame.pts
        result.end = frame.pts + frame.duration
        yield frame


def _again(job: Job, numbers: list[int], scenes: dict[int, Scene]) -> Generator[Placed]:
    """Another pass, over the scenes of these numbers only; where it is safe, what lies before them is not decoded."""
    if numbers:
        first = scenes[numbers[0]].first
        with closing(prefetch(Reader(job.info, first=first))) as decoded:
            for placed in by_list(decoded, [scenes[number] for number in numbers], first=first):
                yield placed._replace(scene=numbers[placed.scene])


def _reporting(placed: Iterable[Placed], on_frame: Callable[[Frame], None]) -> Iterator[Placed]:
    for each in placed:
        on_frame(each.frame)
        yield each


def _encode(job: Job, part: Path, placed: Iterable[Placed], warnings: list[str]) -> None:
    assert job.target is not None
    for number, zero, scene in by_scene(placed):
        target = replace(job.target, path=part / clip_name(job.info, number))
        with Writer(target, job.info, Origin(job.info.start + zero), end=UNKNOWN) as writer:
            for each in scene:
                writer.write(each.frame)
        warnings += [f"scene {number + 1}: {warning}" for warning in writer.warnings]


def _copy(job: Job, part: Path, scenes: dict[int, Scene], warnings: list[str]) -> set[int]:
    """Copies the scenes that can be; their numbers."""
    assert job.target is not None
    cutter, copied = PacketCutter(job.info, muxer=job.target.container), set[int]()
    for number, scene in scenes.items():
        if refusal := cutter.refusal(*scene.times, frames=scene.frames):
            warnings.append(f"scene {number + 1} is encoded, not copied: {refusal}")
            continue
        target = replace(job.target, path=part / clip_name(job.info, number))
        warnings += [f"scene {number + 1}: {text}" for text in cutter.copy(target, *scene.times)]
        copied.add(number)
    return copied


def _appearing(job: Job, folder: Path) -> AbstractContextManager[Path]:
    """Where the clips are written, to take the place of those of the same names in the end, and of their pictures."""

    def outdated(new: Path) -> Iterator[str]:
        for clip in new.iterdir():
            yield from (f"{clip.name}/{name}" for name in earlier(folder / clip.name))

    return appearing(folder, outdated=outdated, overwrite=job.overwrite, shared=True)
