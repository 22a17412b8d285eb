"""A second answer where the first is not believable: the search, begun from blocks that were looked for far away.

Dense inverse search goes from coarse to fine, and loses what is small on the coarse pictures and moves farther than it
is wide. Where such a thing is found at all, a search of whole displacements on a small picture finds it.
"""

from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray

from .warp import Flow

WIDTH = 80
"""Pixels of the small picture, the longer side; but it is at least SMALLER times smaller."""
SMALLER = 8
REACH = 12
"""Of its pixels that the search goes each way: 96 of a picture that is 640 wide."""
BLOCK = 5
EVEN = 4.0
"""Sigma of the Gaussian that is taken off, so that light does not count."""
FARTHER = 0.15
"""Codes of mean difference for which it goes a pixel farther."""


def begin(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> Flow:
    """Displacements of the blocks of `first`, in pixels, of its size; luma of one size."""
    height, width = first.shape
    smaller = max(SMALLER, max(height, width) / WIDTH)
    size = max(1, round(width / smaller)), max(1, round(height / smaller))
    one, other = _detail(first, size), _detail(second, size)
    padded = cv2.copyMakeBorder(other, REACH, REACH, REACH, REACH, cv2.BORDER_REPLICATE)
    least, best = np.full(one.shape, np.inf, np.float32), np.zeros((*one.shape, 2), np.float32)
    reach = range(-REACH, REACH + 1)
    for down, right in product(reach, reach):
        there = padded[REACH + down :, REACH + right :][: size[1], : size[0]]
        cost = cv2.blur(cv2.absdiff(one, there), (BLOCK, BLOCK)) + FARTHER * float(np.hypot(down, right))
        better = cost < least
        least[better], best[better] = cost[better], (right, down)
    smooth = [cv2.medianBlur(np.ascontiguousarray(best[..., axis]), 5) for axis in (0, 1)]
    enlarged = cv2.resize(cv2.merge(smooth), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(enlarged * np.array((width / size[0], height / size[1]), np.float32), np.float32)


def _detail(grey: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.float32]:
    small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    return np.asarray(small - cv2.GaussianBlur(small, (0, 0), EVEN), np.float32)
