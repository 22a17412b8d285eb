"""Writer: frames in, one whole result out."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, islice
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from av.error import FFmpegError

from ..base.files import new_part
from ..base.stop import check, held
from ..errors import VidrestoreError, unwritable
from ..frame.frame import Frame
from .encode.mux import Mux
from .encode.target import Beside, Target
from .facts.info import VideoInfo
from .pictures.write import PictureFiles, pictures_there, sources_of
from .plan import plan
from .resume import swap, unfinished
from .resume.mux import ResumableMux
from .resume.pieces import lists_there, whole_pieces

__all__ = [
    "UNKNOWN",
    "HasOrigin",
    "Target",
    "Writer",
    "appearing",
    "cuts_there",
    "frames_kept",
    "frames_there",
    "plan",
    "times_there",
    "when_over",
]

UNKNOWN = Fraction(10**9)
"""Seconds: an end that only the frames will tell. Having one lets the other tracks stop with the last of them."""


class HasOrigin(Protocol):
    """A reader, as far as a writer looks at it, and not before its first frame has come."""

    @property
    def origin(self) -> Fraction:
        """Seconds on the source's own clock that are pts 0."""


Result = Mux | ResumableMux | PictureFiles
"""A result under way."""


def frames_there(target: Target) -> int:
    """Frames of a result that can be resumed which an earlier run has left."""
    if target.kind == "folder":
        return pictures_there(_growing(target), target.suffix)
    return sum(len(listed.frames) for _, listed in whole_pieces(_growing(target)))


def frames_kept(target: Target) -> int:
    """The same, and those after a gap, which only workers go on with."""
    if target.kind == "folder":
        return sum(path.suffix == target.suffix for path in _growing(target).glob("*"))
    return sum(len(listed.frames) for listed in lists_there(_growing(target)))


def cuts_there(target: Target) -> int | None:
    """How many of them begin a shot; None: that is not known, as of a folder."""
    if target.kind == "folder":
        return None
    return sum(listed.cuts for _, listed in whole_pieces(_growing(target)))


def times_there(target: Target) -> Iterator[tuple[int, int]]:
    """When each of them begins and how long it lasts, in ticks; of a folder nothing is known."""
    if target.kind == "folder":
        return iter(())
    return chain.from_iterable(listed.frames for _, listed in whole_pieces(_growing(target)))


def when_over(target: Target, number: int) -> Fraction | None:
    """When frame `number`, from 0, of those that an earlier run has left is over; None: that is not known.

    Of a folder it is not, whose times are written in the end, nor to the tick where times are rounded.
    """
    if target.kind == "folder" or target.rounds:
        return None
    found = next(islice(times_there(target), number, None), None)
    return None if found is None else sum(found) * target.time_base


