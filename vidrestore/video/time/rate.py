"""The frame rate of a stream: the one that was meant, where a coarse clock hides it."""

from fractions import Fraction

from av.container import InputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream

from ...base.settings import SLOWEST
from .timeline import packets

MEANT = (24, 25, 30, 48, 50, 60, 72, 90, 96, 100, 120, 144, 240)
MEASURED_PACKETS = 300
FAR = 10
"""Times by which two rates of one file do not differ."""
FASTEST = Fraction(100_000)
"""Frames per second that a file may say it has at most: the fastest cameras'."""


def snap(rate: Fraction, *, tolerance: Fraction = Fraction(1, 10_000)) -> Fraction:
    """The nearest k or 1000k/1001 for a usual k, if it lies within `tolerance` (relative); else `rate` itself."""
    usual = (Fraction(k) * ntsc for k in MEANT for ntsc in (1, Fraction(1000, 1001)))
    best = min(usual, key=lambda candidate: abs(rate / candidate - 1))
    return best if abs(rate / best - 1) < tolerance else rate


def _believed(rate: object) -> Fraction | None:
    return Fraction(rate) if isinstance(rate, Fraction) and SLOWEST <= rate <= FASTEST else None


def average_rate(container: InputContainer, stream: VideoStream) -> Fraction:
    """Average frames per second of a stream; reads packets where the header is not to be believed.

    Matroska and FLV keep milliseconds and no count, and FFmpeg then may report 1000; a rate it reports twice alike, or
    one that follows from a count, is true, unless it is far from the count and the length in the header.
    """
    average, guessed = _believed(stream.average_rate), _believed(stream.guessed_rate)
    if stream.frames and stream.duration and stream.time_base:
        counted = _believed(stream.frames / (stream.duration * stream.time_base))
        # MP4: time stamps of which some are damaged.
        if counted and not (average and 1 / FAR < average / counted < FAR):
            return snap(counted)
    if average and (stream.frames or average == guessed):
        return snap(average)
    return _measured(container, stream) or snap(guessed or average or Fraction(25))


def _measured(container: InputContainer, stream: VideoStream) -> Fraction | None:
    """From the time stamps of the first packets, to within one tick of the clock at either end."""
    times: list[int] = []
    try:
        container.seek(0)
    except FFmpegError:  # a bare stream of pictures: it has no time stamps either
        return None
    for packet in packets(container, stream):
        if packet.pts is not None:
            times.append(packet.pts)
        if len(times) == MEASURED_PACKETS:
            break
    span = max(times, default=0) - min(times, default=0)
    if span == 0 or stream.time_base is None:
        return None
    rate = _believed((len(times) - 1) / (span * stream.time_base))
    return rate and snap(rate, tolerance=max(Fraction(1, 10_000), Fraction(1, span)))
