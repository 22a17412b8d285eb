"""Letters and bars over moving pictures stay where they are, and what changes its light does not show twice."""

from fractions import Fraction

import cv2
import numpy as np
import pytest

from vidrestore.base.settings import Settings
from vidrestore.restoration.interpolation.choose import find
from vidrestore.restoration.interpolation.flow import FlowInterpolator
from vidrestore.restoration.interpolation.motion.moving_pair import between
from vidrestore.restoration.interpolation.motion.presets import PRESETS

from .test_flow import shifted, tensor, texture

HALF = Fraction(1, 2)
SIZE = (192, 320)
TIMES = (0.0, 0.5, 1.0)


def pan(dx: float, dy: float) -> list[np.ndarray]:
    """The picture before, between and after, of a camera that moves."""
    wide = texture(SIZE[0] + 64, SIZE[1] + 64)
    return [shifted(wide, dx * time, dy * time)[32:-32, 32:-32] for time in TIMES]


def letters(frames: list[np.ndarray], *, thick: int) -> tuple[list[np.ndarray], np.ndarray]:
    """White with a black rim over each; and where nothing behind shines through."""
    rim, white = (np.zeros(SIZE, np.uint8) for _ in range(2))
    for word, at in (("CHANNEL 5", (12, 36)), ("00:12:37", (170, 176))):
        for mask, width in ((rim, thick + 3), (white, thick)):
            cv2.putText(mask, word, at, cv2.FONT_HERSHEY_SIMPLEX, 0.4 + 0.2 * thick, 255, width, cv2.LINE_AA)
    share = rim[..., None] / np.float32(255)
    return [frame * (1 - share) + white[..., None] / np.float32(255) * share for frame in frames], rim == 255


def made(frames: list[np.ndarray], quality: str) -> np.ndarray:
    first, second = (np.rint(np.clip(each, 0, 1) * 255).astype(np.float32) / 255 for each in (frames[0], frames[2]))
    (picture,) = FlowInterpolator(PRESETS[quality].search)(tensor(first), tensor(second), [HALF])
    return picture.permute(1, 2, 0).numpy()


def psnr(truth: np.ndarray, picture: np.ndarray) -> float:
    return float(-10 * np.log10(np.mean((np.clip(truth, 0, 1) - picture) ** 2) + 1e-9))


@pytest.mark.parametrize("quality", ["fast", "balanced"])
@pytest.mark.parametrize("thick", [1, 2])
@pytest.mark.parametrize("motion", [(6, 2), (16, -5), (28, 8)])
def test_letters_stand_still_over_a_pan(quality: str, thick: int, motion: tuple[int, int]):
    """Searched like all else they come to 7 to 26 dB, and 14 to 26 with their neighbours."""
    frames, inside = letters(pan(*motion), thick=thick)
    picture = made(frames, quality)
    assert psnr(frames[1][inside], picture[inside]) >= 38
    around = cv2.dilate(inside.astype(np.uint8), np.ones((25, 25), np.uint8)) > 0
    assert psnr(frames[1][around], picture[around]) >= 22


def test_thin_lines_stand_still_over_a_pan():
    """A cross and a frame of one pixel; moved like all else they come to 5 to 9 dB."""
    frames, inside = pan(16, -5), np.zeros(SIZE, np.bool_)
    inside[96, 110:210] = inside[50:142, 160] = True
    inside[40:150, 60] = inside[40:150, 259] = inside[40, 60:260] = inside[149, 60:260] = True
    for frame in frames:
        frame[inside] = 0.95
    assert psnr(frames[1][inside], made(frames, "fast")[inside]) >= 54


def logo(frames: list[np.ndarray], share: float) -> tuple[list[np.ndarray], np.ndarray]:
    """Letters of white through which what is behind them shines."""
    white = np.zeros(SIZE, np.uint8)
    cv2.putText(white, "TV 5", (170, 60), cv2.FONT_HERSHEY_SIMPLEX, 1.2, 255, 6, cv2.LINE_AA)
    shares = white[..., None] / np.float32(255) * share
    return [frame * (1 - shares) + shares for frame in frames], white == 255


@pytest.mark.parametrize(("share", "motion", "least"), [(0.3, (6, 2), 32), (0.5, (16, -5), 28), (0.7, (28, 8), 24)])
def test_a_half_transparent_logo_stands_still(share: float, motion: tuple[int, int], least: float):
    """Moved like all else it comes to 25, 13 and 9 dB."""
    frames, inside = logo(pan(*motion), share)
    assert psnr(frames[1][inside], made(frames, "fast")[inside]) >= least


def test_no_veil_is_seen_where_a_thing_moves_before_a_pan():
    frames, thing = pan(6, 2), texture(96, 96, seed=2)
    for frame, x in zip(frames, (80, 90, 100), strict=True):
        frame[40:136, x : x + 96] = thing
    assert between(frames[0], frames[2], PRESETS["fast"].search).veil is None


def test_a_thing_at_rest_behind_a_moving_one_is_no_overlay():
    behind, thing = texture(*SIZE), texture(96, 96, seed=2)
    frames = [behind.copy() for _ in range(2)]
    for frame, x in zip(frames, (80, 100), strict=True):
        frame[40:136, x : x + 96] = thing
    assert between(*frames, PRESETS["fast"].search).front is None


def test_letterbox_bars_keep_their_edges():
    frames = pan(4, 12)
    for frame in frames:
        frame[:24] = frame[-24:] = 0
    picture = made(frames, "balanced")
    for bar in (slice(0, 24), slice(-24, None)):
        assert np.abs(picture[bar]).max() < 1 / 255
    assert psnr(frames[1][24:-24], picture[24:-24]) >= 30


@pytest.mark.parametrize(("gain", "offset"), [(0.8, 0), (0.5, 0), (0.7, 0.3), (1, 0.1)])
def test_a_fade_a_flash_and_a_step_of_exposure_show_nothing_twice(gain: float, offset: float):
    """The network, which has learned from pictures in one light, comes to 25 to 42 dB where it sees two."""
    network = find("flow", "balanced", Settings(device="cpu")).load()
    frames = [frame * (1 + (gain - 1) * time) + offset * time for frame, time in zip(pan(6, 2), TIMES, strict=True)]
    (picture,) = network(tensor(frames[0]), tensor(frames[2]), [HALF])
    inner = (slice(16, -16), slice(24, -24))
    assert psnr(frames[1][inner], picture.permute(1, 2, 0).numpy()[inner]) >= 45


def test_light_that_does_not_change_is_left_alone():
    frames = pan(6, 2)
    assert between(frames[0], frames[2], PRESETS["fast"].search).light is None
