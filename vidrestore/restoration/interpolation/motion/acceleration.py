"""How motion changes from gap to gap: four frames tell that what moves between two of them does not move evenly.

A pixel's place at four times gives the cubic through them, as in "Quadratic Video Interpolation" (Xu et al. 2019) with
one frame more. By Neville's rule it is the mean of two parabolas, through the first three and the last three.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..timing import LONGER
from .paths import Motion
from .warp import Flow, warp

SMALLER = 4
"""Times, each way, that all is computed smaller: how motion changes differs little from pixel to pixel."""
SLIGHT, SHARE = 1.0, 0.1
"""Pixels by which the motions there and back may disagree, and the share of their length that comes on top."""
AROUND = 1.0
"""Sigma of the Gaussian, in pixels of the smaller size, over which the change is averaged."""
DOUBT = 0.1
"""Trust that nothing changes, beside the trust in either change."""
NOISE = 0.3
"""Pixels in a gap squared that are found where nothing changes."""

Plane = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Change:
    """Of what is at each pixel of one picture, at 1 / SMALLER of the size."""

    acceleration: Flow
    """Pixels in a gap squared."""
    trust: Plane
    """0 to 1."""


@dataclass(frozen=True, slots=True)
class Acceleration:
    """In a gap between two pictures, which lasts 1."""

    first: Change
    """On the grid of the first picture, from the gap before."""
    second: Change
    """On the grid of the second, from the gap after."""
    before: float
    """How long the gap before lasts."""
    after: float

    def offset(self, flow: Flow, time: float) -> Flow:
        """How far what is at each pixel at a time between 0 and 1 lies ahead of where even motion would have it.

        Args:
            flow: from the first picture to the second, of what is there at that time, in pixels: (H, W, 2).

        Returns:
            Pixels: (H, W, 2).
        """
        height, width = flow.shape[:2]
        small = _smaller(flow) / np.float32(SMALLER)
        total = np.full(small.shape[:2], DOUBT, np.float32)
        changes = np.zeros_like(small)
        near = (1 + self.after - time) / (1 + self.before + self.after)
        for change, share, weight in ((self.first, -time, near), (self.second, 1 - time, 1 - near)):
            trust = warp(change.trust, small, share, cv2.INTER_LINEAR)
            there = warp(change.acceleration, small, share, cv2.INTER_LINEAR) * trust[..., None]
            around = _mean(trust)
            changes += weight * around[..., None] * _mean(there) / (around[..., None] + np.float32(1e-3))
            total += weight * around
        changes /= total[..., None]
        squared = np.sum(changes * changes, 2, keepdims=True)
        changes *= squared / (squared + np.float32(NOISE**2)) * np.float32(-time * (1 - time) / 2)
        return np.asarray(cv2.resize(changes, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


@dataclass(frozen=True, slots=True)
class Known:
    """A motion at 1 / SMALLER of the size, in pixels of the whole picture, and how far it is to be trusted, 0 to 1."""

    forward: Flow
    """On the grid of the first picture."""
    backward: Flow
    """On the grid of the second, as `Motion` has it."""
    there: Plane
    """Trust in `forward`."""
    back: Plane


def known(motion: Motion) -> Known:
    """A motion, as `find` compares it with those of the gaps beside it: trusted as far as it agrees there and back."""
    there, back = (_smaller(flow) for flow in motion)
    forward, backward = there / np.float32(SMALLER), back / np.float32(SMALLER)
    return Known(
        there,
        back,
        _trust(forward, forward - warp(backward, forward, 1, cv2.INTER_LINEAR)),
        _trust(backward, backward - warp(forward, backward, -1, cv2.INTER_LINEAR)),
    )


def find(before: Known, motion: Known, after: Known, lasts: tuple[float, float]) -> Acceleration | None:
    """How motion changes in a gap.

    Args:
        before: of the gap that ends with the first picture, as `after` of that which begins with the second.
        lasts: how long these two gaps last, in times of the gap itself.

    Returns:
        None where one lasts so long that it tells nothing.
    """
    if not all(1 / LONGER <= each <= LONGER for each in lasts):
        return None
    first = (motion.forward - before.backward / np.float32(lasts[0])) * np.float32(2 / (1 + lasts[0]))
    second = (after.forward / np.float32(lasts[1]) - motion.backward) * np.float32(2 / (1 + lasts[1]))
    return Acceleration(Change(first, motion.there * before.back), Change(second, motion.back * after.there), *lasts)


def _trust(flow: Flow, apart: Flow) -> Plane:
    allowed = SLIGHT / SMALLER + SHARE * np.linalg.norm(flow, axis=2)
    return np.asarray(np.exp(-np.square(np.linalg.norm(apart, axis=2) / allowed)), np.float32)


def _smaller(flow: Flow) -> Flow:
    height, width = flow.shape[:2]
    size = -(-width // SMALLER), -(-height // SMALLER)
    return np.asarray(cv2.resize(flow, size, interpolation=cv2.INTER_AREA), np.float32)


def _mean(image: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), AROUND), np.float32)
