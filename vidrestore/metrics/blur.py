"""Blur of a picture, without a reference: the slope of its luma over several pixels against that over one.

Where a picture is sharp, luma jumps from one pixel to the next; where it is blurred, it climbs over several. Each slope
is a root mean square over the picture, in which edges count most and flat parts nothing. To ask what one more blur
would take from the differences of neighbours is the idea of Crete et al. (2007): the slope over n pixels is the mean of
n differences in a row. Squares in place of their absolute values let noise be taken out: its power adds to that of the
picture, and is known from a mask that straight edges do not answer (Immerkaer 1996), by the median of its answers.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

DISTANCE = 9
"""Pixels of the long slope."""
MOST_NOISE = 0.9
"""Share of the power of differences that is taken for noise at most: fine texture answers the mask, too."""

_MASK = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
_MEDIAN = 6 * 0.6745
"""Of the mask's absolute answers to noise of standard deviation 1."""
_EVERY = 5
"""Answers of each so many rows and columns are looked at: off the grid of 8 on which codecs work."""


def blur(luma: NDArray[np.float32]) -> float:
    """0 to 1, higher where more blurred.

    It rises with the length of a motion and the sigma of a lens, more slowly where they are large; noise with a
    standard deviation of 5 of 255 hardly moves it, and 10 brings a blurred picture down by less than 0.1. It goes by
    the pixels a picture has: enlarging blurs, making smaller sharpens. Sharp text, or a sharp subject before a blurred
    background, makes a picture sharp, and so do the blocks of strong compression. Without contrast, or with no more
    than DISTANCE pixels a side, a picture has 0.

    Args:
        luma: (H, W), black at 0 and white at 1.
    """
    if min(luma.shape) <= DISTANCE:
        return 0.0
    noise = 2 * _noise(luma) ** 2
    return (_steepness(luma, noise, axis=0) + _steepness(luma, noise, axis=1)) / 2


def _steepness(luma: NDArray[np.float32], noise: float, axis: int) -> float:
    """The long slope over the short one; `noise` is its power in the difference of two pixels."""
    short, long = _power(luma, 1, axis), _power(luma, DISTANCE, axis)
    noise = min(noise, MOST_NOISE * short)
    if short == 0:
        return 0.0
    return min(1.0, math.sqrt(max(0.0, (long - noise) / (short - noise))) / DISTANCE)


def _power(luma: NDArray[np.float32], distance: int, axis: int) -> float:
    """Mean square of the differences of pixels that lie `distance` apart."""
    one, other = (luma[:-distance], luma[distance:]) if axis == 0 else (luma[:, :-distance], luma[:, distance:])
    return float(cv2.norm(one, other, cv2.NORM_L2SQR)) / one.size


def _noise(luma: NDArray[np.float32]) -> float:
    """Standard deviation, too high where most of a picture is fine texture."""
    answers = cv2.filter2D(luma, -1, _MASK)[::_EVERY, ::_EVERY]
    return float(np.median(np.abs(answers))) / _MEDIAN
