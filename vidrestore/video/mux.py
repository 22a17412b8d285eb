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
from .info import VideoInfo
from .metadata import content_tags
from .output import open_output
from .packet_clock import PacketClock
from .packing import Packer
from .streams import open_source
from .target import Target


class Mux:
    """Encodes frames into `file` and copies tracks beside them, in step.

    Args:
        origin: seconds on the source's clock that are pts 0.
        length: where the source is left early, seconds from there to that moment; other tracks then stop with the
            last frame. None: they come whole.

    Raises:
        FFmpegError: whatever goes wrong with the file or the encoder, in every method but `abandon`.
    """

    def __init__(
        self, file: Path, target: Target, info: VideoInfo, *, origin: Fraction, length: Fraction | None
    ) -> None:
        self._file, self._target, self._ends_early = file, target, length is not None
        self._packer = Packer(target)
        self._clock = PacketClock(mp4=target.container in ("mp4", "mov"))
        self._source = None if target.tracks_from is None else open_source(target.tracks_from)
        self._output = open_output(target, file)
        self._stream = self._output.streams.video[0]
        self._copier: Copier | None = None
        if self._source is not None:
            own = target.tracks_from == info.path
            zero = origin if own else Fraction(self._source.start_time or 0, 1_000_000)
            self._copier = Copier(
                self._output,
                self._source,
                target.tracks,
                zero=zero,
                length=length,
                # AVI has no time before 0 either: what comes earlier would delay the pictures.
                trimmed=target.container == "avi" or (own and origin != info.start),
            )
            if target.chapters:
                self._copier.copy_chapters()
            if own:
                video = self._source.streams[info.stream_index]
                self._output.metadata.update(content_tags(self._source.metadata))
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
        return [] if self._copier is None else self._copier.warnings

    def add(self, frame: Frame) -> None:
        """Encode a frame, after the other tracks' packets up to its time."""
        if self._copier is not None:
            self._copier.until(frame.pts)
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

    def _mux(self, packets: list[Packet[Any]]) -> None:
        for packet in packets:
            self._output.mux(self._clock.correct(packet))

    def finish(self) -> None:
        """Flush the encoder, copy what is left of the other tracks, close the file."""
        self._mux(self._stream.encode(None))
        self._output.mux(self._clock.last_packet())
        if self._copier is not None:
            self._copier.until(self._clock.end * self._target.time_base if self._ends_early else None)
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
        if self._source is not None:
            self._source.close()
