"""Pieces: a picture stream encoded in parts that outlive an interrupted run, and are made one stream in the end.

Each piece has an encoder of its own, so it begins with a key frame and depends on no other. Its packets lie one after
the other in NUMBER.data; NUMBER.json, which lists them, appears when the piece is whole.
"""

from __future__ import annotations  # av's Packet is generic for type checkers only

import json
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO

from av.error import FFmpegError
from av.packet import Packet

from ..errors import InputError
from ..files import write_whole
from ..frame import Frame
from .encoder import Encoder
from .output import open_output
from .target import Target

FRAMES = 120
"""In a piece: a few seconds of video, and at most what an interrupted run loses."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One that is whole. Times are in ticks of the target's clock."""

    data: Path
    frames: list[tuple[int, int]]
    """pts and duration of each, in the order of showing."""
    packets: list[tuple[int, int, bool]]
    """Bytes, pts, and whether it is a key frame, in the order of decoding."""

    def read(self, dts: Sequence[int]) -> Iterator[Packet[Any]]:
        """Its packets, to be decoded at these times."""
        with self.data.open("rb") as file:
            for (size, pts, key), when in zip(self.packets, dts, strict=True):
                packet: Packet[Any] = Packet(file.read(size))
                packet.pts, packet.dts, packet.is_keyframe = pts, when, key
                yield packet


def pieces(folder: Path) -> list[Piece]:
    """Those that are whole, up to the first that is not.

    Raises:
        InputError: what lies there is no list of a piece.
    """
    found: list[Piece] = []
    for number in count(1):
        data, index = _paths(folder, number)
        if not index.is_file():
            return found
        try:
            listed = json.loads(index.read_text(encoding="utf-8"))
            frames, packets = ([tuple(row) for row in listed[name]] for name in ("frames", "packets"))
            whole = data.stat().st_size == sum(size for size, _, _ in packets) and len(frames) == len(packets)
        except (OSError, ValueError, KeyError, TypeError):
            whole = False
        if not whole:
            raise InputError(f"{index} and what it lists are damaged; remove {folder} and begin anew")
        found.append(Piece(data, frames, packets))
    raise AssertionError("unreachable")


def decoding_times(stream: Sequence[Piece]) -> Iterator[list[int]]:
    """When the packets of each are to be decoded, as if one encoder had made them all.

    As x264 has it: packet n is decoded when frame n - delay is shown, the delay being the least that has every packet
    decoded before it is shown; before that, as much earlier.
    """
    shown = sorted(pts for piece in stream for pts, _ in piece.frames)
    packets = [pts for piece in stream for _, pts, _ in piece.packets]
    delay = max(number - bisect_left(shown, pts) for number, pts in enumerate(packets))
    early = shown[delay] - shown[0]
    dts = iter([*(pts - early for pts in shown[:delay]), *shown])
    return ([next(dts) for _ in piece.packets] for piece in stream)


class PieceUnderWay:
    """Encodes the frames of piece `number` into `folder`.

    Args:
        after: the tick at which the frame before it begins.

    Raises:
        FFmpegError, OSError: the encoder failed, or nothing can be written there.
    """

    def __init__(self, folder: Path, number: int, target: Target, *, after: int | None) -> None:
        self._data, self._index = _paths(folder, number)
        self._file: BinaryIO = self._data.open("wb")
        # Into memory goes a header alone, so that the encoder is set up as for the file in the end.
        self._output = open_output(target, BytesIO())
        self._output.start_encoding()
        self._encoder = Encoder(target, self._output.streams.video[0], after=after)
        self.frames: list[tuple[int, int]] = []
        self._packets: list[tuple[int, int, bool]] = []

    def add(self, frame: Frame) -> None:
        """Encode one; raises as `Encoder.encode` does, too."""
        packets = self._encoder.encode(frame)
        self.frames.append(self._encoder.last)
        self._store(packets)

    def finish(self) -> Piece:
        """Flush the encoder; the piece is whole, and said to be."""
        self._store(self._encoder.flush())
        self._file.close()
        self._output.close()
        listed = {"frames": self.frames, "packets": self._packets}
        write_whole(self._index, json.dumps(listed).encode())
        return Piece(self._data, self.frames, self._packets)

    def abandon(self) -> None:
        """Close and delete it."""
        with suppress(OSError):  # closing writes what is buffered, which on a full disk fails once more
            self._file.close()
        with suppress(FFmpegError):
            self._output.close()
        self._data.unlink(missing_ok=True)

    def _store(self, packets: list[Packet[Any]]) -> None:
        for packet in packets:
            assert packet.pts is not None
            self._file.write(packet)
            self._packets.append((packet.size, packet.pts, packet.is_keyframe))


def _paths(folder: Path, number: int) -> tuple[Path, Path]:
    return folder / f"{number:06}.data", folder / f"{number:06}.json"
