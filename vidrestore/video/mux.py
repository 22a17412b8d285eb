"""Mux: one video file under way."""

from __future__ import annotations  # av's Packet is generic for type checkers only

from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

from av.error import FFmpegError
from av.packet import Packet

from ..errors import UsageError, VidrestoreError
from ..frame import Frame
from .copier import Copier
from .metadata import content_tags
from .output import open_output
from .packet_clock import PacketClock
from .packing import Packer
from .streams import open_source
from .target import Beside, Target
from .tempo import Tempo


class Mux:
    """Encodes frames into `file` and copies tracks beside them, in step.

    Args:
        beside: the file whose tracks the target names, and how their time meets the pictures'.

    Raises:
        FFmpegError: whatever goes wrong with the file or the encoder, in every method but `abandon`.
    """

    def __init__(self, file: Path, target: Target, beside: Beside) -> None:
        self._file, self._target, self._ends_early = file, target, beside.length is not None
        self._packer = Packer(target)
        self._clock = PacketClock(mp4=target.container in ("mp4", "mov"))
        self._source = None if target.tracks_from is None else open_source(target.tracks_from)
        self._output = open_output(target, file)
        self._stream = self._output.streams.video[0]
        self._copier: Copier | None = None
        self._sounds: list[Tempo] = []
        if self._source is not None:
            self._copier = Copier(
                self._output,
                self._source,
                tuple(track for track in target.tracks if not track.encoder),
                zero=beside.zero,
                length=beside.length,
                stretch=target.stretch,
                # AVI has no time before 0 either: what comes earlier would delay the pictures.
                trimmed=target.container == "avi" or beside.trimmed,
            )
            self._sounds += (
                Tempo(self._output, beside, track, stretch=target.stretch) for track in target.tracks if track.encoder
            )
            if target.chapters:
                self._copier.copy_chapters()
            self._output.metadata.update(content_tags(self._source.metadata))
            if beside.stream_index is not None:
                video = self._source.streams[beside.stream_index]
                self._stream.metadata.update(content_tags(video.metadata))
                self._stream.disposition = video.disposition
        # Every stream is declared: from the header on, sizes and time bases are fixed.
        self._output.start_encoding()

    @property
    def duration(self) -> Fraction:
        """Seconds from the first frame to the end of the last."""
        return (self._clock.end - self._clock.start) * self._target.time_base

    @property
    def warnings(self) -> list[str]:
        copied = [] if self._copier is None else self._copier.warnings
        return [*copied, *(warning for sound in self._sounds for warning in sound.warnings)]

    def add(self, frame: Frame) -> None:
        """Encode a frame, after the other tracks' packets up to its time."""
        self._others_until(frame.pts)
        packed = self._packer.pack(frame)
        packed.pts, packed.time_base = self._ticks(frame.pts), self._target.time_base
        packed.duration = max(1, round(frame.duration / self._target.time_base))
        self._clock.expect(packed.pts, packed.duration)
        self._mux(self._stream.encode(packed))

    def _ticks(self, pts: Fraction) -> int:
        ticks = pts / self._target.time_base
        whole = round(ticks)
        if ticks != whole and not self._target.rounds:
            raise VidrestoreError(f"the time {pts} s of a frame is no multiple of {self._target.time_base} s")
        if self._clock.frames and whole <= self._clock.last:
            if self._target.rounds:
                raise UsageError(f"{self._target.path.suffix} holds a constant frame rate only; write .mp4 or .mkv")
            raise VidrestoreError(f"the frame at {float(pts):.3f} s is not later than the one before")
        return whole

    def _others_until(self, time: Fraction) -> None:
        """The other tracks' packets from before a time."""
        for tracks in (self._copier, *self._sounds):
            if tracks is not None:
                tracks.until(time)

    def _mux(self, packets: list[Packet[Any]]) -> None:
        for packet in packets:
            self._output.mux(self._clock.correct(packet))

    def finish(self) -> None:
        """Flush the encoder, copy what is left of the other tracks, close the file."""
        self._mux(self._stream.encode(None))
        self._output.mux(self._clock.last_packet())
        end = self._clock.end * self._target.time_base if self._ends_early else None
        if self._copier is not None:
            self._copier.finish(end)
        for sound in self._sounds:
            sound.until(end)
        self._output.close()
        self._close_source()
        if self._clock.packets != self._clock.frames:
            raise VidrestoreError(
                f"{self._target.codec} gave {self._clock.packets} packets for {self._clock.frames} frames; "
                "try another --codec"
            )

    def give_name(self, path: Path) -> None:
        """The finished file's final name."""
        self._file.replace(path)

    def abandon(self) -> None:
        """Close everything and delete the file."""
        # Closing writes what is buffered, which on a full disk fails once more; the file goes anyway.
        with suppress(FFmpegError):
            self._output.close()
        self._close_source()
        self._file.unlink(missing_ok=True)

    def _close_source(self) -> None:
        for source in (self._source, *self._sounds):
            if source is not None:
                source.close()
