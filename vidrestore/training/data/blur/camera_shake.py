"""Blur of a camera that shakes while its shutter is open."""

import cv2
import numpy as np
from numpy.typing import NDArray

from ..footage import Codes
from .exposure import glowing, light_of

STEPS = 64
"""Moments on the path."""
REACH = 12
"""Pixels from the middle to the edge of the kernel."""
OF_FRAME = 48
"""Moments on the path from one frame to the next, in a row of frames."""
FAR = 40
"""Pixels that a point may go in such a row."""


def path_kernel(rng: np.random.Generator) -> NDArray[np.float32]:
    """A point's streak, (2 REACH + 1, 2 REACH + 1), its sum 1: a walk that drifts aside, slower here and faster there.

    The middle of the exposure lies in the middle, as in footage (exposure.py); the mean of the path may not.
    """
    turns = np.cumsum(rng.normal(0, rng.uniform(0.02, 0.35), STEPS)) + rng.uniform(0, 2 * np.pi)
    speeds = np.exp(np.cumsum(rng.normal(0, rng.uniform(0, 0.15), STEPS)))[:, None]
    points = np.cumsum(speeds * np.column_stack((np.cos(turns), np.sin(turns))), axis=0)
    points -= points[STEPS // 2]
    points *= rng.uniform(1.5, REACH - 1) / np.abs(points).max()
    return _kernel(points, REACH)


def shaken_window(
    picture: Codes, *, side: int, gamma: float, glow: float, rng: np.random.Generator
) -> tuple[list[NDArray[np.float32]], Codes]:
    """A random patch of a still picture in three frames by a shaken camera, each shaken in its own way on one path.

    Returns:
        (side, side, 3) in [0, 1] each, and the codes of the patch in the middle of the second one's time.
    """
    wide = side + 2 * FAR
    scale = max(rng.uniform(1, 1.6) if rng.random() < 0.5 else 1, wide / min(picture.shape[:2]))
    picture = np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC), np.uint8)
    y, x = (int(rng.integers(n - wide + 1)) for n in picture.shape[:2])
    light = glowing(light_of(picture[y : y + wide, x : x + wide], gamma), glow)
    inner = slice(FAR, -FAR)
    seen = [
        cv2.filter2D(light, -1, _kernel(streak, FAR)[::-1, ::-1], borderType=cv2.BORDER_REFLECT)[inner, inner]
        for streak in _streaks(rng)
    ]
    codes = np.rint(np.clip(light[inner, inner], 0, 1) ** (1 / gamma) * 255)
    return [np.asarray(np.clip(each, 0, 1) ** (1 / gamma), np.float32) for each in seen], np.asarray(codes, np.uint8)


def _streaks(rng: np.random.Generator) -> list[NDArray[np.float64]]:
    """Where a point is in each of three exposures, pixels from where it is in the middle of the second."""
    total = 3 * OF_FRAME
    turns = np.cumsum(rng.normal(0, rng.uniform(0.03, 0.5), total)) + rng.uniform(0, 2 * np.pi)
    speeds = np.exp(np.cumsum(rng.normal(0, rng.uniform(0, 0.25), total)).clip(-2, 2))[:, None]
    points = np.cumsum(speeds * np.column_stack((np.cos(turns), np.sin(turns))), axis=0)
    points -= points[total // 2]
    half = int(rng.integers(OF_FRAME // 4, OF_FRAME + 1)) // 2
    middles = (OF_FRAME // 2, total // 2, total - OF_FRAME // 2)
    streaks = [points[middle - half : middle + half + 1] for middle in middles]
    longest = max(float(np.abs(streak - streak.mean(0)).max()) for streak in streaks)
    farthest = max(float(np.abs(streak).max()) for streak in streaks)
    scale = min(rng.uniform(0.6, 10) / max(longest, 1e-6), (FAR - 2) / farthest)
    return [streak * scale for streak in streaks]


def _kernel(streak: NDArray[np.float64], reach: int) -> NDArray[np.float32]:
    """(2 reach + 1, 2 reach + 1), its sum 1: points x, y, shared by the four pixels around each."""
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1))
    whole = np.floor(streak).astype(int)
    part = streak - whole
    for right, below in ((0, 0), (0, 1), (1, 0), (1, 1)):
        share = np.abs(1 - right - part[:, 0]) * np.abs(1 - below - part[:, 1])
        np.add.at(kernel, (whole[:, 1] + reach + below, whole[:, 0] + reach + right), share)
    return np.asarray(kernel / kernel.sum(), np.float32)


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
