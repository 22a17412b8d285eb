"""Cutting a video without encoding: packets are copied where they can stand by themselves."""

from bisect import bisect_left
from collections.abc import Iterator
from fractions import Fraction
from io import BytesIO
from typing import Any

import av
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.stream import Stream

from ...errors import VidrestoreError
from ..container import MATROSKA, MOV, stream_at
from ..facts.info import VideoInfo
from ..time.packet_clock import decoding_times
from ..time.timeline import packets
from ..tracks.copier import Copier
from ..tracks.metadata import content_tags, track_tags
from ..tracks.streams import open_source
from .output import pad
from .target import Target


class PacketCutter:
    """Cuts one video by copying its packets. Moments are seconds as `Frame.pts` counts them."""

    def __init__(self, info: VideoInfo, *, muxer: str) -> None:
        """Reads the time stamps of all packets once; `muxer` is FFmpeg's name of the clips' container."""
        self._info = info
        with self._open() as source:
            self._unfit = "" if self._holds(muxer, source) else f"{muxer} cannot hold its {info.codec}"
            packets = [(packet.pts, packet.is_keyframe) for packet in _pictures(source, info.stream_index)]
        self._stamped = all(pts is not None for pts, _ in packets)
        self._keys = {number for number, (_, key) in enumerate(packets) if key}
        # As shown, each with its place in the file, which is the order of decoding.
        self._shown = sorted((pts, number) for number, (pts, _) in enumerate(packets) if pts is not None)

    def refusal(self, start: Fraction, end: Fraction, *, frames: int) -> str:
        """Why the `frames` frames from `start` to before `end` cannot be copied; "" where they can.

        They can where the first is a key frame and their packets follow one another in the file: nothing from beyond
        is then needed to decode them.
        """
        if self._unfit or not self._stamped:
            return self._unfit or "its packets have no time stamps"
        stretch = self._stretch(start, end)
        if not stretch or stretch[0][0] != self._tick(start) or stretch[0][1] not in self._keys:
            return "its first frame is no key frame"
        places = [place for _, place in stretch]
        if min(places) != places[0]:
            return "frames at its beginning need earlier ones to be decoded"
        if max(places) - places[0] + 1 != len(places):
            return "frames at its end need later ones to be decoded"
        return "" if len(stretch) == frames else "some of its packets are damaged"

    def copy(self, target: Target, start: Fraction, end: Fraction) -> list[str]:
        """Write the packets from `start` to before `end` to `target.path`, with the target's other tracks.

        Returns what was repaired on the way, one line each.

        Raises:
            VidrestoreError: the container does not take the packets, or the file cannot be written.
        """
        path = str(target.path.absolute())
        try:
            with (
                self._open() as source,
                self._open() as beside,
                av.open(path, "w", format=target.container) as output,
            ):
                stream = self._declare(output, source)
                zero = start + self._info.start
                copier = Copier(output, beside, target.tracks, zero=zero, length=end - start, trimmed=start > 0)
                output.start_encoding()
                for packet in self._packets(source, start, end):
                    assert packet.dts is not None
                    copier.until(packet.dts * packet.time_base)
                    packet.stream = stream
                    output.mux(packet)
                copier.finish(end - start)
                copier.close()
            pad(target.path, target.container)
        except (FFmpegError, OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, FFmpegError | OSError) else error
            raise VidrestoreError(f"{target.path} could not be copied: {reason}; leave --copy out") from error
        return copier.warnings

    def _open(self) -> InputContainer:
        return open_source(self._info.path, follow_references=self._info.follow_references)

    def _holds(self, muxer: str, source: InputContainer) -> bool:
        """Whether a header with these pictures can be written: some muxers refuse only then."""
        try:
            with av.open(BytesIO(), "w", format=muxer) as trial:
                self._declare(trial, source)
                trial.start_encoding()
        except (FFmpegError, ValueError):
            return False
        return True

    def _declare(self, output: OutputContainer, source: InputContainer) -> Stream:
        video = source.streams[self._info.stream_index]
        # opaque: the decoder's description is enough, no encoder of that format need exist.
        stream = output.add_stream_from_template(video, opaque=True)
        stream.metadata.update(track_tags(video.metadata, muxer=output.format.name))
        stream.disposition = video.disposition
        output.metadata.update(content_tags(source.metadata))
        return stream

    def _packets(self, source: InputContainer, start: Fraction, end: Fraction) -> "Iterator[Packet[Any]]":
        """The stretch's packets in the file's order, their time stamps counted from its start."""
        stretch = self._stretch(start, end)
        shown = [pts for pts, _ in stretch]
        decoded = [pts for pts, _ in sorted(stretch, key=lambda each: each[1])]
        decoding = dict(zip(decoded, decoding_times(shown, decoded), strict=True))  # the file may have none (Matroska)
        if seeked := source.format.name in (MOV, MATROSKA):
            source.seek(shown[0], stream=source.streams[self._info.stream_index])
        for packet in _pictures(source, self._info.stream_index, seeked=seeked):
            if packet.pts in decoding:
                packet.dts = decoding.pop(packet.pts) - shown[0]
                packet.pts -= shown[0]
                yield packet
            if not decoding:
                return
        raise ValueError(f"{len(decoding)} of its packets could not be read again")

    def _tick(self, moment: Fraction) -> int:
        return round((moment + self._info.start) / self._info.time_base)

    def _stretch(self, start: Fraction, end: Fraction) -> list[tuple[int, int]]:
        first, after = (bisect_left(self._shown, (self._tick(moment), -1)) for moment in (start, end))
        return self._shown[first:after]


def _pictures(source: InputContainer, index: int, *, seeked: bool = False) -> "Iterator[Packet[Any]]":
    # The demuxer's end mark is empty.
    return (packet for packet in packets(source, stream_at(source, index), seeked=seeked) if packet.size)
