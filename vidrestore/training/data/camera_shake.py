"""Blur of a camera that shakes while its shutter is open."""

import cv2
import numpy as np
from numpy.typing import NDArray

from .footage import Codes

STEPS = 64
"""Moments on the path."""
REACH = 12
"""Pixels from the middle to the edge of the kernel."""


def path_kernel(rng: np.random.Generator) -> NDArray[np.float32]:
    """A point's streak, (2 REACH + 1, 2 REACH + 1), its sum 1: a walk that drifts aside, slower here and faster there.

    The middle of the exposure lies in the middle, as in footage (exposure.py); the mean of the path may not.
    """
    turns = np.cumsum(rng.normal(0, rng.uniform(0.02, 0.35), STEPS)) + rng.uniform(0, 2 * np.pi)
    speeds = np.exp(np.cumsum(rng.normal(0, rng.uniform(0, 0.15), STEPS)))[:, None]
    points = np.cumsum(speeds * np.column_stack((np.cos(turns), np.sin(turns))), axis=0)
    points -= points[STEPS // 2]
    points *= rng.uniform(1.5, REACH - 1) / np.abs(points).max()
    kernel = np.zeros((2 * REACH + 1, 2 * REACH + 1), np.float32)
    for x, y in points + REACH:
        left, top = int(x), int(y)
        right_share, lower_share = x - left, y - top
        kernel[top, left] += (1 - right_share) * (1 - lower_share)
        kernel[top, left + 1] += right_share * (1 - lower_share)
        kernel[top + 1, left] += (1 - right_share) * lower_share
        kernel[top + 1, left + 1] += right_share * lower_share
    return kernel / np.float32(STEPS)


def shaken(picture: Codes, *, side: int, gamma: float, rng: np.random.Generator) -> tuple[Codes, Codes]:
    """A random patch (side, side, 3) of a still picture, blurred as light, codes ** `gamma`, and the patch as it is."""
    y, x = (int(rng.integers(n - side + 1)) for n in picture.shape[:2])
    height, width = picture.shape[:2]
    above, left = max(0, y - REACH), max(0, x - REACH)
    around = picture[above : min(height, y + side + REACH), left : min(width, x + side + REACH)]
    light = (around.astype(np.float32) / 255) ** gamma
    seen = cv2.filter2D(light, -1, path_kernel(rng), borderType=cv2.BORDER_REFLECT)
    inner = seen[y - above : y - above + side, x - left : x - left + side]
    codes = np.rint(np.clip(inner, 0, 1) ** (1 / gamma) * 255)
    return np.asarray(codes, np.uint8), picture[y : y + side, x : x + side]
