"""Encoder: frames into the packets of a picture stream, in whole ticks of the target's clock."""

from __future__ import annotations  # av's Packet is generic for type checkers only

from fractions import Fraction
from typing import Any

from av.packet import Packet
from av.video.stream import VideoStream

from ...errors import UsageError, VidrestoreError
from ...frame.frame import Frame
from .packing import Packer
from .target import Target


class Encoder:
    """Encodes frames with the encoder of `stream`; each must begin later than the one before.

    Args:
        after: the tick at which the frame before the first began, where an earlier encoder had it.
    """

    def __init__(self, target: Target, stream: VideoStream, *, after: int | None = None) -> None:
        self._target, self._stream, self._after = target, stream, after
        self._packer = Packer(target)
        self.last = (0, 0)
        """When the frame encoded last begins and how long it lasts, in ticks."""

    def encode(self, frame: Frame) -> list[Packet[Any]]:
        """What comes out when this frame goes in; pts and dts are in ticks, durations may be lost (PacketClock).

        Raises:
            UsageError: a constant rate, all that the container holds, cannot show it.
            VidrestoreError: it is not later than the frame before, or lies between two ticks; its size is wrong.
        """
        packed = self._packer.pack(frame)
        self.last = packed.pts, packed.duration = ticks(frame.pts, frame.duration, self._target, after=self._after)
        packed.time_base = self._target.time_base
        self._after = packed.pts
        return self._stream.encode(packed)

    def flush(self) -> list[Packet[Any]]:
        """What is still in it."""
        return self._stream.encode(None)


def ticks(pts: Fraction, duration: Fraction, target: Target, *, after: int | None) -> tuple[int, int]:
    """When a frame begins and how long it lasts, in ticks, the one before beginning at `after`; raises as `encode`.

    Args:
        pts, duration: of the frame, in seconds.
    """
    exact = pts / target.time_base
    whole = round(exact)
    if exact != whole and not target.rounds:
        raise VidrestoreError(f"the time {pts} s of a frame is no multiple of {target.time_base} s")
    if after is not None and whole <= after:
        if target.rounds:
            raise UsageError(f"{target.path.suffix} holds a constant frame rate only; write .mp4 or .mkv")
        raise VidrestoreError(f"the frame at {float(pts):.3f} s is not later than the one before")
    return whole, max(1, round(duration / target.time_base))
