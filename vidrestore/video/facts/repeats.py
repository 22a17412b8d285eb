"""What tells a picture that only repeats the one before (animation on twos, pulldown) from motion; numbers alone.

It must hold in spite of noise and of what codecs make of pictures.
"""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise, takewhile

import numpy as np
from numpy.typing import NDArray

LONGEST, MOST = Fraction(1, 5), 12
"""Seconds, and frames, that a picture and its repeats may take and still be part of a motion: on fours at 24 frames per
second. What stays longer stands still."""
BLOCK = 8
"""Pixels a side over which luma is averaged: noise of neighbouring pixels goes, what moves stays."""
MOVING = 0.002
"""Share of the blocks that the least motion changes: a mouth."""
LIMIT, RATIO = 10.0, 0.4
"""Change of such blocks, of 255 and as a share of the one around it, up to which a picture is a repeat. Noise with a
standard deviation of 8 changes them by 5, x264 at crf 32 by 4 to 8, and motion worth the name by 20 and more."""


def is_repeat(change: float, around: float) -> bool:
    """Whether a picture that changed so much is a repeat, where the most of those around it did `around`."""
    return change <= min(LIMIT, RATIO * around)


def share_of_repeats(lumas: Sequence[NDArray[np.float32]], rate: Fraction) -> float:
    """Of consecutive frames in which something moves, (H, W) of 255 each: the share that only repeat; 0 of none.

    Frames of another size than the first, and what comes after them, are not looked at.
    """
    blocks = [_blocks(luma) for luma in takewhile(lambda luma: luma.shape == lumas[0].shape, lumas)]
    changes = [_change(*pair) for pair in pairwise(blocks)]
    reach = min(MOST, max(1, round(LONGEST * rate)))
    around = [max(changes[max(0, n - reach) : n + reach + 1]) for n in range(len(changes))]
    moving = [(change, most) for change, most in zip(changes, around, strict=True) if most > 2 * LIMIT]
    return sum(is_repeat(*each) for each in moving) / len(moving) if len(moving) >= MOST else 0.0


def _blocks(luma: NDArray[np.float32]) -> NDArray[np.float32]:
    height, width = (n // BLOCK for n in luma.shape)
    whole = luma[: height * BLOCK, : width * BLOCK].reshape(height, BLOCK, width, BLOCK)
    return np.asarray(whole.mean((1, 3)), np.float32)


def _change(before: NDArray[np.float32], after: NDArray[np.float32]) -> float:
    """As much as the blocks change that change most, without the MOVING share of them that may be chance."""
    change = np.abs(after - before).ravel()
    rank = min(change.size, 1 + int(MOVING * change.size))
    return float(np.partition(change, -rank)[-rank]) if rank else 0.0
