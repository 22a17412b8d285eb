"""scan(): one pass over the packets of a file, without decoding, that makes its index."""

from __future__ import annotations  # av's Packet is generic for type checkers only

from array import array
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.format import Flags
from av.packet import Packet
from av.stream import Discard, Disposition, Stream
from av.video.stream import VideoStream

from ..container import AVI, MOV, MPEGTS, demux, has_flag, open_container, stream_at
from ..time.timeline import LEAP, Timeline
from .access import Look, Rule, rule_of
from .index import HIDDEN, HURT, LOST, NONE, START, SUMMED, Findings, Packets, SourceIndex

BY_PLACE = (MPEGTS, "mpeg")
"""Containers whose clock may jump, but in which any byte is a place to go on from."""

UNTIMED = "its pictures have no time stamps of their own"


def scan(path: Path, stream_index: int, *, follow_references: bool = False) -> SourceIndex:
    """The index of the pictures of a file.

    Raises:
        InputError, UsageError: as `open_container`.
    """
    with open_container(path, follow_references=follow_references) as container:
        rows = _Rows(container, stream_at(container, stream_index))
        rows.take_all()
        findings = Findings()
    if not rows.plain:
        with open_container(path, follow_references=follow_references) as container:
            findings = rows.correct(container, stream_at(container, stream_index))
    return rows.index(findings)


class _Rows:
    """What the packets of the pictures say, one row each.

    plain   `Timeline` would change no time stamp
    """

    def __init__(self, container: InputContainer, stream: VideoStream) -> None:
        context = stream.codec_context
        codec = context.codec.canonical_name
        assert stream.time_base is not None
        self._container, self._stream, self._base = container, stream, stream.time_base
        self._format = container.format.name
        rule = rule_of(codec, context.extradata or b"")
        self._rule: Rule = rule or _nowhere
        self._refusal = ""
        if rule is None:
            self._refusal = f"where decoding of {codec} may begin is not known"
        elif self._format == AVI:
            self._refusal = UNTIMED
        self._single = True
        self._new_headers = False
        self._tracks = _Plain(container, stream)
        columns = ("raw", "pts", "dts", "duration", "size", "sum", "place", "flags")
        self._columns = {name: array("q") for name in columns}
        self._ends = (Fraction(0), Fraction(0))

    @property
    def plain(self) -> bool:
        return self._tracks.plain

    def take_all(self) -> None:
        """Read the file to its end, or to where it is known that it says nothing."""
        for packet in self._packets():
            if self._refusal:
                return
            if not packet.size:
                continue
            self._tracks.see(packet)
            if packet.stream_index == self._stream.index:
                self._take(packet)
        self._ends = self._tracks.ends

    def _packets(self) -> Iterator[Packet[Any]]:
        needed = set(self._tracks.needed)
        for stream in self._container.streams:
            stream.discard = Discard.default if stream.index in needed else Discard.all
        packets = demux(self._container, *(s for s in self._container.streams if s.index in needed))
        while True:
            try:
                packet = next(packets, None)
            except FFmpegError:  # nothing after this can be reached
                return
            if packet is None:
                return
            yield packet

    def _take(self, packet: Packet[Any]) -> None:
        content, columns = memoryview(packet), self._columns
        lost = packet.is_corrupt and self._format != MPEGTS
        number = len(columns["raw"])
        look = self._rule(content, packet.is_keyframe)
        self._single &= look.single
        self._new_headers |= bool(number) and self._format != MOV and packet.has_sidedata("new_extradata")
        pts = NONE if packet.pts is None else packet.pts
        if packet.pts is None:
            self._refusal = UNTIMED
        columns["raw"].append(pts)
        columns["pts"].append(pts)
        columns["dts"].append(NONE if packet.dts is None else packet.dts)
        columns["duration"].append(packet.duration or 0)
        columns["size"].append(packet.size)
        columns["sum"].append(crc32(content[:SUMMED]))
        columns["place"].append(NONE if packet.pos is None or packet.pos < 0 else packet.pos)
        start = look.start and not lost and not self._new_headers
        columns["flags"].append(HIDDEN * packet.is_discard | LOST * lost | HURT * (not look.whole) | START * start)

    def correct(self, container: InputContainer, stream: VideoStream) -> Findings:
        """Time stamps as `Timeline` gives them, in a second pass."""
        others = [other for other in container.streams if other.type in ("audio", "subtitle")]
        timeline = Timeline(container, stream, *others)
        number, pictures, everything = 0, Fraction(0), Fraction(0)
        packets = timeline.packets()
        while True:
            try:
                packet = next(packets, None)
            except FFmpegError:
                break
            if packet is None:
                break
            if not packet.size:
                continue
            ours = packet.stream_index == stream.index
            if packet.pts is not None:
                end = (packet.pts + (packet.duration or 0)) * packet.time_base
                pictures, everything = max(end, pictures) if ours else pictures, max(end, everything)
            if ours and number < len(self._columns["raw"]):
                self._columns["pts"][number] = NONE if packet.pts is None else packet.pts
                self._columns["dts"][number] = NONE if packet.dts is None else packet.dts
                self._columns["duration"][number] = packet.duration or 0
                number += 1
        self._ends = pictures, everything
        return Findings(timeline.joins, timeline.gaps, timeline.impossible)

    def index(self, findings: Findings) -> SourceIndex:
        packets = Packets(**{name: np.frombuffer(column, np.int64) for name, column in self._columns.items()})
        by_place = self._format in BY_PLACE
        return SourceIndex(
            packets,
            self._base,
            self._ends,
            findings,
            by_place=by_place,
            single=self._single,
            refusal=self._judge(packets, findings, by_place=by_place),
        )

    def _judge(self, packets: Packets, findings: Findings, *, by_place: bool) -> str:
        if self._refusal or not len(packets.pts) or (packets.pts == NONE).any():
            return self._refusal or UNTIMED
        if findings.joins and not by_place:
            return "it is made of joined recordings"
        return ""


def _nowhere(content: memoryview, key: bool) -> Look:
    return Look()


class _Plain:
    """Watches whether all time stamps are such that `Timeline` leaves them as they are, as nearly all files' are.

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
