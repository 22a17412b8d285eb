"""Blurs found in pictures that were blurred with them: within what is promised, and doubted where there is none."""

import math
from pathlib import Path

import cv2
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from vidrestore.restoration.deblurring import psf
from vidrestore.restoration.deblurring.blind.spectrum import SURE_OF_GAUSSIAN, SURE_OF_MOTION, gaussian, motion


@pytest.fixture(scope="module")
def kodak(shared_data: Path) -> dict[str, Tensor]:
    paths = sorted((shared_data / "eval" / "kodak").glob("*.png"))
    return {p.stem: torch.from_numpy(cv2.imread(str(p))).permute(2, 0, 1).float() / 255 for p in paths}


def blurred(picture: Tensor, kernel: Tensor) -> Tensor:
    """With noise 40 dB below the picture, in 8 bits."""
    seen = F.conv2d(picture[:, None], kernel.float().flip(0, 1)[None, None])[:, 0]
    noisy = seen + float(seen.std()) / 100 * torch.randn_like(seen)
    return (255 * noisy).round().clamp(0, 255) / 255


# One for each picture and length; the whole grid of 150 is in the closing note of the issue.
STREAKS = [
    ("kodim01", 8, 96), ("kodim07", 11, 7), ("kodim13", 15, 84), ("kodim19", 22, 133), ("kodim23", 30, 29),
]  # fmt: skip


@pytest.mark.parametrize(("name", "length", "angle"), STREAKS)
def test_streaks_are_found(name: str, length: float, angle: float, kodak: dict[str, Tensor]) -> None:
    found = motion(blurred(kodak[name], psf.motion(length, angle)))
    assert abs(found.length - length) <= 1
    assert abs((found.angle - angle + 90) % 180 - 90) <= 3
    assert SURE_OF_MOTION <= found.confidence <= 1


@pytest.mark.parametrize("sigma", [0.8, 2, 4.5])
@pytest.mark.parametrize("name", ["kodim01", "kodim23"])
def test_bells_are_found(name: str, sigma: float, kodak: dict[str, Tensor]) -> None:
    picture = blurred(kodak[name], psf.gaussian(sigma))
    found = gaussian(picture)
    assert abs(found.sigma - sigma) <= max(0.3, 0.15 * sigma)
    assert SURE_OF_GAUSSIAN <= found.confidence <= 1


def test_what_is_not_there_is_doubted(kodak: dict[str, Tensor]) -> None:
    for picture in kodak.values():
        assert gaussian(picture).confidence < SURE_OF_GAUSSIAN
    for name in ("kodim01", "kodim19"):  # fences and planks: the most like a streak
        assert motion(kodak[name]).confidence < SURE_OF_MOTION
    assert gaussian(blurred(kodak["kodim07"], psf.motion(8, 10))).confidence < SURE_OF_GAUSSIAN
    assert motion(blurred(kodak["kodim07"], psf.gaussian(2))).confidence < SURE_OF_MOTION


@pytest.mark.parametrize("picture", [torch.rand(3, 80, 90), torch.full((3, 64, 64), 0.5)], ids=["noise", "flat"])
def test_pictures_of_nothing_show_no_blur(picture: Tensor) -> None:
    for found in (motion(picture), gaussian(picture)):
        assert 0 <= found.confidence < 0.6 and math.isfinite(found.confidence)


def test_small_pictures_are_refused() -> None:
    with pytest.raises(ValueError, match="100x63 is too small"):
        motion(torch.rand(3, 63, 100))
