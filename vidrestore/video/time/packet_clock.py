"""Durations and decode times of encoded packets, as muxers need them."""

from __future__ import annotations  # av's Packet is generic for type checkers only

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import chain, islice
from math import floor
from typing import Any

from av.packet import Packet


class PacketClock:
    """Carries durations in ticks from frames to packets, and keeps count of both.

    Some encoders lose the durations of frames (SVT-AV1). And MP4 takes the length of a track from the packet decoded
    last, which with B-frames is not the one shown last: 0.57 s for a clip of 1.17 s whose rate varies. So the last
    packet is held back until it is known to be that, and is decoded when it is shown if the length needs it.
    """

    def __init__(self, time_base: Fraction, *, stored: Fraction, mp4: bool) -> None:
        """`time_base`: seconds per tick of the frames; `stored`: of the container, which may count no finer."""
        self.frames = self.packets = self.alike = 0
        """`alike`: frames that get the time of the one before in the container."""
        self.start = self.last = self.end = 0
        """When the first and the last frame begin, and the last one ends."""
        self._mp4, self._scale = mp4, time_base / stored
        self._stored: int | None = None
        self._durations: dict[int, int] = {}
        self._held: Packet[Any] | None = None
        self._first_dts = 0

    def expect(self, pts: int, duration: int) -> None:
        """A frame goes into the encoder."""
        if not self.frames:
            self.start = pts
        self.last, self.end = pts, pts + duration
        self._durations[pts] = duration
        self.frames += 1
        stored = floor(pts * self._scale + Fraction(1, 2))
        self.alike += stored == self._stored
        self._stored = stored

    def correct(self, packets: list[Packet[Any]]) -> list[Packet[Any]]:
        """Packets come out of it: what can be muxed now, in order."""
        ready = []
        for packet in packets:
            assert packet.pts is not None
            if self.frames <= 2 or packet.dts is None:
                packet.dts = packet.pts  # x265 reads it from memory it never wrote when a clip is this short
            if not self.packets:
                self._first_dts = packet.dts
            self.packets += 1
            packet.duration = self._durations.pop(packet.pts, packet.duration)
            if self._held is not None:
                ready.append(self._held)
            self._held = packet
        return ready

    def last_packet(self) -> list[Packet[Any]]:
        """The packet that was held back."""
        packet, self._held = self._held, None
        if packet is None:
            return []
        assert packet.pts is not None and packet.dts is not None
        length = packet.dts + (packet.duration or 0) - self._first_dts
        if self._mp4 and length != self.end - self.start:
            packet.dts, packet.duration = packet.pts, self.end - packet.pts
        return [packet]


def decoding_times(shown: Sequence[int], packets: Sequence[int]) -> Iterator[int]:
    """When each packet is to be decoded, as if one encoder had made them all; pts in ticks.

    As x264 has it: packet n is decoded when frame n - delay is shown, the delay being the least that has every packet
    decoded before it is shown; before that, as much earlier.

    Args:
        shown: of the frames, in the order of showing.
        packets: of the packets, in the order of decoding.
    """
    delay = max(number - bisect_left(shown, pts) for number, pts in enumerate(packets))
    early = shown[delay] - shown[0]
    return chain((pts - early for pts in shown[:delay]), islice(shown, len(shown) - delay))
