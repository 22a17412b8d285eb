"""The shift between two sources in frames, estimated from thumbnails."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Shift:
    """The offset in frames under which two sources look most alike."""

    offset: int
    """The first source's frame `offset` looks like the second's first; below 0 the other way round."""
    gain: float
    """How many times nearer the pictures are than without an offset; 1 where the offset is 0."""


def shift(reference: NDArray[np.float32], distorted: NDArray[np.float32]) -> Shift:
    """Compare (n, D) and (m, D) thumbnails under every offset that leaves at least half of the shorter source.

    Of equally good offsets the smallest wins, 0 first.
    """
    n, m = len(reference), len(distorted)
    least = (min(n, m) + 1) // 2
    squares = (reference**2).sum(axis=1)[:, None] + (distorted**2).sum(axis=1)
    apart = np.maximum(squares - 2 * reference @ distorted.T, 0) / reference.shape[1]  # (n, m)
    costs = {offset: _cost(apart, offset) for offset in range(least - m, n - least + 1)}
    offset = min(costs, key=lambda each: (costs[each], abs(each)))
    return Shift(offset, (costs[0] + _NOTHING) / (costs[offset] + _NOTHING))


_NOTHING = 1e-6
"""A mean squared distance of thumbnails that rounding alone can make; their deviation is 1."""


def _cost(apart: NDArray[np.float32], offset: int) -> float:
    return float(np.diagonal(apart, -offset).mean())
