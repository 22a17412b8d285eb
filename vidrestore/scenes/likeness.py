"""Likeness of two small pictures: along the optical flow between them, and in their colours."""

from itertools import product
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

Small = NDArray[np.uint8]
"""(h, w, 3): Y, U, V of 8 bits, a hundred pixels or two along the longer side."""
Values = TypeVar("Values", bound=np.generic)

FAINT = 8.0
"""Contrast granted to every picture, so that noise in the dark is no change; of 255."""
BACK = 1.0
"""Pixels from where it began that a point may arrive, brought along the flow and back."""
SAME = 0.5
"""Difference that a point found again may have, as a share of the pictures' contrast."""
LUMA_BINS, CHROMA_BINS = 8, 16
"""Of 256 codes: luma, which light changes, in fewer than chroma."""

_quick = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
_careful = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)


def contrast(picture: Small) -> float:
    """Mean difference of luma to its own mean."""
    luma = picture[..., 0]
    return float(cv2.mean(cv2.absdiff(luma, np.full_like(luma, round(cv2.mean(luma)[0]))))[0])


def unexplained(before: Small, after: Small) -> float:
    """Mean difference of `after` to `before` moved along the optical flow between them; Y, U and V added."""
    moved = _warp(before, _motion(before, after))
    return sum(cv2.mean(cv2.absdiff(moved, after))[:3])


def share_found(before: Small, after: Small) -> float:
    """Share of `after` that is found in `before`: the flow there leads back, and to the same colours.

    More thorough than `unexplained`: the search begins where the pictures fit best as a whole.
    """
    there, back = (_motion(*pair, flow=_careful, start=_shift(*pair)) for pair in ((before, after), (after, before)))
    misses = np.linalg.norm(there + _warp(back, there), axis=2)
    differs = cv2.absdiff(_warp(before, there), after).sum(2, dtype=np.float32)
    same = SAME * (max(contrast(before), contrast(after)) + FAINT)
    return float(np.mean((misses < BACK) & (differs < same)))


def colour_distance(one: Small, other: Small) -> float:
    """0: the same colours, wherever they lie; 1: none of them in common. Where all is grey, brightness alone counts."""
    by_luma = _apart(one[..., :1], other[..., :1], [LUMA_BINS])
    by_all = _apart(one, other, [LUMA_BINS, CHROMA_BINS, CHROMA_BINS])
    return (by_luma + by_all) / 2


def _apart(one: Small, other: Small, bins: list[int]) -> float:
    """Share of one histogram that the other lacks."""
    channels = list(range(len(bins)))
    counts = (cv2.calcHist([picture], channels, None, bins, [0, 256] * len(bins)) for picture in (one, other))
    first, second = (each / each.sum() for each in counts)
    return 1 - float(np.minimum(first, second).sum())


def _motion(
    before: Small, after: Small, *, flow: cv2.DISOpticalFlow = _quick, start: tuple[int, int] = (0, 0)
) -> NDArray[np.float32]:
    """(h, w, 2): where each pixel of `after` was in `before`, from where it is; x, y."""
    begin = np.full((*after.shape[:2], 2), start, np.float32)
    return np.asarray(flow.calc(after[..., 0], before[..., 0], begin), np.float32)


def _shift(before: Small, after: Small) -> tuple[int, int]:
    """Where a quarter of `after` was in `before`, from where it is, x, y: that of nine quarters which fits best."""
    height, width = after.shape[0] // 2, after.shape[1] // 2
    best, shift = -1.0, (0, 0)
    for y, x in product((0, height // 2, height), (0, width // 2, width)):
        likeness = cv2.matchTemplate(before, after[y : y + height, x : x + width], cv2.TM_CCOEFF_NORMED)
        _, most, _, (there_x, there_y) = cv2.minMaxLoc(likeness)
        if best < most <= 1:  # of a flat quarter it is infinite, or not a number
            best, shift = most, (there_x - x, there_y - y)
    return shift


def _warp(picture: NDArray[Values], motion: NDArray[np.float32]) -> NDArray[Values]:
    height, width = motion.shape[:2]
    places = np.dstack(np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)))
    moved = cv2.remap(picture, motion + places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, picture.dtype)
