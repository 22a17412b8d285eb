"""Copies the packets of a source's other tracks into an output, in step with the pictures."""

from __future__ import annotations  # av's Packet is generic for type checkers only

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, cast

import av
from av.bitstream import BitStreamFilterContext
from av.container import InputContainer, OutputContainer
from av.format import Flags
from av.packet import Packet
from av.stream import Stream

from ..container import MATROSKA, MOV, has_flag
from ..time.timeline import Timeline
from .streams import Track, Trial, add_track

CERTAIN = 3
"""Packets in a row from beyond the end before a track counts as over: one alone may be stamped wrong."""
REFUSALS = (av.error.ArgumentError, av.error.InvalidDataError, av.error.PatchWelcomeError)
"""What FFmpeg says of a packet that a container cannot hold; of a full disk it says something else."""
NEAR, EARLY = Fraction(60), Fraction(30)
"""Seconds from which on a start is sought, and how much earlier: a stamp that is wrong and still believed moves those
behind it for 10 s at most (timeline.LEAP)."""
NOTICED = Fraction(1, 25)
"""Seconds by which sound may be early before a viewer minds."""


@dataclass(slots=True)
class _Out:
    """One copied track under way. Moments are seconds of the source, counted from what becomes 0 in the output."""

    track: Track
    stream: Stream
    rewrite: BitStreamFilterContext | None
    following: Fraction
    """When the next packet is decoded, if it does not say."""
    last: Fraction | None = None
    """When the one before is, of those that say."""
    beyond: int = 0
    """Packets in a row from after the end."""
    apart: int = 0
    """Ticks between packets that the muxer asks for: most refuse equal dts, but not of subtitles."""
    ticks: int | None = None
    """dts of the packet written before, in ticks of the output stream."""
    began: Fraction = Fraction(0)
    """When the first packet written begins, for sound."""
    repaired: int = 0
    refused: int = 0
    """Packets that the output's container did not take."""


