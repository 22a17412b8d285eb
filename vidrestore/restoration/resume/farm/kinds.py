"""Pieces of a video and of a folder of pictures: a worker makes them, the driver puts them where --resume looks."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ....base.files import write_whole
from ....video.encode.target import Target
from ....video.resume import pieces
from ....video.resume.pieces import Piece, PieceUnderWay
from ....video.resume.swap import NEW
from ..times import result_times
from .plan import Made, Plan

if TYPE_CHECKING:
    from ....frame.frame import Frame
    from ....video.pictures.write import PictureFiles

MOST = 256 << 20
"""Bytes of the pictures in a piece, which is sent whole."""


class UnderWay(Protocol):
    """A piece that is being made."""

    def add(self, frame: Frame) -> None:
        """Encode one frame more."""

    def finish(self) -> None:
        """It is whole."""

    def abandon(self) -> None:
        """It is not wanted."""


class Pieces(Protocol):
    """The pieces of a plan in a folder."""

    def begin(self, number: int) -> UnderWay:
        """Make one, from 1."""

    def read(self, number: int) -> tuple[bytes, bytes]:
        """What there is to send of one that is whole: its list, and its data."""

    def frames_there(self, number: int) -> int:
        """Frames in one; 0: it is not whole."""

    def keep(self, made: Made) -> None:
        """Put one there. OSError: there is no room."""


def frames_of_a_piece(target: Target) -> int:
    """How many frames of a result a piece has."""
    if target.kind == "video":
        return pieces.FRAMES
    bytes_of_a_picture = 3 * target.width * target.height * (target.pictures.depth or 8) // 8
    return max(1, min(pieces.FRAMES, MOST // bytes_of_a_picture))


def pieces_of(plan: Plan, folder: Path) -> Pieces:
    """Those of a plan, in the folder that its result grows in, or in one of a worker."""
    return VideoPieces(plan, folder) if plan.job.target.kind == "video" else PicturePieces(plan, folder / NEW)


@dataclass(frozen=True, slots=True)
class VideoPieces:
    """Packets, and the list that says what they are."""

    plan: Plan
    folder: Path

    def begin(self, number: int) -> PieceUnderWay:
        """See Pieces."""
        return PieceUnderWay(Piece(self.folder, number), self.plan.job.target, after=None)

    def read(self, number: int) -> tuple[bytes, bytes]:
        """See Pieces."""
        piece = Piece(self.folder, number)
        return piece.index.read_bytes(), piece.data.read_bytes()

    def frames_there(self, number: int) -> int:
        """See Pieces."""
        listed = Piece(self.folder, number).read_list()
        return len(listed.frames) if listed else 0

    def keep(self, made: Made) -> None:
        """See Pieces. The list comes last: with it the piece counts."""
        piece = Piece(self.folder, made.number)
        piece.delete()
        write_whole(piece.data, made.data, overwrite=True)
        write_whole(piece.index, made.index, overwrite=True)


@dataclass(frozen=True, slots=True)
class PicturePieces:
    """Pictures one after the other, and how many bytes each has."""

    plan: Plan
    folder: Path

    def begin(self, number: int) -> PictureFiles:
        """See Pieces."""
        from ....video.pictures.write import PictureFiles, sources_of

        info, times = self.plan.job.info, self.plan.times
        offset = info.source_offset + times.zero if info.kind == "pictures" else info.source_offset
        before = (number - 1) * self.plan.frames
        return PictureFiles(
            self.folder, self.plan.job.target, source_offset=offset, sources=sources_of(info), first=before
        )

    def read(self, number: int) -> tuple[bytes, bytes]:
        """See Pieces."""
        found = [path.read_bytes() for path in self._paths(number) if path.exists()]
        return json.dumps([len(each) for each in found]).encode(), b"".join(found)

    def frames_there(self, number: int) -> int:
        """See Pieces."""
        paths = self._paths(number)
        return len(paths) if all(path.is_file() for path in paths) else 0

    def keep(self, made: Made) -> None:
        """See Pieces."""
        self.folder.mkdir(exist_ok=True)
        begins = 0
        for path, size in zip(self._paths(made.number), json.loads(made.index), strict=False):
            write_whole(path, made.data[begins : begins + size], overwrite=True)
            begins += size

    def _paths(self, number: int) -> list[Path]:
        from ....video.pictures.write import NAME

        frames, suffix = self.plan.frames, self.plan.job.target.suffix
        last = min(number * frames, len(result_times(self.plan.job, self.plan.times)))
        return [self.folder / NAME.format(n + 1, suffix) for n in range((number - 1) * frames, last)]
