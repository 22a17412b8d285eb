"""How compressed a video counts as: by the step of its encoder's quantiser, which is told or guessed."""

from collections.abc import Sequence
from math import log2

import numpy as np
from numpy.typing import NDArray

MIDDLE = 8.0
"""Step in 8-bit codes from which a video counts as compressed: between x264's CRF 18 and 23."""
BITS = {
    **dict.fromkeys(("hevc", "vp9"), 0.65),
    "av1": 0.55,
    **dict.fromkeys(("mpeg4", "h263", "flv1", "wmv2", "wmv3", "vc1", "theora", "vp8"), 1.5),
    **dict.fromkeys(("mpeg1video", "mpeg2video", "msmpeg4v2", "msmpeg4v3", "wmv1", "h261"), 2.0),
    **dict.fromkeys(("prores", "dnxhd", "dvvideo", "cfhd"), 3.0),
    "mjpeg": 4.0,
}
"""Codec -> bits it takes for what takes H.264 one, roughly; codecs that are not listed take as many."""
UNKNOWN = 16.0
"""The step in 8-bit codes that is taken where nothing is known, or what is known is not believed: x264's at CRF 26."""
CONSTANT, OF_BITS, OF_DETAIL, OF_CHANGE = 0.38, -0.89, 0.54, 0.28
"""Of the guess: log2(1 + step) by the logarithms of bits a pixel, of detail and of change. Fitted to 408 clips of
data/train at known quantisers of x264 and x265; half of the guesses are within a third of an octave."""
LEAST = 0.1
"""8-bit codes: of detail and of change it is added, so that nothing has a logarithm too."""


def compression_of(step: float) -> float:
    """0 as good as not at all to 1, in octaves of the step; 0.5 at MIDDLE."""
    return min(1.0, max(0.0, log2(1 + step) / (2 * log2(1 + MIDDLE))))


def step_of(compression: float) -> float:
    """The other way round."""
    return float(2 ** (compression * 2 * log2(1 + MIDDLE)) - 1)


def guessed_step(bits: float, codec: str, lumas: Sequence[NDArray[np.float32]]) -> float:
    """In 8-bit codes, where no decoder tells it.

    Args:
        bits: a pixel, of the packets.
        lumas: consecutive frames (H, W) in 8-bit codes; one alone is taken to change as much as it has detail.
    """
    if bits <= 0 or not lumas:
        return 0.0
    detail = np.mean(
        [np.abs(np.diff(lumas[-1], axis=axis)).mean() for axis in (0, 1) if lumas[-1].shape[axis] > 1] or [0]
    )
    same = len(lumas) > 1 and lumas[-2].shape == lumas[-1].shape
    change = np.abs(lumas[-1] - lumas[-2]).mean() if same else detail
    octaves = CONSTANT + OF_BITS * log2(bits / BITS.get(codec, 1.0))
    octaves += OF_DETAIL * log2(detail + LEAST) + OF_CHANGE * log2(change + LEAST)
    return float(2 ** max(0.0, octaves) - 1)
