"""Classical motion between two pictures, brought onto the grid of the picture that lies between them.

Dense inverse search (Kroeger et al. 2016), as OpenCV has it, in both directions. Each of the two flows lives on the
grid of the picture it starts from; the picture at time t has a grid of its own, so both are moved there along
themselves, and where they disagree the one that makes the two warped pictures more alike is taken.
"""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from .far import begin as begin_far
from .presets import Search
from .warp import Flow, Picture, warp

Grey = NDArray[np.uint8]
"""Luma as the search sees it: (H, W)."""

LEAST = 64
"""Pixels a side below which the search finds nothing: smaller pictures are continued by their edge."""
NEIGHBOURHOOD = 2.0
"""Sigma in pixels of the Gaussian over which two motions are compared."""


WIDE, MUCH, SLIGHT, MOST = 8.0, 0.5, 3 * (4 / 255) ** 2, 0.12
"""The same sigma where a motion from afar is judged; the share of the squared difference that it may leave; what must
be gained beyond that; and the most that counts of a pixel. Chosen on 16 pairs of eight clips to train on."""


class Motion(NamedTuple):
    """Between two pictures, in pixels from the first to the second."""

    forward: Flow
    """On the grid of the first."""
    backward: Flow
    """Its opposite, on the grid of the second: from the second to the first, negated."""


class Paths(NamedTuple):
    """Motion in pixels from the first picture to the second, of what is at each pixel at the time between."""

    forward: Flow
    """As seen from the first picture: right for what the second hides."""
    backward: Flow
    """As seen from the second: right for what the first hides."""
    best: Flow
    """Per pixel whichever of the two, or their mean, makes the warped pictures more alike."""


def find(first: Grey, second: Grey, search: Search, *, far: bool = False) -> Motion:
    """Search for the motion between two pictures of one size, both ways.

    Args:
        far: begin from what `far.begin` finds.
    """
    height, width = first.shape
    search = search.of_size(height, width)
    bottom, right = max(0, LEAST - height), max(0, LEAST - width)
    if bottom or right:
        first, second = (
            np.asarray(cv2.copyMakeBorder(grey, 0, bottom, 0, right, cv2.BORDER_REPLICATE), np.uint8)
            for grey in (first, second)
        )
    searcher = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    searcher.setFinestScale(search.finest_scale)
    searcher.setPatchStride(search.patch_stride)
    searcher.setVariationalRefinementIterations(search.variational_iterations)
    searcher.setGradientDescentIterations(search.descent_iterations)
    begin = (begin_far(first, second), begin_far(second, first)) if far else (None, None)
    there = searcher.calc(first, second, begin[0])[:height, :width]
    back = searcher.calc(second, first, begin[1])[:height, :width]
    return Motion(np.asarray(there, np.float32), np.asarray(-back, np.float32))


def at(motion: Motion, first: Picture, second: Picture, time: float, far: Motion | None = None) -> Paths:
    """The motion on the grid of the picture at `time`, 0 to 1.

    Args:
        far: another motion, that is taken where it makes the pictures much more alike.
    """
    forward = _moved(motion.forward, -time)
    backward = _moved(motion.backward, 1 - time)
    mean = np.asarray((forward + backward) / 2, np.float32)
    best, least = forward.copy(), _difference(first, second, forward, time)
    for flow in (backward, mean):
        difference = _difference(first, second, flow, time)
        cv2.copyTo(flow, np.asarray(difference < least, np.uint8), best)
        least = np.minimum(difference, least)
    if far is not None:
        _take_far(best, far, first, second, time)
    smooth = [cv2.medianBlur(np.ascontiguousarray(best[..., axis]), 5) for axis in (0, 1)]
    return Paths(forward, backward, np.asarray(cv2.merge(smooth), np.float32))


def _take_far(best: Flow, far: Motion, first: Picture, second: Picture, time: float) -> None:
    """Put into `best` what of `far` makes the pictures much more alike, in a wide neighbourhood."""
    forward, backward = _moved(far.forward, -time), _moved(far.backward, 1 - time)
    least = MUCH * _difference(first, second, best, time, WIDE, MOST) - SLIGHT
    for flow in (forward, backward, np.asarray((forward + backward) / 2, np.float32)):
        difference = _difference(first, second, flow, time, WIDE, MOST)
        cv2.copyTo(flow, np.asarray(difference < least, np.uint8), best)
        least = np.minimum(difference, least)


def _moved(flow: Flow, share: float) -> Flow:
    """A flow brought along itself: what lies at x came from x + share * flow. Two steps of a fixed-point iteration."""
    moved = flow
    for _ in range(2):
        moved = warp(flow, moved, share, cv2.INTER_LINEAR)
    return moved


def _difference(
    first: Picture, second: Picture, flow: Flow, time: float, sigma: float = NEIGHBOURHOOD, most: float = np.inf
) -> NDArray[np.float32]:
    """Squared difference of the two pictures moved along `flow`, in the neighbourhood of each pixel."""
    one, other = warp(first, flow, -time, cv2.INTER_LINEAR), warp(second, flow, 1 - time, cv2.INTER_LINEAR)
    apart = cv2.absdiff(one, other)
    squared = cv2.transform(cv2.multiply(apart, apart), np.ones((1, 3), np.float32))
    return np.asarray(cv2.GaussianBlur(np.minimum(squared, np.float32(most)), (0, 0), sigma), np.float32)
