"""Mux: writes one video file, pictures encoded and other tracks copied in step."""

from __future__ import annotations  # av's Packet is generic for type checkers only

from collections.abc import Iterable
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

from av.error import FFmpegError
from av.packet import Packet

from ...base.files import put_in_place
from ...errors import VidrestoreError
from ...frame.frame import Frame
from ..time.packet_clock import PacketClock
from ..tracks.copier import Copier
from ..tracks.metadata import content_tags, track_tags
from ..tracks.streams import open_source
from ..tracks.tempo import Tempo
from .encoder import Encoder
from .output import open_output, pad
from .target import Beside, Target


class Mux:
    """Encodes frames into `file` and copies tracks beside them, in step.

    Args:
        beside: the file whose tracks the target names, and how their time meets the pictures'.

    Raises:
        FFmpegError: whatever goes wrong with the file or the encoder, in every method but `abandon`.
    """

    def __init__(self, file: Path, target: Target, beside: Beside) -> None:
        self._file, self._target, self._ends_early = file, target, beside.length is not None
        self._source = None
        if target.tracks_from is not None:
            self._source = open_source(target.tracks_from, follow_references=beside.follow_references)
        self._output = open_output(target, file)
        self._stream = self._output.streams.video[0]
        self._encoder = Encoder(target, self._stream)
        self._others: list[Copier | Tempo] = []
        if self._source is not None:
            copier = Copier(
                self._output,
                self._source,
                tuple(track for track in target.tracks if not track.encoder),
                zero=beside.zero,
                length=beside.length,
                stretch=target.stretch,
                # AVI has no time before 0 either: what comes earlier would delay the pictures.
                trimmed=target.container == "avi" or beside.trimmed,
            )
            self._others.append(copier)
            self._others += (
                Tempo(self._output, beside, track, stretch=target.stretch) for track in target.tracks if track.encoder
            )
            if target.chapters:
                copier.copy_chapters()
            self._output.metadata.update(content_tags(self._source.metadata))
            if beside.stream_index is not None:
                video = self._source.streams[beside.stream_index]
                self._stream.metadata.update(track_tags(video.metadata, muxer=target.container))
                self._stream.disposition = video.disposition
        # Every stream is declared: from the header on, sizes and time bases are fixed.
        self._output.start_encoding()
        assert self._stream.time_base is not None
        self._clock = PacketClock(
            target.time_base, stored=self._stream.time_base, mp4=target.container in ("mp4", "mov")
        )

    @property
    def duration(self) -> Fraction:
        """Seconds from the first frame to the end of the last."""
        return (self._clock.end - self._clock.start) * self._target.time_base

    @property
    def warnings(self) -> list[str]:
        alike = (
            f"frames with the time of the one before: {self._clock.alike}; {self._target.container} counts no finer; "
            "write .mp4 to keep them apart"
        )
        own = [alike] if self._clock.alike else []
        return [*own, *(warning for tracks in self._others for warning in tracks.warnings)]

    def add(self, frame: Frame) -> None:
        """Encode a frame, after the other tracks' packets up to its time."""
        for tracks in self._others:
            tracks.until(frame.pts)
        packets = self._encoder.encode(frame)
        self._clock.expect(*self._encoder.last)
        self._output.mux(self._clock.correct(packets))

    def add_encoded(self, frames: Iterable[tuple[int, int]], packets: Iterable[Packet[Any]]) -> None:
        """Take frames that were encoded before, by an encoder of the same target.

        Args:
            frames: pts and duration of each, in ticks.
            packets: what the encoder made of them all, in its order; pts and dts in ticks.
        """
        for pts, duration in frames:
            self._clock.expect(pts, duration)
        for packet in packets:
            assert packet.pts is not None
            for tracks in self._others:
                tracks.until(packet.pts * self._target.time_base)
            packet.stream, packet.time_base = self._stream, self._target.time_base
            self._output.mux(self._clock.correct([packet]))

    def finish(self) -> None:
        """Flush the encoder, copy what is left of the other tracks, close the file."""
        self._output.mux(self._clock.correct(self._encoder.flush()))
        self._output.mux(self._clock.last_packet())
        end = self._clock.end * self._target.time_base if self._ends_early else None
        for tracks in self._others:
            tracks.finish(end)
        self._output.close()
        pad(self._file, self._target.container)
        self._close_source()
        stored = min(self._clock.packets, self._stream.frames)  # FFmpeg's own count of what is in the file
        if stored != self._clock.frames:
            raise VidrestoreError(
                f"{self._target.codec} in {self._target.container} gave {stored} pictures for {self._clock.frames} "
                "frames; try another --codec or container"
            )

    def give_name(self, path: Path) -> None:
        """The finished file's final name. UsageError: something else has it."""
        put_in_place(self._file, path, overwrite=self._target.overwrite)

    def abandon(self) -> None:
        """Close everything and delete the file."""
        # Closing writes what is buffered, which on a full disk fails once more; the file goes anyway.
        with suppress(FFmpegError):
            self._output.close()
        self._close_source()
        self._file.unlink(missing_ok=True)

    def _close_source(self) -> None:
        for each in (self._source, *self._others):
            if each is not None:
                each.close()
