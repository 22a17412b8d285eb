"""ResumableMux: one video file under way, of which an interruption costs a few seconds at most."""

from fractions import Fraction
from pathlib import Path

from ..errors import VidrestoreError
from ..files import part_of
from ..frame import Frame
from . import unfinished
from .encoder import ticks
from .mux import Mux
from .pieces import FRAMES, PieceUnderWay, decoding_times, pieces
from .target import Beside, Target


class ResumableMux:
    """Encodes frames piece by piece into `folder`, where an earlier run may have left some; muxes them in the end.

    To a Writer the same as Mux, but that `abandon` leaves the pieces that are whole.

    Args:
        beside: as for Mux.

    Raises:
        FFmpegError: as Mux. InputError: what an earlier run left is damaged.
    """

    def __init__(self, folder: Path, target: Target, beside: Beside) -> None:
        self._folder, self._target, self._beside = folder, target, beside
        self._pieces = pieces(folder)
        self._there = [times for piece in self._pieces for times in piece.frames]
        self._times: list[tuple[int, int]] = []
        self._piece: PieceUnderWay | None = None
        self._mux: Mux | None = None

    @property
    def duration(self) -> Fraction:
        """Seconds from the first frame to the end of the last."""
        (first, _), (last, lasts) = self._times[0], self._times[-1]
        return (last + lasts - first) * self._target.time_base

    @property
    def warnings(self) -> list[str]:
        return [] if self._mux is None else self._mux.warnings

    def add(self, frame: Frame) -> None:
        """Encode a frame; of one that an earlier run had, only the time counts."""
        after = self._times[-1][0] if self._times else None
        times = ticks(frame, self._target, after=after)
        if (number := len(self._times)) < len(self._there):
            if times != self._there[number]:
                raise VidrestoreError(f"{self._folder} holds frames of other times; remove it to begin anew")
        else:
            if self._piece is None:
                self._piece = PieceUnderWay(self._folder, len(self._pieces) + 1, self._target, after=after)
            self._piece.add(frame)
        self._times.append(times)
        if self._piece is not None and len(self._piece.frames) == FRAMES:
            self._end_piece()

    def _end_piece(self) -> None:
        if self._piece is not None:
            self._pieces.append(self._piece.finish())
            self._piece = None

    def finish(self) -> None:
        """Make one file of the pieces, with the other tracks."""
        self._end_piece()
        if len(self._times) < len(self._there):
            raise VidrestoreError(f"{self._folder} holds more frames than there are; remove it to begin anew")
        self._mux = Mux(part_of(self._target.path), self._target, self._beside)
        for piece, dts in zip(self._pieces, decoding_times(self._pieces), strict=True):
            self._mux.add_encoded(piece.frames, piece.read(dts))
        self._mux.finish()

    def give_name(self, path: Path) -> None:
        """The finished file's final name; the pieces go."""
        assert self._mux is not None
        self._mux.give_name(path)
        unfinished.end(self._folder)

    def abandon(self) -> None:
        """Close everything; what is not whole goes, and all of it where no piece is."""
        if self._piece is not None:
            self._piece.abandon()
        if self._mux is not None:
            self._mux.abandon()
        if not self._pieces:
            unfinished.end(self._folder)
