"""SourceIndex: every packet of a video's pictures, and where decoding can begin for a moment of it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

NONE = -(2**63)
"""In place of a time stamp that is missing."""
HIDDEN, LOST, HURT, START = 1, 2, 4, 8
"""Flags of a packet: not to be shown; cut short, so that it is not decoded; its structure is broken; decoding may begin
with it, since its picture, and all shown later, are then as if decoded from the beginning."""
MOST_DOUBLE = 1000
"""Pictures of the time stamp of the one before, up to which it is looked at how far they move others."""
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Packets:
    """Of one stream, in the file's order; arrays of one length."""

    raw: Numbers
    """pts as it is in the file, in ticks of the stream's clock, or NONE."""
    pts: Numbers
    """As `Timeline` sets it right, as are the next two."""
    dts: Numbers
    duration: Numbers
    size: Numbers
    sum: Numbers
    """CRC-32 of the first SUMMED bytes: known again by it and its size."""
    place: Numbers
    """Byte of the file at which it begins; NONE: not known."""
    flags: Numbers


SUMMED = 2**12


@dataclass(frozen=True)
class Findings:
    """What `Timeline` said of the file's clock; its words."""

    joins: list[Fraction] = field(default_factory=list)
    gaps: list[tuple[Fraction, Fraction]] = field(default_factory=list)
    impossible: int = 0


@dataclass(frozen=True)
class Entry:
    """Where decoding begins, and the first frame that counts: all before are left out."""

    packet: int
    pts: int
    number: int
    """Of that frame among all that are shown, from 0."""


@dataclass(frozen=True)
class SourceIndex:
    """The packets of a video's pictures, found without decoding."""

    packets: Packets
    time_base: Fraction
    """Seconds per tick."""
    ends: tuple[Fraction, Fraction]
    """Where the packets end, of the pictures and of all streams, in seconds on the file's clock."""
    findings: Findings
    by_place: bool
    """Packets are found again by their bytes, not by their times."""
    single: bool
    """There is one picture for each packet."""
    refusal: str
    """Why no safe beginning but the first is known; "" where one may be."""

    @cached_property
    def shown(self) -> Numbers:
        """pts of what is shown, in that order."""
        packets = self.packets
        return np.sort(packets.pts[packets.flags & (HIDDEN | LOST) == 0])

    @cached_property
    def starts(self) -> Numbers:
        """Packets with which decoding may begin, in the file's order."""
        packets = self.packets
        before = np.maximum.accumulate(np.concatenate(([NONE], packets.pts)))[:-1]
        # What is shown later than the picture here, but lies before it, would be missing.
        return np.flatnonzero((packets.flags & START != 0) & (before < packets.pts))

    @property
    def frames(self) -> int | None:
        """Frames that decoding gives; None where only decoding tells."""
        whole = not (self.refusal or (self.packets.flags & (LOST | HURT)).any())
        return len(self.shown) if whole and self.single and self._begins() else None

    def first_from(self, moment: Fraction) -> int:
        """The number of the first frame that is shown at a moment or later, in seconds on the file's clock."""
        return int(np.searchsorted(self.shown, -(-moment // self.time_base)))

    def times(self) -> Iterator[Fraction]:
        """When each frame is shown, in seconds on the file's clock."""
        return (int(tick) * self.time_base for tick in self.shown)

    def _begins(self) -> bool:
        """Whether the first packet is the first picture, and can be decoded."""
        packets = self.packets
        return bool(len(packets.pts) and packets.flags[0] & START and packets.pts[0] == packets.pts.min())

    def entry(self, moment: Fraction, *, rate: Fraction, lead: Fraction = Fraction(0), frames: int = 0) -> Entry | None:
        """Where to begin for the frames from a moment on.

        Args:
            moment: seconds on the file's clock.
            rate: average frames per second, by which a `Clock` repairs time stamps.
            lead: seconds before it that are needed too.
            frames: and so many frames at least.

        Returns:
            None: only the file's beginning is safe.
        """
        if self.refusal:
            return None
        first, early = self.first_from(moment), self.first_from(moment - lead)
        return self._entry(min(early, max(0, first - frames), len(self.shown) - 1), rate)

    def entry_at(self, number: int, *, rate: Fraction, lead: Fraction = Fraction(0), frames: int = 0) -> Entry | None:
        """The same for frame `number`, from 0; None where frames cannot be counted without decoding, too."""
        if self.frames is None:
            return None
        moment = int(self.shown[min(number, len(self.shown) - 1)]) * self.time_base
        return self.entry(moment, rate=rate, lead=lead, frames=frames)

    def _entry(self, number: int, rate: Fraction) -> Entry | None:
        if number <= 0 or not self._is_settled(number, rate):
            return None
        packets, first = self.packets, int(self.shown[number])
        usable = self.starts[packets.pts[self.starts] <= first]
        if not len(usable) or not (packet := int(usable[-1])):
            return None
        until = int(np.flatnonzero(packets.pts == first)[0])
        if (packets.flags[packet : until + 1] & (LOST | HURT)).any():
            return None
        return Entry(packet, first, number)

    def _is_settled(self, number: int, rate: Fraction) -> bool:
        """Whether a frame has its own time, however a `Clock` has moved those before it that have one time together.

        It moves each by a step of the average rate at most, as long as they come no later than that.
        """
        shown = self.shown[: number + 1]
        double = np.flatnonzero(np.diff(shown) == 0) + 1
        if len(double) > MOST_DOUBLE:
            return False
        step = -(-1 / rate // self.time_base)
        return all((shown[n + 1 :] > shown[n] + step * np.arange(2, number - n + 2)).any() for n in double)
