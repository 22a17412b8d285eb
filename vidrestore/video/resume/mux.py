"""ResumableMux: one video file under way, of which an interruption costs a few seconds at most."""

from array import array
from contextlib import suppress
from fractions import Fraction
from itertools import islice
from pathlib import Path

from ...base.files import new_part, to_disk
from ...base.stop import check, held
from ...errors import UsageError, VidrestoreError
from ...frame.frame import Frame
from ..encode.mux import Mux
from ..encode.target import Beside, Target
from ..time.packet_clock import decoding_times
from . import unfinished
from .pieces import Piece, PieceThere, PieceUnderWay, whole_pieces


class ResumableMux:
    """Encodes frames piece by piece into `folder`, where an earlier run may have left some; muxes them in the end.

    To a Writer the same as Mux, but that `abandon` leaves the pieces that are whole.

    Args:
        folder: claimed (video/resume/unfinished.py).
        beside: as for Mux.
        before: frames that are there; those that come for them may have any picture.

    Raises:
        FFmpegError, OSError: whatever goes wrong with the files or the encoder.
        VidrestoreError: somebody else has changed the folder.
    """

    def __init__(self, folder: Path, target: Target, beside: Beside, *, before: int) -> None:
        self._folder, self._target, self._beside = folder, target, beside
        there = [len(listed.frames) for _, listed in whole_pieces(folder)]
        self._there = len(there)
        if sum(there) != before:
            raise self._changed()
        self._ended = self._frames = 0
        self._piece: PieceThere | PieceUnderWay | None = None
        self._first = self._last = (0, 0)
        self._file: Path | None = None
        self._mux: Mux | None = None

    @property
    def duration(self) -> Fraction:
        """Seconds from the first frame to the end of the last."""
        return (sum(self._last) - self._first[0]) * self._target.time_base

    @property
    def warnings(self) -> list[str]:
        return [] if self._mux is None else self._mux.warnings

    def add(self, frame: Frame) -> None:
        """Encode a frame; of one that an earlier run had, only the time counts."""
        begins = self._piece is None and not self._ended
        if self._piece is None:
            self._piece = self._next(after=None if begins else self._last[0])
        self._piece.add(frame)
        self._frames += 1
        self._last = self._piece.last
        self._first = self._last if begins else self._first
        if self._piece.full:
            self._end_piece()

    def _next(self, *, after: int | None) -> PieceThere | PieceUnderWay:
        piece = Piece(self._folder, self._ended + 1)
        if piece.number <= self._there:
            if (listed := piece.read_list()) is None:
                raise self._changed()
            return PieceThere(piece, listed.frames, self._target, after=after)
        piece.delete()
        return PieceUnderWay(piece, self._target, after=after)

    def _end_piece(self) -> None:
        if self._piece is not None:
            self._piece.finish()
            self._piece = None
            self._ended += 1

    def finish(self) -> None:
        """Make one file of the pieces, with the other tracks."""
        self._end_piece()
        if self._ended < self._there:
            raise UsageError(f"{self._folder} holds more frames than there are; remove it to begin anew")
        shown, packets = array("q"), array("q")  # lists of all pieces would grow too large
        for _, listed in islice(whole_pieces(self._folder), self._ended):
            shown.extend(pts for pts, _ in listed.frames)
            packets.extend(pts for _, pts, _ in listed.packets)
        if len(shown) != self._frames:
            raise self._changed()
        with held():
            self._file = new_part(self._target.path)
        check()
        self._mux = Mux(self._file, self._target, self._beside)
        dts = decoding_times(shown, packets)
        for piece, listed in islice(whole_pieces(self._folder), self._ended):
            self._mux.add_encoded(listed.frames, piece.read(listed, dts))
        self._mux.finish()

    def give_name(self, path: Path) -> None:
        """The finished file's final name; once it is on the disk, the pieces go."""
        assert self._mux is not None and self._file is not None
        to_disk(self._file)
        self._mux.give_name(path)
        to_disk(path.absolute().parent)
        unfinished.clear(self._folder)

    def abandon(self) -> None:
        """Close everything; what is not whole goes."""
        if self._piece is not None:
            self._piece.abandon()
        if self._mux is not None:
            self._mux.abandon()
        if self._file is not None:
            with suppress(OSError):
                self._file.unlink(missing_ok=True)
        if not (self._there or self._ended):
            unfinished.clear(self._folder)

    def _changed(self) -> VidrestoreError:
        return VidrestoreError(f"{self._folder} was changed by somebody else; give the same command again")
