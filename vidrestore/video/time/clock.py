"""Times of frames, made strictly increasing; and whether a file is cut off before its end."""

from collections.abc import Sequence
from fractions import Fraction

from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from ..container import AVI, MATROSKA, MOV
from .timeline import LEAP


class Clock:
    """Seconds of each frame in turn, exactly as stored; stamps missing or running back are repaired and counted."""

    def __init__(self, *, time_base: Fraction, start: Fraction, rate: Fraction) -> None:
        self.repaired = 0
        self._base, self._start, self._step = time_base, start, 1 / rate
        self._last: Fraction | None = None
        self._exact = Fraction(0)
        """`_last` before a repair was rounded to the clock's ticks: rounded steps would add up."""
        self._slipping = False

    def seconds(self, frame: VideoFrame) -> Fraction:
        """When a frame appears: its pts, else its dts, else a step after the frame before."""
        stamps = (stamp * self._base - self._start for stamp in (frame.pts, frame.dts) if stamp is not None)
        now = next((stamp for stamp in stamps if self._last is None or stamp > self._last), None)
        slipped = now is None
        if now is None:
            self.repaired += 1
            now = Fraction(0) if self._last is None else self._after(frame, self._last)
        else:
            self._exact = now
        self._slipping, self._last = slipped, now
        return now

    def _after(self, frame: VideoFrame, last: Fraction) -> Fraction:
        """A step later where the source has lost count; half of one for a lone double, so that the next still fits."""
        self._exact += self._step if frame.pts is None or self._slipping else self._step / 2
        return last + max(1, round((self._exact - last) / self._base)) * self._base


def start_of(container: InputContainer, frames: Sequence[VideoFrame], *, rate: Fraction) -> Fraction:
    """Seconds on the file's clock that are to be 0.

    MP4 and Matroska start at 0 and mean it where pictures start later; elsewhere the clock starts anywhere, so the
    first of all streams counts, which keeps sound and pictures together. Never later than the first picture, and on a
    tick of the pictures' clock: counted from there, all their times still are whole ticks.
    """
    base = frames[0].time_base
    first = next(
        (frame.pts * base - n / rate for n, frame in enumerate(frames) if frame.pts is not None and base), None
    )
    starts = [] if first is None else [first]
    if container.format.name in (MOV, MATROSKA):
        starts.append(Fraction(0))
    else:
        stamped = (
            stream.start_time * stream.time_base
            for stream in container.streams
            if stream.type in ("video", "audio") and stream.start_time is not None and stream.time_base
        )
        # What lies further from the pictures is no true time stamp, or too early for the result to wait for.
        starts += [start for start in stamped if first is None or abs(start - first) <= LEAP]
    start = min(starts, default=Fraction(0))
    return start // base * base if base else start


def cut_off(container: InputContainer, stream: VideoStream, ends: tuple[Fraction, Fraction]) -> bool:
    """Whether the packets (`ends`: of the pictures, of all streams) stop clearly before the end the file was given.

    MP4 writes down how long the pictures last, to the tick; AVI and MXF too, but may end on slots left empty.
    Matroska, FLV and ASF know how long the whole file lasts; others only guess.
    """
    name = container.format.name
    pictures, everything = ends
    if name in (MOV, AVI, "mxf") and stream.duration and stream.time_base:
        expected = ((stream.start_time or 0) + stream.duration) * stream.time_base
        return pictures < expected - Fraction(1, 20 if name == MOV else 4)
    if name in (MATROSKA, "flv", "asf") and container.duration:
        return everything < Fraction(container.duration, 1_000_000) - Fraction(1, 4)
    return False
