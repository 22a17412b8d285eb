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
from av.packet import Packet
from av.stream import Discard
from av.video.stream import VideoStream

from ..container import AVI, MOV, MPEGTS, demux, open_container, stream_at
from ..time.timeline import Timeline
from .access import Look, Rule, rule_of
from .index import HIDDEN, HURT, LOST, NONE, START, SUMMED, Findings, Packets, SourceIndex
from .plain import Plain

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
        self._tracks = Plain(container, stream)
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
