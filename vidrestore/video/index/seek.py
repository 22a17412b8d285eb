"""Packets from the middle of a file on, known again by its index, with the time stamps that the index has."""

from __future__ import annotations  # av's Packet is generic for type checkers only

from collections.abc import Iterator
from itertools import chain
from typing import Any
from zlib import crc32

from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.stream import Discard
from av.video.stream import VideoStream

from ..container import demux
from .index import NONE, SUMMED, SourceIndex

PASSED_OVER = 20_000
"""Packets of the pictures that are read at most before the one looked for comes."""
EARLIER = (0, 1, 4, 16)
"""Starts before that one to which is gone where a container went too far."""


class AstrayError(Exception):
    """The packets are not those of the index; never shown to a user: decoding begins anew, at the beginning."""


def packets_from(
    container: InputContainer, stream: VideoStream, index: SourceIndex, number: int
) -> Iterator[Packet[Any]]:
    """The packets of the pictures, empty ones left out, from packet `number` of the index on.

    Other streams are discarded.

    Raises:
        AstrayError: that packet is not found, or what follows it is not what the index says.
        FFmpegError: what comes after this cannot be reached.
    """
    for other in container.streams:
        other.discard = Discard.default if other.index == stream.index else Discard.all
    first, rest = _find(container, stream, index, number)
    for packet in chain((first,), rest):
        if not _is(packet, index, number):
            raise AstrayError(f"packet {number} is another one")
        yield _restamp(packet, index, number)
        number += 1
    if number != len(index.packets.pts):
        raise AstrayError(f"there are only {number} packets")


def _find(
    container: InputContainer, stream: VideoStream, index: SourceIndex, number: int
) -> tuple[Packet[Any], Iterator[Packet[Any]]]:
    """That packet, and those after it."""
    starts = index.starts[index.starts <= number]
    for earlier in EARLIER:
        goal = int(starts[max(0, len(starts) - 1 - earlier)])
        try:
            _go(container, stream, index, goal)
        except FFmpegError:
            continue
        rest = (packet for packet in demux(container, stream) if packet.size)
        for _, packet in zip(range(PASSED_OVER), rest, strict=False):
            if _is(packet, index, number) and _is_there(packet, index, number):
                return packet, rest
            if packet.pts is not None and packet.pts > index.packets.raw[number] and not index.by_place:
                break
    raise AstrayError(f"packet {number} is not found")


def _go(container: InputContainer, stream: VideoStream, index: SourceIndex, number: int) -> None:
    """To packet `number` or somewhere before it."""
    packets = index.packets
    place = int(packets.place[number])
    if index.by_place and place != NONE:
        container.seek(place, unsupported_byte_offset=True)
        return
    times = [int(time) for time in (packets.raw[number], packets.dts[number]) if time != NONE]
    container.seek(min(times), stream=stream)


def _is(packet: Packet[Any], index: SourceIndex, number: int) -> bool:
    packets = index.packets
    return bool(
        number < len(packets.size)
        and packet.size == packets.size[number]
        and crc32(memoryview(packet)[:SUMMED]) == packets.sum[number]
    )


def _is_there(packet: Packet[Any], index: SourceIndex, number: int) -> bool:
    """Whether it lies there: others may have the same bytes."""
    if index.by_place and packet.pos == index.packets.place[number]:
        return True
    return bool(packet.pts == index.packets.raw[number])


def _restamp(packet: Packet[Any], index: SourceIndex, number: int) -> Packet[Any]:
    packets = index.packets
    pts, dts = int(packets.pts[number]), int(packets.dts[number])
    packet.pts, packet.dts = pts, None if dts == NONE else dts
    packet.duration = int(packets.duration[number])
    return packet