class Copier:
    """Tracks of `source` on their way into `output`.

    Args:
        zero: the moment of the source's clock, in seconds, that becomes 0 in the output.
        length: seconds from there on after which nothing is copied; None: no limit.
        stretch: seconds of the output for each of the source: for subtitles and chapters, whose packets hold no time.
        trimmed: whether packets from before `zero` stay behind.
    """

    def __init__(
        self,
        output: OutputContainer,
        source: InputContainer,
        tracks: tuple[Track, ...],
        *,
        zero: Fraction = Fraction(0),
        length: Fraction | None = None,
        stretch: Fraction = Fraction(1),
        trimmed: bool = False,
    ) -> None:
        self._output, self._source = output, source
        self._zero, self._length, self._stretch, self._trimmed = zero, length, stretch, trimmed
        first = -zero if trimmed else Fraction(0)
        strict = not has_flag(output, Flags.ts_nonstrict)
        self._outs = {
            t.index: _Out(
                t, *add_track(output, source.streams[t.index], t), first, apart=int(strict and t.kind == "audio")
            )
            for t in tracks
        }
        self._flowing = {t.index for t in tracks if not t.attached and t.kind != "attachment"}
        flowing = [source.streams[index] for index in sorted(self._flowing)]
        self._timeline = Timeline(source, *flowing, seeked=trimmed and self._seek(flowing))
        self._trials = {
            t.index: Trial(source.streams[t.index], t, output.format.name) for t in tracks if t.index in self._flowing
        }
        self._packets = self._outgoing() if self._flowing else iter(())
        self._next: tuple[Fraction, list[Packet[Any]]] = (Fraction(0), [])
        self._broken: list[str] = []

    @property
    def warnings(self) -> list[str]:
        """One line on every track that was repaired or lost something, and on a source that breaks off."""
        outs = self._outs.values()
        muxer = self._output.format.name
        refused = [
            f"{out.track.name}: damaged packets, which {muxer} does not take, are left out: {out.refused}"
            for out in outs
            if out.refused
        ]
        repairs = [f"{out.track.name}: {out.repaired} time stamps repaired" for out in outs if out.repaired]
        early = [
            f"{out.track.name} comes {float(out.began):.2f} s too early: avi cannot say that it begins later"
            for out in outs
            if muxer == "avi" and out.began > NOTICED
        ]
        twice = [
            f"{self._outs[index].track.name}: left out, where joined parts have sound at the same time: {count} packets"
            for index, count in self._timeline.overlapping.items()
            if index in self._outs
        ]
        return [*repairs, *twice, *refused, *early, *self._broken]

    def _seek(self, flowing: Sequence[Stream]) -> bool:
        """Whether reading begins near `zero`: where times are written down, and no subtitle can still be showing."""
        if self._zero < NEAR or self._source.format.name not in (MOV, MATROSKA):
            return False
        if not flowing or any(stream.type != "audio" for stream in flowing):
            return False
        assert flowing[0].time_base is not None
        try:
            self._source.seek(int((self._zero - EARLY) / flowing[0].time_base), stream=flowing[0])
        except av.error.FFmpegError:
            self._source.seek(0)
            return False
        return True

    def copy_chapters(self) -> None:
        """Carry the chapters over; to be called before the first packet."""
        chapters = []
        for chapter in self._source.chapters():
            base = chapter["time_base"]
            if base is None:
                continue
            start, end = (chapter[key] * base - self._zero for key in ("start", "end"))
            if end <= 0 or (self._length is not None and start >= self._length):
                continue
            end = end if self._length is None else min(end, self._length)
            first, last = (round(moment * self._stretch / base) for moment in (max(start, Fraction(0)), end))
            chapters.append(chapter | {"start": first, "end": last})
        self._output.set_chapters(chapters)

    def until(self, time: Fraction | None) -> None:
        """Write the packets from before `time` on the output's clock; None: all that are left."""
        while time is None or self._next[0] < time:
            self._output.mux(self._next[1])
            self._next = next(self._packets, (Fraction(0), []))
            if not self._next[1]:
                self._packets = iter(())
                return

    def close(self) -> None:
        """Be done with it, whether or not all was written."""
        for trial in self._trials.values():
            trial.close()

    def finish(self, end: Fraction | None) -> None:
        """Write what is left, of every track as far as `end` on the output's clock; None: all."""
        if end is not None:
            length = end / self._stretch
            self._length = length if self._length is None else min(self._length, length)
            if self._next[0] >= end:
                self._next = (Fraction(0), [])
        self.until(None)

    def _outgoing(self) -> Iterator[tuple[Fraction, list[Packet[Any]]]]:
        """Each packet as it goes out, and its time."""
        packets = self._timeline.packets()
        while True:
            try:
                packet = next(packets, None)
            except av.error.FFmpegError as error:
                self._broken.append(f"the source's other tracks could not be read to their end: {error.strerror}")
                return
            if packet is None:
                return
            # The demuxer's end marks are empty; a missing dts alone says nothing (Matroska has none at first).
            if not packet.size:
                continue
            out = self._outs[packet.stream_index]
            if self._set_time(packet, out):
                assert packet.dts is not None and out.stream.time_base is not None
                time = packet.dts * out.stream.time_base
                if ready := self._storable(packet, out):
                    yield time, ready
            elif out.beyond and self._is_over():
                return

    def _set_time(self, packet: Packet[Any], out: _Out) -> bool:
        """Give a packet its time stamps on the output's clock; False: it is left out."""
        if out.track.kind == "cover":
            packet.pts = packet.dts = 0
            return True
        decoded, shown, is_repaired = _moments(packet, out, self._zero)
        if self._length is not None and shown >= self._length:
            out.beyond += 1
            return False
        duration = (packet.duration or 0) * packet.time_base
        out.beyond, out.following = 0, decoded + duration
        if packet.dts is not None or packet.pts is not None:
            out.last = decoded
        if shown < 0 and (shown + duration <= 0 if out.track.kind == "subtitle" else self._trimmed):
            return False
        out.repaired += is_repaired
        if out.ticks is None and out.track.kind == "audio":
            out.began = shown
        _place(packet, out, decoded * self._stretch, shown * self._stretch, self._stretch)
        return True

    def _storable(self, packet: Packet[Any], out: _Out) -> list[Packet[Any]]:
        """A packet as it goes out; none where the output would refuse it, which costs that packet, not the result."""
        try:
            packets = [packet] if out.rewrite is None else out.rewrite.filter(packet)
            for done in packets:
                done.time_base = cast(Fraction, out.stream.time_base)
                self._trials[out.track.index].take(done)
                done.stream = out.stream
        except REFUSALS:
            out.refused += 1
            return []
        return packets

    def _is_over(self) -> bool:
        """Whether nothing more can come of any sound: the rest of a long film need not be read."""
        sounds = [out for out in self._outs.values() if out.track.kind == "audio"]
        return bool(sounds) and all(out.beyond >= CERTAIN for out in sounds)


def _moments(packet: Packet[Any], out: _Out, zero: Fraction) -> tuple[Fraction, Fraction, bool]:
    """When a packet is decoded and shown, and whether that had to be repaired: it was missing or ran back."""
    stamps = [None if stamp is None else stamp * packet.time_base - zero for stamp in (packet.dts, packet.pts)]
    dts, pts = stamps[0] if stamps[0] is not None else stamps[1], stamps[1]
    is_repaired = dts is None or (out.last is not None and dts < out.last)
    if dts is None or is_repaired:
        dts = out.following
        pts = None if pts is None else max(pts, dts)
    return dts, dts if pts is None else pts, is_repaired


def _place(packet: Packet[Any], out: _Out, dts: Fraction, pts: Fraction, stretch: Fraction) -> None:
    """Time stamps on the output's clock, in order. `dts`, `pts`: seconds there."""
    tick = out.stream.time_base
    assert tick is not None
    packet.dts, packet.pts = round(dts / tick), round(pts / tick)
    packet.duration = round((packet.duration or 0) * packet.time_base * stretch / tick)
    if packet.dts < 0 and out.track.kind == "subtitle":
        # Already showing when the result begins; kept before 0 it would delay everything else.
        packet.dts, packet.pts, packet.duration = 0, 0, packet.duration + packet.dts
    if out.ticks is not None:
        # Short packets share a tick of a coarse clock. Where a muxer refuses that, a tick is shorter than any packet;
        # else each packet would be later by a little more than the one before.
        packet.dts = max(packet.dts, out.ticks + out.apart)
        if out.track.kind == "audio" and not packet.duration:
            # Matroska and NUT often say none; MP4 then ends before the last packet, which players leave out.
            packet.duration = packet.dts - out.ticks
    packet.pts = max(packet.pts, packet.dts)
    out.ticks = packet.dts
