"""Long motion that the search from coarse to fine loses is looked for far away, and only where that is needed."""

from fractions import Fraction

import cv2
import numpy as np

from vidrestore.restoration.interpolation.flow import FlowInterpolator
from vidrestore.restoration.interpolation.motion import far
from vidrestore.restoration.interpolation.motion.moving_pair import between, grey
from vidrestore.restoration.interpolation.motion.presets import PRESETS

from .test_flow import psnr, shifted, tensor, texture

SEARCH = PRESETS["fast"].search


def coarse(height: int, width: int) -> np.ndarray:
    """Blots of about 30 pixels, which a picture eight times smaller still shows."""
    noise = np.random.default_rng(3).standard_normal((height, width, 3)).astype(np.float32)
    return np.clip(0.5 + cv2.GaussianBlur(noise, (0, 0), 10) * 7, 0, 1).astype(np.float32)


def test_blocks_are_found_far_away() -> None:
    wide = coarse(240, 480)
    first, second = wide[:, 80:-80], shifted(wide, 64, 16)[:, 80:-80]
    found = far.begin(grey(first), grey(second))
    assert np.abs(np.median(found[40:-40, 90:-90], axis=(0, 1)) - (64, 16)).max() <= 4


def test_what_is_believed_is_not_searched_again() -> None:
    still = texture(128, 192)
    assert between(still, shifted(still, 6, 2), SEARCH).far is None


def test_a_motion_of_a_quarter_of_the_width_is_followed() -> None:
    """11 dB by the first search alone."""
    wide = np.clip(coarse(240, 640) + (texture(240, 640) - 0.5) / 3, 0, 1)
    frames = [shifted(wide, dx, 0)[:, 160:-160] for dx in (0, 40, 80)]
    (made,) = FlowInterpolator(SEARCH)(tensor(frames[0]), tensor(frames[2]), [Fraction(1, 2)])
    inner = (slice(8, -8), slice(90, -90))
    assert psnr(frames[1][inner], made.permute(1, 2, 0).numpy()[inner]) > 30
