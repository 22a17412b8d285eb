"""What is to be extracted from a source and where it goes, checked before anything heavy is loaded."""

from dataclasses import dataclass
from pathlib import Path

from ...base.settings import Picking, Pictures, Reading
from ...errors import UsageError
from ...scenes.list import Scene
from ...video.encode.target import Target
from ...video.facts.frame_count import expected_frames
from ...video.facts.info import VideoInfo
from ...video.facts.probe import probe
from ...video.filters.interlacing import as_read
from ...video.pictures.earlier import SCENE
from ...video.pictures.plan import plan_pictures


@dataclass(frozen=True, slots=True)
class Job:
    """A source and where its pictures go: checked, and nothing done yet."""

    info: VideoInfo
    reading: Reading
    picking: Picking
    target: Target
    scenes: tuple[Scene, ...] | None = None
    """A folder for each of these; None: one for all, and cuts are looked for."""
    by_time: bool = False
    """Go by the scenes' times, not by their frame numbers."""

    @property
    def frames(self) -> int | None:
        """Frames that will be read, as far as the container tells; None where only decoding does."""
        there = expected_frames(self.info, self.reading)
        if self.scenes is None or there is None or self.by_time:
            return there
        return max(0, min(there, self.scenes[-1].last + 1) - self.first)

    @property
    def first(self) -> int:
        """The first frame that is read, from 0: those before the first scene are not, where their numbers suffice."""
        return 0 if self.scenes is None or self.by_time else self.scenes[0].first

    def folder_of(self, scene: int) -> Path:
        """Where the pictures of a scene go, which is counted from 0."""
        return self.target.path if self.scenes is None else self.target.path / SCENE.format(scene + 1)


def prepare(
    source: Path,
    folder: Path,
    *,
    reading: Reading,
    picking: Picking,
    pictures: Pictures,
    scenes: tuple[Scene, ...] | None = None,
    by_time: bool = False,
    overwrite: bool = False,
) -> Job:
    """Probe the source, and check the folder and what is asked for.

    Raises:
        InputError, UsageError: as `probe` and `plan_pictures` do; options that contradict one another.
    """
    if picking.every < 1 or (picking.rate is not None and picking.every != 1):
        raise UsageError(f"--every {picking.every}: give a number of at least 1, and no --rate beside it")
    if scenes is not None and (reading.start, reading.end) != (None, None):
        raise UsageError("--scenes says what is taken; leave out --start and --end")
    if scenes is None and by_time:
        raise UsageError("--by-time is about a list of scenes; give one with --scenes")
    info = as_read(probe(source, follow_references=reading.follow_references), reading)
    rate = picking.rate or info.rate
    target = Target(folder, "folder", info.width, info.height, rate, info.time_base, info.colour)
    target = plan_pictures(target, info, pictures, overwrite=overwrite)
    return Job(info, reading, picking, target, scenes, by_time)
