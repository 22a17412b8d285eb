"""Whether the time stamps of a file are as they should be, as those of nearly all files are."""

from __future__ import annotations  # av's Packet is generic for type checkers only

from fractions import Fraction
from typing import Any

from av.container import InputContainer
from av.format import Flags
from av.packet import Packet
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from ..container import MOV, has_flag
from ..time.timeline import LEAP


class Plain:
    """Watches whether all time stamps are such that `Timeline`, which takes ten times as long, leaves them as they are.

    plain   whether they were so far
    needed  streams that must be read
    ends    where the packets end, of the pictures and of all
    """

    def __init__(self, container: InputContainer, stream: VideoStream) -> None:
        covers = {s.index for s in container.streams if s.disposition & Disposition.attached_pic}
        self._kinds = {s.index: s.type for s in container.streams if s.index not in covers}
        self._index = stream.index
        # Of MOV nothing but the pictures tells whether it is whole, and no other track moves them.
        alone = container.format.name == MOV
        self.needed = [s.index for s in container.streams if s.index == stream.index or (not alone and self._counts(s))]
        self.plain = True
        self._jumps = has_flag(container, Flags.ts_discont)
        self._leaps: dict[int, int] = {}
        self._last: dict[int, int] = {}
        self._seconds: dict[int, float] = {}
        self._latest: dict[int, tuple[int, Fraction]] = {}
        self._now: float | None = None

    def _counts(self, stream: Stream) -> bool:
        return self._kinds.get(stream.index) in ("video", "audio", "subtitle")

    @property
    def ends(self) -> tuple[Fraction, Fraction]:
        ends = {index: tick * base for index, (tick, base) in self._latest.items()}
        return ends.get(self._index, Fraction(0)), max(ends.values(), default=Fraction(0))

    def see(self, packet: Packet[Any]) -> None:
        index, pts, dts = packet.stream_index, packet.pts, packet.dts
        duration = packet.duration or 0
        if pts is not None and (index == self._index or self._kinds.get(index) in ("audio", "subtitle")):
            end = pts + duration
            known = self._latest.get(index)
            if known is None:
                self._latest[index] = max(0, end), packet.time_base
            elif end > known[0]:
                self._latest[index] = end, known[1]
        if not self.plain or self._kinds.get(index) not in ("video", "audio"):
            return
        decoded, shown = (pts if dts is None else dts), (dts if pts is None else pts)
        if decoded is None or shown is None:
            return  # Timeline does not touch it
        last = self._last.get(index)
        if last is None:
            self._leaps[index] = int(LEAP / packet.time_base) - 1
            self._seconds[index] = float(packet.time_base)
            moment = decoded * self._seconds[index]
            begun = 0.0 if self._now is None else self._now
            last = decoded
            self.plain = (self._now is None and self._jumps) or abs(moment - begun) < float(LEAP) - 0.1
        # Half of a leap forward, and half of one between decoding and showing, are none together.
        leap, half = self._leaps[index], self._leaps[index] // 2
        first = last if self._jumps else last - leap
        if not (first <= decoded <= last + half and -half < shown - decoded < leap and 0 <= duration < leap):
            self.plain = False
        self._last[index] = decoded
        end_seconds = (shown + duration) * self._seconds[index]
        if self._now is None or end_seconds > self._now:
            self._now = end_seconds
