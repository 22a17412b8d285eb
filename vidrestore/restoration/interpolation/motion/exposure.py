"""Fades, flashes and steps of exposure: how the light of two pictures differs, as a gain and an offset a channel."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .warp import Flow, Picture, warp

SMALLER = 4
"""Times, each way, that pictures are made smaller for the comparison; two pixels of these are one, so that no fine
pattern looks as if its light had changed."""
KEPT = 0.6
"""Share of the samples that the line is drawn through: those nearest to it."""
ROUNDS = 4
LEAST = 1.5 / 255
"""Mean difference from which pictures count as differing in light."""
LEFT = 0.6
"""Share of it that the line leaves, at most."""
GAIN = (0.3, 1 / 0.3)
"""Beyond that too little is left of one of the pictures."""


@dataclass(frozen=True, slots=True)
class Exposure:
    """The second picture is gain * the first + offset, where nothing else changed."""

    gain: NDArray[np.float32]
    """(3,), of red, green and blue."""
    offset: NDArray[np.float32]
    """(3,), with white at 1."""

    def first_at(self, first: Picture, time: float) -> Picture:
        """The first picture in the light at `time`, which changes evenly from 0 to 1."""
        gain, offset = self._at(time)
        return np.asarray(first * gain + offset, np.float32)

    def second_at(self, second: Picture, time: float) -> Picture:
        """The second in that light."""
        gain, offset = self._at(time)
        return np.asarray((second - self.offset) * (gain / self.gain) + offset, np.float32)

    def _at(self, time: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        return 1 + (self.gain - 1) * np.float32(time), self.offset * np.float32(time)


def find(first: Picture, second: Picture, forward: Flow) -> Exposure | None:
    """The change of light from one picture to the next; None where there is none, or none that one line explains.

    Args:
        forward: motion from the first, in pixels.
    """
    height, width = first.shape[:2]
    size = max(1, width // SMALLER), max(1, height // SMALLER)
    one, other, flow = (
        cv2.blur(cv2.resize(each, size, interpolation=cv2.INTER_AREA), (2, 2)) for each in (first, second, forward)
    )
    moved = warp(other, np.asarray(flow / SMALLER, np.float32), 1, cv2.INTER_LINEAR)
    before = float(np.median(np.abs(one - moved)))
    if before < LEAST:
        return None
    lines = [_line(one[..., channel].ravel(), moved[..., channel].ravel()) for channel in range(3)]
    gain, offset = (np.array(each, np.float32) for each in zip(*lines, strict=True))
    after = float(np.median(np.abs(one * gain + offset - moved)))
    if after > LEFT * before or not (GAIN[0] < gain.min() and gain.max() < GAIN[1]):
        return None
    return Exposure(gain, offset)


def _line(x: NDArray[np.float32], y: NDArray[np.float32]) -> tuple[float, float]:
    """Gain and offset of the line through most samples, the same whichever picture comes first."""
    gain, offset = 1.0, float(np.median(y - x))
    for _ in range(ROUNDS):
        apart = np.abs(y - gain * x - offset)
        near = apart <= np.quantile(apart, KEPT)
        across, up = float(x[near].std()), float(y[near].std())
        gain = up / across if across > 1 / 255 and up > 1 / 255 else 1.0
        offset = float(y[near].mean() - gain * x[near].mean())
    return gain, offset
