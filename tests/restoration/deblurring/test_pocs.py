"""POCS: every pixel's claim holds at the end, a round is the textbook's; and blur that varies, Landweber's too."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.restoration.deblurring.test_deconvolve import psnr, seen, smooth, system
from vidrestore.base.settings import Deblurring, Settings
from vidrestore.errors import UsageError
from vidrestore.restoration.deblurring import psf
from vidrestore.restoration.deblurring.deconvolve import landweber
from vidrestore.restoration.deblurring.pocs import BOUND, pocs
from vidrestore.restoration.deblurring.psf_choice import read_psf
from vidrestore.restoration.deblurring.scene.varying import VaryingScene
from vidrestore.restoration.deblurring.stage import deblur

SKEW = psf.from_picture(torch.tensor([[0.0, 1, 0], [3, 2, 0], [0, 0, 5]]))


def by_the_book(picture: Tensor, kernel: Tensor, noise: float, rounds: int) -> np.ndarray:
    """Projections written out with the whole matrix of what each pixel sees."""
    height, width = picture.shape
    r = len(kernel) // 2
    matrix = system(height, width, kernel)
    x = np.pad(picture.numpy(), r, "symmetric").ravel()
    for _ in range(rounds):
        for row, given in zip(matrix, picture.numpy().ravel(), strict=True):
            wrong = given - row @ x
            if abs(wrong) > BOUND * noise:
                x = x + (wrong - math.copysign(BOUND * noise, wrong)) / (row @ row) * row
        x = x.clip(0, 1)
    return x.reshape(height + 2 * r, width + 2 * r)[r : r + height, r : r + width]


@pytest.mark.parametrize("rounds", [1, 3])
def test_rounds_are_the_textbooks(rounds: int) -> None:
    picture = seen(smooth(12, 16)[None], SKEW) + 0.2 * torch.rand(1, 10, 14)
    found = pocs(picture, SKEW, noise=0.01, rounds=rounds)[0].numpy()
    np.testing.assert_allclose(found, by_the_book(picture[0], SKEW, 0.01, rounds), atol=1e-4)


def test_blur_is_undone() -> None:
    scene = smooth(70, 80)[None].float()
    kernel, noise = psf.gaussian(1.25), 0.002
    picture = seen(scene, kernel) + noise * torch.randn(1, 60, 70)
    truth = scene[:, 5:-5, 5:-5]
    assert psnr(pocs(picture, kernel, noise=noise), truth) > psnr(picture, truth) + 4


@pytest.mark.parametrize("method", [landweber, pocs])
def test_a_blur_that_varies_is_undone_where_one_for_all_is_not(method: Callable[..., Tensor], tmp_path: Path) -> None:
    across, down = psf.motion(9, 0), psf.motion(9, 90)
    scene = smooth(68, 88)[None].float()
    r = len(across) // 2
    assert len(across) == len(down)
    left, right = seen(scene, across), seen(scene, down)
    width = left.shape[2]
    picture = torch.where(torch.arange(width) < width / 2, left, right) + 0.002 * torch.randn(left.shape)
    file = tmp_path / "parts.json"
    file.write_text(json.dumps([["motion:9,0", "motion:9,90"]]))
    parts = read_psf(str(file))
    assert parts.shape == (1, 2, len(across), len(across))
    truth = scene[:, r:-r, r:-r]
    varying, alike = (psnr(method(picture, each, noise=0.002), truth) for each in (parts, across))
    assert varying > psnr(picture, truth) + 3 and varying > alike + 3


def test_landweber_in_parts_that_are_alike_is_landweber() -> None:
    picture = seen(smooth(34, 45)[None].float(), SKEW) + 0.01 * torch.randn(1, 32, 43)
    whole = landweber(picture, SKEW, noise=0.01, rounds=400)
    parts = landweber(picture, SKEW.expand(3, 4, *SKEW.shape), noise=0.01, rounds=400)
    inside = (..., slice(4, -4), slice(4, -4))  # beyond the picture one scene is periodic, the other mirrored
    assert (whole - parts)[inside].abs().max() < 0.01 < (whole - picture)[inside].abs().max() / 2


def test_seeing_in_parts_and_back_are_transposes() -> None:
    """And more parts than pixels have no pixel to see."""
    kernels = torch.rand(40, 3, 5, 5)
    scene = VaryingScene.of(torch.rand(1, 20, 17), kernels / kernels.sum((2, 3), keepdim=True), 0.01)
    x, y = torch.rand(1, 24, 21), torch.rand(1, 20, 17)
    torch.testing.assert_close((scene.forth(x) * y).sum(), (x * scene.back(y)).sum(), rtol=1e-4, atol=0)
    torch.testing.assert_close(scene.forth(torch.ones_like(x)), torch.ones_like(y))
    with pytest.raises(ValueError, match="K odd"):
        VaryingScene.of(y, torch.ones(1, 1, 2, 2), 0.01)


def test_wrong_files_and_methods_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "parts.json"
    wrong = (
        ("{}", "not a JSON file"),
        ("[]", "no rows"),
        ('[["disk:2"], []]', "no rows"),
        ('[["x"]]', "neither a blur"),
    )
    for content, said in (*wrong, (f'[["{file}"]]', "names another")):
        file.write_text(content)
        with pytest.raises(UsageError, match=said):
            read_psf(str(file))
    file.write_text('[["disk:2", "motion:5,0"]]')
    with pytest.raises(UsageError, match="which -m landweber and pocs undo; -m wiener does not"):
        deblur(Deblurring(model="wiener", psf=str(file)), settings=Settings())
    for model in ("landweber", "pocs"):
        deblur(Deblurring(model=model, psf=str(file)), settings=Settings())
    with pytest.raises(ValueError, match="more than 0"):
        pocs(torch.zeros(1, 9, 9), SKEW, noise=0)
    with pytest.raises(ValueError, match="K odd"):
        pocs(torch.zeros(1, 9, 9), torch.ones(2, 2), noise=1)
