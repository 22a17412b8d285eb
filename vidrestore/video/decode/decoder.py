"""The decoder of a stream: every picture in order of display, whatever is wrong with its packets."""

from collections import deque
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from fractions import Fraction
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, Literal, cast

from av.codec.hwaccel import HWAccel
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from ..container import AVI, MPEGTS, open_container, stream_at
from ..index.index import Entry, Findings, SourceIndex
from ..index.seek import AstrayError, packets_from
from ..time.clock import cut_off
from ..time.timeline import Timeline
from .quantiser import ask_for_quantiser, step_of, step_of_packet

THREADS: tuple[Literal["AUTO"], Literal["SLICE"]] = ("AUTO", "SLICE")
"""Of FFmpeg's decoders, in the first pass and in the second: whole frames each, or parts of one frame."""


class Decoder:
    """Iterable, once, of decoded frames in display order: all, or those from some frame on, the same as then.

    A packet that cannot be decoded costs its frame and is counted. Frame threads swallow a damaged end of a file
    together with good frames before it, so such an end is decoded again without them.

    damaged      packets that gave no frame because they are damaged
    undecodable  packets before the first key frame of the file: they say only what changed since
    corrupt      frames that came out marked as damaged
    truncated    the file stops before the end it was given
    key          whether the frame given out last is a key frame: as its decoder says, or (not CineForm's) its packet
    step         that of the same frame's quantiser, see `quantiser.step_of`, where it is asked for
    aspect       of the stream's pixels, by the frames decoded so far; None where it does not say
    header_aspect  the same before the first
    ends         where the packets end, of the pictures and of all streams, seconds on the file's clock
    timeline     what was found of the file's clock
    first        which of all frames is given out first, counted from 0
    """

    def __init__(
        self,
        path: Path,
        stream_index: int,
        *,
        begin: tuple[SourceIndex, Entry] | None = None,
        accelerator: HWAccel | None = None,
        tells_step: bool = False,
        follow_references: bool = False,
    ) -> None:
        """Nothing is decoded yet.

        Args:
            begin: the file's index, and where in it decoding begins; frames before are left out, where that goes well.
                Where it does not they come first, as without it.
            accelerator: decodes in place of the processor.
            tells_step: `quantiser.step_of` is to tell that of each frame, which takes time.
            follow_references: as `open_container` has it.
        """
        self.damaged = self.undecodable = self.corrupt = 0
        self.truncated = self.key = False
        self.step: float | None = None
        self.ends = (Fraction(0), Fraction(0))
        self.aspect: Fraction | None = None
        self.header_aspect: Fraction | None = None
        self.timeline: Timeline | Findings | None = None
        self.first = 0
        self._open = partial(open_container, path, follow_references=follow_references)
        self._index, self._accelerator = stream_index, accelerator
        self._tells_step = tells_step
        self._begin = begin
        self._from_start = False  # of the file, in every pass
        self._shown: int | None = None  # time stamp of the last frame given out
        self._damaged_when_shown = 0
        self._lost: set[int] = set()  # time stamps of packets at which decoding failed, which a second pass meets again
        self._waiting: set[int] = set()  # time stamps of packets later than that
        self._keys: set[int] = set()  # of those, and the frame shown, key frames
        self._slots: deque[int] = deque()  # AVI has slots, not time stamps: the k-th picture shown takes the k-th

    def __iter__(self) -> Generator[VideoFrame]:
        try:
            yield from self._decode()
        except AstrayError:
            self._forget()
            yield from self._decode()

    def _forget(self) -> None:
        """Begin anew, with the file's first packet; frames that have been given out are not given again."""
        self._begin, self._from_start = None, True
        self.damaged = self.corrupt = self._damaged_when_shown = 0
        self.truncated = False
        self.ends, self.timeline = (Fraction(0), Fraction(0)), None
        for kept in (self._lost, self._waiting, self._keys):
            kept.clear()

    def _decode(self) -> Generator[VideoFrame]:
        # A decoder with frame threads may hand out a frame whose quantisers another thread has yet to write.
        for threads in THREADS[1:] if self._tells_step else THREADS:
            if threads == "SLICE" and not self._tells_step and not self._begin_again():
                return
            after = self._shown
            with self._start_pass(threads) as (container, stream, packets):
                for packet in chain(packets, (None,)):  # None: the decoder is flushed
                    try:
                        frames = stream.decode(packet)
                    except MemoryError:
                        raise
                    except FFmpegError:
                        self._lose(packet, after)
                        continue
                    self.aspect = stream.codec_context.sample_aspect_ratio
                    step = step_of_packet(packet) if self._tells_step and packet is not None else None
                    for frame in frames:
                        if self._slots:
                            frame.pts = self._slots.popleft()
                        if (after is None or frame.pts is None or frame.pts > after) and self._counts(frame):
                            if self._tells_step:
                                self.step = step or step_of(frame) or self.step  # MPEG-2's last one does not tell it
                            yield self._show(frame)
                if self._begin is not None and self._shown is None:
                    raise AstrayError("nothing was decoded from there")
                self.truncated |= cut_off(container, stream, self.ends)

    def _counts(self, frame: VideoFrame) -> bool:
        """Whether a frame is none of those before the one to begin with. AstrayError: it should have come before."""
        if self._begin is None or self._shown is not None:
            return True
        index, entry = self._begin
        if frame.pts is None or frame.pts > entry.pts:
            raise AstrayError(f"the first frame is shown at {frame.pts}, not at {entry.pts}")
        # Those shown before the packet where decoding began may lack what they refer to; the others may not.
        if frame.is_corrupt and frame.pts >= index.packets.pts[entry.packet]:
            raise AstrayError(f"the frame at {frame.pts} is damaged")
        if frame.pts < entry.pts:
            return False
        self.first = entry.number
        return True

    def _begin_again(self) -> bool:
        """Whether pictures are missing at the end, which a second pass will look for: what it meets is counted anew."""
        if self._waiting and self.damaged > self._damaged_when_shown:
            self.damaged = self._damaged_when_shown
            self._lost.clear()
        return bool(self._waiting)

    @contextmanager
    def _start_pass(
        self, threads: Literal["AUTO", "SLICE"]
    ) -> Iterator[tuple[InputContainer, VideoStream, "Iterator[Packet[VideoStream]]"]]:
        """The file, its pictures, and their packets from where those begin that have not been given out."""
        after = self._shown
        with self._open(accelerator=self._accelerator) as container:
            stream = stream_at(container, self._index)
            stream.thread_type = threads
            if self._tells_step:
                ask_for_quantiser(stream.codec_context)
            if after is None:
                self.header_aspect = stream.codec_context.sample_aspect_ratio
            if self._begin is not None and after is None:
                index, entry = self._begin
                self.timeline, self.ends = index.findings, index.ends
                yield (
                    container,
                    stream,
                    self._packets(container, packets_from(container, stream, index, entry.packet), stream),
                )
                return
            # Of joined recordings that moment is another one on the file's own clock, or there are several.
            if self._from_start or (self.timeline and self.timeline.joins):
                after = None
            if after is not None:
                _seek(container, stream, after)
            # Sound and subtitles are read only to know where the file ends.
            others = [other for other in container.streams if other.type in ("audio", "subtitle")]
            timeline = Timeline(container, stream, *others, seeked=after is not None)
            self.timeline = self.timeline or timeline
            yield container, stream, self._packets(container, timeline.packets(), stream)

    def _packets(
        self, container: InputContainer, packets: "Iterator[Packet[Any]]", stream: VideoStream
    ) -> "Iterator[Packet[VideoStream]]":
        """Whole packets of the pictures."""
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except FFmpegError:  # nothing after this can be reached
                self.truncated = True
                return
            if packet.size == 0:
                continue
            ours = packet.stream_index == stream.index
            if packet.is_corrupt and container.format.name != MPEGTS:  # cut short; in MPEG-TS only suspected
                self.damaged += ours
                self.truncated = True
                continue
            if packet.pts is not None:
                end = (packet.pts + (packet.duration or 0)) * packet.time_base
                pictures, everything = self.ends
                self.ends = (max(pictures, end) if ours else pictures, max(everything, end))
            if not ours:
                continue
            if container.format.name == AVI:
                if packet.dts is not None:
                    self._slots.append(packet.dts)
            elif packet.pts is not None and not packet.is_discard:
                self._waiting.add(packet.pts)
                if packet.is_keyframe:
                    self._keys.add(packet.pts)
            yield cast("Packet[VideoStream]", packet)

    def _lose(self, packet: "Packet[VideoStream] | None", after: int | None) -> None:
        pts = None if packet is None else packet.pts
        if self._begin is not None and self._shown is None:
            index, entry = self._begin
            if pts is None or pts >= index.packets.pts[entry.packet]:
                raise AstrayError(f"the packet shown at {pts} is not decoded")
            return
        if pts is None or (pts not in self._lost and (after is None or pts > after)):
            self.damaged += 1
        if pts is not None:
            self._lost.add(pts)
        if self._slots:
            self._slots.pop()

    def _show(self, frame: VideoFrame) -> VideoFrame:
        if frame.pts is not None:
            if self._shown is None and self._begin is None:
                self.undecodable = max(0, sum(pts < frame.pts for pts in self._waiting) - self.damaged)
            self._waiting = {pts for pts in self._waiting if pts > frame.pts}
            self._keys = {pts for pts in self._keys if pts >= frame.pts}
            self._shown = frame.pts
        self._damaged_when_shown = self.damaged
        self.corrupt += frame.is_corrupt
        self.key = frame.key_frame or frame.pts in self._keys
        return frame


def _seek(container: InputContainer, stream: VideoStream, pts: int) -> None:
    """To the key frame before a time stamp; where a file cannot be searched, stay at its beginning."""
    try:
        container.seek(pts, stream=stream)
    except FFmpegError:
        container.seek(0)
