"""When the frames of a result appear: by a factor, on the grid of a target rate, in slow motion. Pure, in Fractions."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, gcd, lcm
from typing import NamedTuple, Protocol

SLACK = Fraction(1, 1000)
"""Seconds. Matroska and FLV round time stamps to milliseconds: a source frame this near to a grid point lies on it."""

LONGER = 2
"""Times that a gap may last longer than the one beside it, if motion in the two is to be compared."""


@dataclass(frozen=True, slots=True)
class Gap:
    """The time from a source frame to the next one."""

    number: int
    """Of the source frame, counted from 0."""
    pts: Fraction
    """When it appears, in seconds."""
    duration: Fraction
    """Seconds until the next frame; positive."""
    origin: Fraction
    """When frame 0 appears."""


class Instant(NamedTuple):
    """One frame of the result."""

    share: Fraction
    """0: the source frame itself, untouched. Else how far it lies between that one and the next, below 1."""
    pts: Fraction
    """When it appears, in seconds."""


@dataclass(frozen=True, slots=True)
class Span:
    """A whole stream."""

    frames: int
    start: Fraction
    """When the first appears, in seconds."""
    end: Fraction
    """When the last is over."""


class Timing(Protocol):
    """Which frames follow from the source's; `instants` of one gap after the other are those of the result."""

    @property
    def stretch(self) -> Fraction:
        """Seconds of the result for each second of the source."""

    def rate(self, rate: Fraction) -> Fraction:
        """Average frames per second of the result, from the source's."""

    def tick(self, tick: Fraction) -> Fraction:
        """Seconds: every time of the result is a whole multiple of it, where the source's are of `tick`."""

    def instants(self, gap: Gap) -> Iterator[Instant]:
        """The frames of the result that are made of the frame before a gap, and where there is one that after it."""

    def result(self, span: Span) -> Span:
        """The result of a whole stream, by arithmetic alone; its last frame is shown until its end."""


@dataclass(frozen=True, slots=True)
class ByFactor:
    """`factor` frames for each one of the source, at least 1; the time between two source frames is shared out evenly.

    Output frame k lies at k / factor on a scale that counts source frames: in a gap of any length, and so at variable
    rate too. Source frame n is in the result where n * factor is whole, untouched and at its exact time. N frames give
    ceil(N * factor); what lies after the last source frame has nothing to move towards and repeats it, so that the
    result lasts exactly as long as the source, `stretch` times.

    With 5/2 at a constant rate, the grid is 2/5 of a frame wide and every second source frame lies on it.
    """

    factor: Fraction
    stretch: Fraction = Fraction(1)

    def __str__(self) -> str:
        return f"{self.factor} frames for each, {self.stretch} times as long"

    def rate(self, rate: Fraction) -> Fraction:
        return rate * self.factor / self.stretch

    def tick(self, tick: Fraction) -> Fraction:
        return tick * self.stretch / self.factor.numerator

    def instants(self, gap: Gap) -> Iterator[Instant]:
        first, stop = (ceil(number * self.factor) for number in (gap.number, gap.number + 1))
        for number in range(first, stop):
            share = number / self.factor - gap.number
            yield Instant(share, (gap.pts + share * gap.duration) * self.stretch)

    def result(self, span: Span) -> Span:
        return Span(ceil(span.frames * self.factor), span.start * self.stretch, span.end * self.stretch)


SOURCE_TIMES = ByFactor(Fraction(1))
"""Every frame where it was."""


def slow_motion(factor: Fraction) -> ByFactor:
    """Time stretched `factor` times at the source's rate: factor - 1 new frames in each gap."""
    return ByFactor(factor, factor)


@dataclass(frozen=True, slots=True)
class ToRate:
    """Frames every 1 / `target` seconds, from the first source frame's time on, until the source's last one is over.

    A source frame within `slack` of a point of this grid is taken for it, untouched. The last frame lasts as long as
    every other, so the result ends less than one of its frames after the source, or `slack` before.
    """

    target: Fraction

    def __str__(self) -> str:
        return f"{self.target} frames per second"

    @property
    def stretch(self) -> Fraction:
        return Fraction(1)

    @property
    def slack(self) -> Fraction:
        """Seconds: a millisecond, or an eighth of a frame where that is less."""
        return min(SLACK, 1 / (8 * self.target))

    def rate(self, rate: Fraction) -> Fraction:
        return self.target

    def tick(self, tick: Fraction) -> Fraction:
        # Of two fractions in lowest terms, the greatest that both are whole multiples of.
        step = 1 / self.target
        return Fraction(gcd(tick.numerator, step.numerator), lcm(tick.denominator, step.denominator))

    def instants(self, gap: Gap) -> Iterator[Instant]:
        begin = gap.pts - gap.origin
        for number in range(self._before(begin), self._before(begin + gap.duration)):
            late = number / self.target - begin
            yield Instant(late / gap.duration if late > self.slack else Fraction(0), gap.pts + late)

    def _before(self, seconds: Fraction) -> int:
        """How many points of the grid come before a source frame this long after the first."""
        return max(1, ceil((seconds - self.slack) * self.target)) if seconds else 0

    def result(self, span: Span) -> Span:
        frames = self._before(span.end - span.start)
        return Span(frames, span.start, span.start + frames / self.target)