def _growing(target: Target) -> Path:
    folder = unfinished.folder_of(target.path)
    return folder / swap.NEW if target.kind == "folder" else folder


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a part of a source begins on its clock, for the writer of that part."""

    origin: Fraction


class Writer:
    """Writes frames to `target` and copies the source's other tracks beside them.

    A context manager. The result grows under NAME.part.EXT (`new_part`), a folder in NAME.part, and gets its name
    when it is whole; on any exception it is deleted, and whatever had the target's name before is untouched. Where it
    can be resumed it grows in the folder NAME.part, which stays on an exception once something in it is whole.
    No stop comes any more once it has its name (stop.py).

    written   frames taken
    warnings  what was repaired on the way, one line each
    """

    def __init__(
        self,
        target: Target,
        info: VideoInfo,
        source: HasOrigin | None = None,
        *,
        end: Fraction | None = None,
        before: int | None = None,
    ) -> None:
        """Nothing is opened before the first frame.

        Args:
            source: says by how much the other tracks move; None: as `info.start` says.
            end: the first moment no longer taken, in seconds from the start of the source, or UNKNOWN; the other
                tracks then stop with the last frame. None: they come whole.
            before: frames that an interrupted run has left, to go on with in its folder, which is claimed
                (video/resume/unfinished.py); None: the run cannot be resumed.

        """
        self._target, self._info, self._source, self._end = target, info, source, end
        self._before = before
        self._claim = ExitStack()
        self._part: Path | None = None
        self._result: Result | None = None
        self._whole = False
        self.written = 0
        self.warnings: list[str] = []

    def __enter__(self) -> Self:
        return self

    def write(self, frame: Frame, *, index: int | None = None, scene: int | None = None) -> None:
        """Encode one frame; it must begin later than the frame before.

        Args:
            index, scene: what a folder's frames.csv says of it: its number in the source and that of its scene, from 1.

        Raises:
            UsageError: the name that a folder grows under is taken.
            ResourceError: the disk is full.
            VidrestoreError: size or time do not fit the target, or the encoder failed.
        """
        try:
            if self._result is None:
                self._result = self._begin()
            if isinstance(self._result, PictureFiles):
                self._result.add(frame, index=index, scene=scene)
            else:
                self._result.add(frame)
        except (FFmpegError, OSError) as error:
            raise _said(self._target.path, error) from error
        self.written += 1

    @property
    def duration(self) -> Fraction:
        """Seconds from the first frame to the end of the last."""
        return Fraction(0) if self._result is None else self._result.duration

    def _begin(self) -> Result:
        info, end = self._info, self._end
        with held():
            self._part = self._place()
        check()
        origin = info.start if self._source is None else self._source.origin
        begins = origin - info.start
        if self._target.kind != "video":
            offset = info.source_offset + begins
            return PictureFiles(
                self._part, self._target, source_offset=offset, sources=sources_of(info), before=self._before
            )
        length = None if end is None else end - begins
        own = Beside(
            info.path,
            origin,
            trimmed=begins != 0,
            length=length,
            follow_references=info.follow_references,
            stream_index=info.stream_index,
        )
        beside = self._target.beside or own
        if self._before is None:
            return Mux(self._part, self._target, beside)
        return ResumableMux(self._part, self._target, beside, before=self._before)

    def _place(self) -> Path:
        """What the result grows in, this run's alone."""
        if self._before is not None:
            return _growing(self._target)
        if self._target.kind == "folder":
            return self._claim.enter_context(unfinished.claim(self._target.path, unfinished.NOT_KEPT)) / swap.NEW
        return new_part(self._target.path)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._finish()
        finally:
            if not self._whole:
                self._abandon()
            self._claim.close()

    def _finish(self) -> None:
        if self._result is None:
            raise VidrestoreError(f"{self._target.path} was not written: there was not one frame")
        with _saying(self._target.path):
            self._result.finish()
            check()
            with held():
                self._result.give_name(self._target.path)
                self._whole = True
        self.warnings += self._result.warnings

    def _abandon(self) -> None:
        if self._result is not None:
            self._result.abandon()
        elif self._part is not None and self._part.is_file():
            self._part.unlink()


@contextmanager
def appearing(
    folder: Path, *, outdated: Callable[[Path], Iterable[str]], overwrite: bool, shared: bool = False
) -> Iterator[Path]:
    """A new folder to write in, whose content becomes that of `folder` in the end, beside what is there of others.

    All of it, or `folder` is untouched; whatever is left is deleted.

    Args:
        outdated: which files of `folder` go, told the new folder; those of the same names do anyway.
        shared: without `overwrite`, too, there may be files in `folder`, but none of those.

    Raises:
        UsageError: the name it grows under is taken, or something came to `folder` that would go.
        ResourceError: the disk is full.
        VidrestoreError: it could not be made or moved.
    """
    with unfinished.claim(folder, unfinished.NOT_KEPT) as part:
        new = part / swap.NEW
        with _saying(folder):
            new.mkdir()
        yield new
        check()
        with _saying(folder), held():
            swap.swap_in(part, folder, outdated=outdated(new), overwrite=overwrite, shared=shared)


@contextmanager
def _saying(path: Path) -> Iterator[None]:
    """Errors of FFmpeg and the system as one line about `path`."""
    try:
        yield
    except (FFmpegError, OSError) as error:
        raise _said(path, error) from error


def _said(path: Path, error: FFmpegError | OSError) -> VidrestoreError:
    return unwritable(path, error.errno, error.strerror or str(error), error.filename)
