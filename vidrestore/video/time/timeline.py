"""Time stamps of packets: joined recordings get one clock, and impossible stamps are taken away."""

from __future__ import annotations  # av's Packet is generic for type checkers only

from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from av.container import InputContainer
from av.error import FFmpegError
from av.format import Flags
from av.packet import Packet
from av.stream import Discard, Disposition, Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from ..container import MATROSKA, MOV, demux, has_flag, open_container, stream_at

LEAP = Fraction(10)
"""Seconds without anything of any track, after which a time stamp is doubted; FFmpeg's dts_delta_threshold."""
BACK = Fraction(1, 10)
"""Seconds by which a track's dts may run back inside one recording, as FFmpeg has it."""
OVERLAP = Fraction(1, 10)
"""Seconds by which sound may outlast the pictures of its part: then the next part begins where the pictures end."""
LEAST_BYTES = 1
"""Per second: a file does not last longer than its size allows."""
AHEAD, AHEAD_BYTES = 100, 2**26
"""Packets and bytes that are read ahead to see how a clock goes on."""
JUDGED = 9
"""Packets of a track that decide it."""
LEADING = 8
"""Packets among which the one shown first lies."""


class _Moments(NamedTuple):
    """Of one packet, in seconds."""

    decoded: Fraction
    shown: Fraction
    end: Fraction


@dataclass(slots=True)
class _Track:
    """One film or sound track under way; moments are seconds on the clock that all parts share."""

    part: int = 0
    last: Fraction | None = None
    """When its packet before was decoded."""
    end: Fraction = Fraction(0)
    """When what it has had so far is over."""
    seam: Fraction | None = None
    """Where its sound of the part before is over, while that of the new part may begin earlier."""


