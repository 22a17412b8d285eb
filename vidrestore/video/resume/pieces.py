"""Pieces: a picture stream encoded in parts that outlive an interrupted run, and are made one stream in the end.

Each piece has an encoder of its own, so it begins with a key frame and depends on no other. Its packets lie one after
the other in NUMBER.data; NUMBER.json, which lists them, appears when the piece is whole and on the disk.
"""

from __future__ import annotations  # av's Packet is generic for type checkers only

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import lru_cache
from hashlib import file_digest, sha256
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import Any

from av.error import FFmpegError
from av.packet import Packet

from ...base.files import write_whole
from ...base.schema import Count, Tick, read_json
from ...errors import UsageError, VidrestoreError
from ...frame.frame import Frame
from ..encode.encoder import Encoder, ticks
from ..encode.output import open_output
from ..encode.target import Target

FRAMES = 120
"""In a piece: a few seconds of video, and at most what an interrupted run loses."""
Times = list[tuple[Tick, Count]]
"""pts and duration of frames, in the order of showing, in ticks of the target's clock."""


@dataclass(frozen=True, slots=True)
class PieceList:
    """What the list of a piece says."""

    frames: Times
    packets: list[tuple[Count, Tick, bool]]
    """Bytes, pts in ticks, and whether it is a key frame, in the order of decoding."""
    sha256: str
    """Of all their bytes."""
    cuts: Count
    """Frames that begin a shot."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One that may be there; its list is read anew each time, since those of a long film would fill the memory."""

    folder: Path
    number: int
    """From 1."""

    @property
    def data(self) -> Path:
        return self.folder / f"{self.number:06}.data"

    @property
    def index(self) -> Path:
        return self.folder / f"{self.number:06}.json"

    def read_list(self) -> PieceList | None:
        """Its list; None: it is not whole."""
        try:
            listed = read_json(PieceList, self.index.read_bytes())
            found = self.data.stat()
            is_whole = listed.sha256 == _sum(self.data, found.st_size, found.st_mtime_ns)
        except (OSError, ValueError):
            return None
        shown = [pts for pts, _ in listed.frames]
        is_whole &= bool(shown) and shown == sorted(set(shown)) == sorted(pts for _, pts, _ in listed.packets)
        is_whole &= found.st_size == sum(size for size, _, _ in listed.packets)
        return listed if is_whole else None

    def read(self, listed: PieceList, dts: Iterator[int]) -> Iterator[Packet[Any]]:
        """Its packets, to be decoded at the next of these times. VidrestoreError: something has changed it."""
        with self.data.open("rb") as file:
            for size, pts, key in listed.packets:
                if len(content := file.read(size)) != size:
                    raise VidrestoreError(f"{self.data} was changed while it was read")
                packet: Packet[Any] = Packet(content)
                packet.pts, packet.dts, packet.is_keyframe = pts, next(dts), key
                yield packet

    def delete(self) -> None:
        """Where it is there, the list first: without it nothing counts."""
        self.index.unlink(missing_ok=True)
        self.data.unlink(missing_ok=True)


@lru_cache(maxsize=10_000)
def _sum(path: Path, size: int, changed: int) -> str:
    """sha256 of a file, computed once as long as it has this size and time of change."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def whole_pieces(folder: Path) -> Iterator[tuple[Piece, PieceList]]:
    """Those that are whole, up to the first that is not: what comes after it is made again with it."""
    for number in count(1):
        piece = Piece(folder, number)
        if (listed := piece.read_list()) is None:
            return
        yield piece, listed


def lists_there(folder: Path) -> Iterator[PieceList]:
    """Of all that are whole, those after a gap, too."""
    for path in sorted(folder.glob("[0-9]*.json")):
        if path.stem.isdecimal() and (listed := Piece(folder, int(path.stem)).read_list()) is not None:
            yield listed


class PieceThere:
    """One that an earlier run made: of its frames only the times count, which must be the same.

    last   when the last frame begins and how long it lasts, in ticks
    full   whether it has all its frames
    """

    def __init__(self, piece: Piece, times: Times, target: Target, *, after: int | None) -> None:
        self._piece, self._times, self._target, self._after = piece, iter(times), target, after
        self._left = len(times)
        self.last = (0, 0)

    @property
    def full(self) -> bool:
        return not self._left

    def add(self, frame: Frame) -> None:
        """Compare one. UsageError: it comes at another time."""
        self.last = ticks(frame.pts, frame.duration, self._target, after=self._after)
        if self.last != next(self._times):
            raise UsageError(f"{self._piece.folder} holds frames of other times; remove it to begin anew")
        self._after, self._left = self.last[0], self._left - 1

    def finish(self) -> None:
        """UsageError: it has more frames than came."""
        if self._left:
            raise UsageError(f"{self._piece.folder} holds more frames than there are; remove it to begin anew")

    def abandon(self) -> None:
        """It stays."""


class PieceUnderWay:
    """Encodes the frames of a piece; `last` and `full` as of PieceThere.

    Args:
        after: the tick at which the frame before it begins.

    Raises:
        FFmpegError, OSError: the encoder failed, or nothing can be written there.
    """

    def __init__(self, piece: Piece, target: Target, *, after: int | None) -> None:
        self._piece = piece
        self._file = piece.data.open("wb")
        # Into memory goes a header alone, so that the encoder is set up as for the file in the end.
        self._output = open_output(target, BytesIO())
        self._output.start_encoding()
        self._encoder = Encoder(target, self._output.streams.video[0], after=after)
        self._frames: Times = []
        self._cuts = 0
        self._packets: list[tuple[int, int, bool]] = []
        self._sum = sha256()

    @property
    def last(self) -> tuple[int, int]:
        return self._encoder.last

    @property
    def full(self) -> bool:
        return len(self._frames) == FRAMES

    def add(self, frame: Frame) -> None:
        """Encode one; raises as `Encoder.encode` does, too."""
        packets = self._encoder.encode(frame)
        self._frames.append(self._encoder.last)
        self._cuts += frame.cut
        self._store(packets)

    def finish(self) -> None:
        """Flush the encoder; the piece is whole, and said to be once it is on the disk."""
        self._store(self._encoder.flush())
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._output.close()
        listed = PieceList(self._frames, self._packets, self._sum.hexdigest(), self._cuts)
        write_whole(self._piece.index, json.dumps(asdict(listed)).encode(), overwrite=True)

    def abandon(self) -> None:
        """Close and delete it."""
        with suppress(OSError):  # closing writes what is buffered, which on a full disk fails once more
            self._file.close()
        with suppress(FFmpegError):
            self._output.close()
        self._piece.delete()

    def _store(self, packets: list[Packet[Any]]) -> None:
        for packet in packets:
            assert packet.pts is not None
            content = bytes(packet)
            self._file.write(content)
            self._sum.update(content)
            self._packets.append((packet.size, packet.pts, packet.is_keyframe))
