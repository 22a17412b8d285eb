"""Turning and mirroring pictures as a video's display matrix says."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Turn = tuple[int, int, int, int]
"""Signs of a display matrix's a, b, c, d, of which it uses two: (1, 0, 0, 1) is upright."""


def turn_of(display_matrix: tuple[int, ...] | None) -> Turn:
    """None: upright."""
    if display_matrix is None:
        return 1, 0, 0, 1
    a, b, _, c, d, *_ = ((value > 0) - (value < 0) for value in display_matrix)
    return (0, b, c, 0) if abs(display_matrix[1]) > abs(display_matrix[0]) else (a, 0, 0, d)


def size_after(turn: Turn, width: int, height: int) -> tuple[int, int]:
    """Width and height of a picture that has been turned."""
    return (height, width) if turn[1] else (width, height)


def turn_upright(samples: NDArray[Any], turn: Turn) -> NDArray[Any]:
    """(H, W, ...) samples as a player shows them."""
    a, b, c, d = turn
    if b:  # x and y are swapped
        samples, a, d = samples.swapaxes(0, 1), c, b
    return np.ascontiguousarray(samples[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1])