class Timeline:
    """The packets of some streams of a container, in the file's order, with one clock for all.

    Where a format allows jumps of its clock (MPEG-TS, MPEG-PS, Ogg), a jump back or by more than LEAP is a join: each
    track moves on to the next part when its own stamps jump, and a part has one offset for all tracks. Its pictures
    begin where those before end; sound that both parts have at the same time is left out of the second.
    A stamp that nothing confirms is taken away: one that the next packets do not go on from, or that lies beyond what
    the file's header, its size and its other tracks allow. Streams that are not asked for are discarded.

    joins        moments, in seconds, at which a new part begins
    gaps         of the pictures: moment and seconds of every leap that is believed
    impossible   packets of the pictures whose time stamps were taken away
    overlapping  by index of the stream, packets left out at joins
    """

    def __init__(self, container: InputContainer, *streams: Stream, seeked: bool = False) -> None:
        """`seeked`: the container does not stand at its beginning."""
        self._container = container
        self._discontinuous = has_flag(container, Flags.ts_discont)
        self._kinds = {s.index: s.type for s in container.streams if not s.disposition & Disposition.attached_pic}
        self._wanted = {stream.index for stream in streams}
        needed = set(self._wanted)
        if self._discontinuous:  # every reader of the file must find the same joins
            needed |= {index for index, kind in self._kinds.items() if kind in ("video", "audio")}
        for stream in container.streams:
            stream.discard = Discard.default if stream.index in needed else Discard.all
        self._anywhere = seeked or container.format.name not in (MOV, MATROSKA)
        self._first: Fraction | None = Fraction(0) if container.format.name in (MOV, MATROSKA) else None
        self._offsets = [Fraction(0)]
        self._tracks: dict[int, _Track] = {}
        self._now: Fraction | None = None
        """How far any track has come."""
        self._source = demux(container, *(s for s in container.streams if s.index in needed))
        self._ahead: deque[Packet[Any]] = deque()
        self._error: FFmpegError | None = None
        self.joins: list[Fraction] = []
        self.gaps: list[tuple[Fraction, Fraction]] = []
        self.impossible = 0
        self.overlapping: dict[int, int] = {}

    def packets(self) -> Iterator[Packet[Any]]:
        """All of the streams asked for, the empty ones at the end too.

        Raises:
            FFmpegError: what comes after this cannot be reached.
        """
        while True:
            if self._error is not None and not self._ahead:
                raise self._error
            packet = self._ahead.popleft() if self._ahead else next(self._source, None)
            if packet is None:
                return
            if self._correct(packet) and packet.stream_index in self._wanted:
                yield packet

    def _correct(self, packet: Packet[Any]) -> bool:
        """Set a packet's time stamps right; False: it is left out."""
        moments = _moments(packet)
        if moments is None or not packet.size:
            return True
        if self._kinds.get(packet.stream_index) not in ("video", "audio"):
            if self._first is not None and not self._is_possible(moments.decoded + self._offsets[-1]):
                packet.pts = packet.dts = None
            _move(packet, self._offsets[-1])
            return True
        track = self._tracks.get(packet.stream_index)
        if track is None:
            track = self._tracks[packet.stream_index] = _Track()
        part = self._part(packet, track, moments.decoded)
        if part is None:
            self.impossible += packet.stream_index in self._wanted and self._kinds[packet.stream_index] == "video"
            packet.pts = packet.dts = None
            track.end += moments.end - moments.shown
            if self._now is not None and track.last is not None:
                self._now = max(self._now, track.end)
            return True
        return self._accept(packet, track, part, moments)

    def _accept(self, packet: Packet[Any], track: _Track, part: int, moments: _Moments) -> bool:
        moved = _move(packet, self._offsets[part]) if self._offsets[part] else 0
        time, shown, end = (moment + moved for moment in moments)
        if abs(shown - time) > LEAP:
            packet.pts, shown, end = packet.dts, time, time + (end - shown)
        if end - shown > LEAP:
            end = self._judge_length(packet, shown, end)
        if part != track.part:
            track.part, track.seam = part, track.end if self._kinds[packet.stream_index] == "audio" else None
        if track.seam is not None:
            if (shown + end) / 2 < track.seam:
                self.overlapping[packet.stream_index] = self.overlapping.get(packet.stream_index, 0) + 1
                return False
            track.seam = None
        self._first = time if self._first is None else self._first
        track.last, track.end = time, max(track.end, end)
        self._now = track.end if self._now is None else max(self._now, track.end)
        return True

    def _judge_length(self, packet: Packet[Any], shown: Fraction, end: Fraction) -> Fraction:
        """The true end of a packet that lasts as long as a leap: MP4 has no other gaps."""
        if not (self._is_possible(end) and self._is_said(end)):
            packet.duration = 0
            return shown
        if self._kinds[packet.stream_index] == "video":
            self.gaps.append((shown, end - shown))
        return end

    def _part(self, packet: Packet[Any], track: _Track, time: Fraction) -> int | None:
        """The part that a packet belongs to, perhaps a new one; None: its time stamp is not believed."""
        parts = dict.fromkeys((track.part, len(self._offsets) - 1))
        fitting = [part for part in parts if self._follows(track, time + self._offsets[part])]
        if not fitting:
            return self._explain_leap(packet, track, time)
        if len(fitting) == 1:
            return fitting[0]
        near = [moment for moment in (None if track.last is None else track.end, self._now) if moment is not None]
        return min(fitting, key=lambda part: min((abs(time + self._offsets[part] - each) for each in near), default=0))

    def _follows(self, track: _Track, moment: Fraction) -> bool:
        """Whether a packet at this moment needs no explanation."""
        now = self._now
        if now is None:
            return self._discontinuous or abs(moment) <= LEAP
        if track.last is None:
            return abs(moment - now) <= LEAP
        earliest = track.last - (BACK if self._discontinuous else LEAP)
        return earliest <= moment <= max(track.end, now) + LEAP

    def _explain_leap(self, packet: Packet[Any], track: _Track, time: Fraction) -> int | None:
        """A packet that leaps: the part it belongs to, or None."""
        moment = time + self._offsets[track.part]
        starts = self._now is None and self._anywhere
        if not (starts or self._discontinuous) and not self._is_possible(moment):
            return None
        self._read_ahead()
        same = (_moments(other) for other in self._ahead if other.stream_index == packet.stream_index and other.size)
        own = [each.decoded for each in same if each is not None][:JUDGED]
        expected = track.end - self._offsets[track.part]
        goes_on = 2 * sum(abs(other - time) < abs(other - expected) for other in own) > len(own)
        if self._discontinuous:
            return self._begin_part(packet) if goes_on else None
        if not starts and (track.last is not None and moment < track.last):
            return None
        if not (goes_on or not own) or not (starts or self._is_said(moment) or self._is_shared(packet, time)):
            return None
        if track.last is not None and self._kinds[packet.stream_index] == "video":
            self.gaps.append((track.end, moment - track.end))
        return track.part

    def _is_possible(self, moment: Fraction) -> bool:
        """Whether a file of this size can last until then."""
        size = self._container.size
        return size <= 0 or abs(moment - (self._first or 0)) <= size / LEAST_BYTES

    def _is_said(self, moment: Fraction) -> bool:
        """Whether the file's header says that it lasts until then; True where it says nothing."""
        duration = self._container.duration
        return not duration or moment - (self._first or 0) <= Fraction(duration, 1_000_000) + 1

    def _is_shared(self, packet: Packet[Any], time: Fraction) -> bool:
        """Whether other tracks go there too."""
        others = (_moments(other) for other in self._ahead if other.stream_index != packet.stream_index and other.size)
        return any(each is not None and abs(each.decoded - time) <= LEAP for each in others)

    def _read_ahead(self) -> None:
        held = sum(packet.size for packet in self._ahead)
        while len(self._ahead) < AHEAD and held < AHEAD_BYTES and self._error is None:
            try:
                packet = next(self._source, None)
            except FFmpegError as error:
                self._error = error
                return
            if packet is None:
                return
            held += packet.size
            self._ahead.append(packet)

    def _begin_part(self, packet: Packet[Any]) -> int:
        """A new part, whose first packet this is."""
        ends = {index: track.end for index, track in self._tracks.items() if track.last is not None}
        new: dict[int, list[Fraction]] = {}
        for other in (packet, *self._ahead):
            index, moments = other.stream_index, _moments(other)
            if self._kinds.get(index) not in ("video", "audio") or moments is None:
                continue
            track = self._tracks.get(index, _Track(part=len(self._offsets) - 1))
            offset = self._offsets[track.part]
            if index in new or other is packet or not self._follows(track, moments.decoded + offset):
                new.setdefault(index, []).append(moments.shown)
            else:
                ends[index] = max(ends.get(index, Fraction(0)), moments.end + offset)
        pictures = max((end for index, end in ends.items() if self._kinds[index] == "video"), default=None)
        latest = max(ends.values())
        end = latest if pictures is None or latest > pictures + OVERLAP else pictures
        films = [min(islice(shown, LEADING)) for index, shown in new.items() if self._kinds[index] == "video"]
        first = min(films or (min(shown) for shown in new.values()))
        base = next((s.time_base for s in self._container.streams if s.type == "video"), None) or packet.time_base
        self._offsets.append(-((first - end) // base) * base)
        self.joins.append(end)
        return len(self._offsets) - 1


def packets(container: InputContainer, stream: VideoStream, *, seeked: bool = False) -> Iterator[Packet[VideoStream]]:
    """All of a stream's, the empty one at the end too; an error ends them: what comes after it cannot be reached."""
    with suppress(FFmpegError):
        yield from Timeline(container, stream, seeked=seeked).packets()


def decode_all(container: InputContainer, stream: VideoStream, *, seeked: bool = False) -> Iterator[VideoFrame]:
    """What can be decoded from here on, whatever is damaged."""
    for packet in packets(container, stream, seeked=seeked):
        try:
            frames = packet.decode()
        except MemoryError:
            raise
        except FFmpegError:
            continue
        yield from frames


def first_alone(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    """Pictures that need no other, from the beginning: none is held back until those shown before it are there."""
    context = stream.codec_context
    for packet in packets(container, stream):
        frames: list[VideoFrame] = []
        with suppress(FFmpegError):
            frames += packet.decode()
        if not frames and packet.size:
            with suppress(FFmpegError):
                frames += context.decode(None)
            context.flush_buffers()
        yield from frames


def last_picture(path: Path, index: int, *, follow_references: bool = False) -> Fraction | None:
    """When the last picture of a stream is shown, by the stamps of its packets; None where they have none."""
    last: Fraction | None = None
    with open_container(path, follow_references=follow_references) as container:
        for packet in packets(container, stream_at(container, index)):
            moments = _moments(packet)
            if packet.size and not packet.is_discard and moments is not None:
                last = max(last or Fraction(0), moments.shown)
    return last


def _moments(packet: Packet[Any]) -> _Moments | None:
    """None: it has no time stamp."""
    decoded = packet.pts if packet.dts is None else packet.dts
    shown = packet.dts if packet.pts is None else packet.pts
    if decoded is None or shown is None:
        return None
    base = packet.time_base
    return _Moments(decoded * base, shown * base, (shown + (packet.duration or 0)) * base)


def _move(packet: Packet[Any], offset: Fraction) -> Fraction:
    """Move a packet by whole ticks of its clock; by how many seconds that is."""
    ticks = round(offset / packet.time_base)
    packet.pts = None if packet.pts is None else packet.pts + ticks
    packet.dts = None if packet.dts is None else packet.dts + ticks
    return ticks * packet.time_base
