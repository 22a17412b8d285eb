"""The path of a shaken camera, found in one picture, and undone; its steps against equations solved as they stand."""

import math
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from vidrestore.restoration.deblurring.blind import path as blind
from vidrestore.restoration.deblurring.blind.edges import closed, differences, edges
from vidrestore.restoration.deblurring.blind.kernel import agreement, centred, cleaned, fitted, point
from vidrestore.restoration.deblurring.deconvolve import wiener
from vidrestore.restoration.deblurring.sparse import sparse
from vidrestore.training.data.blur.camera_shake import path_kernel


def test_a_fitted_kernel_solves_its_equations() -> None:
    rng = np.random.default_rng(0)
    sharp, seen = (rng.normal(size=(2, 12, 14)).astype(np.float32) for _ in range(2))
    side, damping = 5, 0.5
    # Each column is what one pixel of the kernel makes of the sharp pictures.
    steps = range(-(side // 2), side // 2 + 1)
    matrix = np.stack([np.roll(sharp, (y, x), (1, 2)).ravel() for y in steps for x in steps], 1).astype(float)
    wanted = np.linalg.solve(matrix.T @ matrix + damping * np.eye(side**2), matrix.T @ seen.ravel())
    assert np.abs(fitted(sharp, seen, point(side), damping) - wanted.reshape(side, side)).max() < 1e-3


def test_edges_are_few_and_where_they_were() -> None:
    picture = np.zeros((60, 60), np.float32)
    picture[15:45, 20:40] = 1
    kernel = np.zeros((5, 5), np.float32)
    kernel[2] = 0.2
    noise = np.random.default_rng(0).normal(0, 0.01, picture.shape)
    seen = (cv2.filter2D(picture, -1, kernel) + noise).astype(np.float32)
    made = edges(seen, kernel, 4e-3)
    assert np.abs(made - picture).max() < 0.2
    right = (np.hypot(*differences(made)) > 0.05) == (np.hypot(*differences(picture)) > 0)
    assert right.mean() > 0.99


def test_what_is_closed_goes_on_at_its_other_end() -> None:
    picture = np.tile(np.linspace(0, 1, 40, dtype=np.float32), (33, 1))
    whole = closed(picture, 7)
    assert (whole[:33, :40] == picture).all() and whole.shape[0] >= 40 and whole.shape[1] >= 47
    assert np.abs(differences(whole)).max() < 0.2


def test_kernels_are_cleaned_moved_and_compared() -> None:
    kernel = np.zeros((9, 9), np.float32)
    kernel[1:6, 1], kernel[8, 8], kernel[2, 6] = 1, 0.2, 0.05
    clean = cleaned(kernel)
    assert ((clean > 0) == (kernel >= 1)).all() and clean.sum() == pytest.approx(1)
    middle = centred(clean)
    assert ((middle > 0) == (np.roll(clean, (1, 3), (0, 1)) > 0)).all()
    assert agreement(clean, middle) == pytest.approx(1, abs=1e-5) and agreement(middle, middle.T.copy()) < 0.9
    assert (cleaned(-kernel) == point(9)).all()


@pytest.fixture(scope="module")
def shaken(shared_data: Path) -> tuple[Tensor, Tensor, Tensor]:
    """What a shaken camera shows, the sharp picture, and the kernel."""
    grey = cv2.imread(str(shared_data / "eval/kodak/kodim19.png"), cv2.IMREAD_GRAYSCALE)[250:430, 100:280]
    kernel = torch.from_numpy(path_kernel(np.random.default_rng(4)))
    whole = torch.from_numpy(grey.astype(np.float32) / 255)[None]
    reach = len(kernel) // 2
    seen = F.conv2d(whole[None], kernel.flip(0, 1)[None, None])[0]
    seen = seen + 1 / 255 * torch.randn(seen.shape, generator=torch.Generator().manual_seed(0))
    return seen, whole[:, reach:-reach, reach:-reach], kernel


def gain(made: Tensor, seen: Tensor, sharp: Tensor) -> float:
    errors = [float((each - sharp)[..., 12:-12, 12:-12].square().mean()) for each in (seen, made)]
    return 10 * math.log10(errors[0] / errors[1])


def test_a_path_is_found(shaken: tuple[Tensor, Tensor, Tensor]) -> None:
    seen, _, kernel = shaken
    found = blind.path(seen)
    assert found.trusted and agreement(found.psf.float().numpy(), np.pad(kernel.numpy(), 1)) > 0.9


def test_a_path_that_is_another_elsewhere_is_not_believed(shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blind, "LOOKED_AT", 120)
    grey = cv2.imread(str(shared_data / "eval/kodak/kodim19.png"), cv2.IMREAD_GRAYSCALE)[250:370, 100:340]
    right, down = (cv2.blur(grey, size)[None].astype(np.float32) / 255 for size in ((9, 1), (1, 9)))
    assert blind.path(torch.from_numpy(np.concatenate((right[..., :120], down[..., 120:]), -1))).confidence < blind.SAME


def test_few_edges_are_better_than_gaussian_ones(shaken: tuple[Tensor, Tensor, Tensor]) -> None:
    seen, sharp, kernel = shaken
    few, gaussian = (method(seen, kernel, noise=1 / 255) for method in (sparse, wiener))
    assert gain(few, seen, sharp) > gain(gaussian, seen, sharp) + 0.5 > 3


def test_small_pictures_are_refused() -> None:
    with pytest.raises(ValueError, match="90x63 is too small"):
        blind.path(torch.rand(3, 63, 90))
