"""Wiener and Landweber against the whole system of equations, written out and solved; and what they recover."""

import math
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from vidrestore.restoration.deblurring import deconvolve, psf
from vidrestore.restoration.deblurring.deconvolve import landweber, wiener

STREAK = psf.motion(3, 30)
SKEW = psf.from_picture(torch.tensor([[0.0, 1, 0], [3, 2, 0], [0, 0, 5]]))


def system(height: int, width: int, kernel: Tensor) -> np.ndarray:
    """(pixels of the picture, pixels of the scene): which share of each scene pixel each picture pixel shows."""
    k = len(kernel)
    r = k // 2
    matrix = np.zeros((height, width, height + 2 * r, width + 2 * r))
    for y in range(height):
        for x in range(width):
            for i in range(k):
                for j in range(k):
                    matrix[y, x, y + 2 * r - i, x + 2 * r - j] = kernel[i, j]
    return matrix.reshape(height * width, -1)


def differences(height: int, width: int) -> np.ndarray:
    """Sum of squares over all neighbours in the scene, its ends joined, as a matrix."""
    step = [np.roll(np.eye(n), 1, axis=1) - np.eye(n) for n in (height, width)]
    down, across = np.kron(step[0], np.eye(width)), np.kron(np.eye(height), step[1])
    return down.T @ down + across.T @ across


def solved(picture: Tensor, kernel: Tensor, noise: float) -> np.ndarray:
    """argmin over scenes |picture - h scene|^2 + noise^2 / contrast |differences|^2, by Gaussian elimination.

    For pictures whose scene has no large prime factors: its size is not rounded up then.
    """
    height, width = picture.shape
    r = len(kernel) // 2
    steps = picture.diff(dim=0).square().mean() + picture.diff(dim=1).square().mean()
    contrast = (float(steps) - 4 * noise**2) / float(kernel.square().sum())
    matrix = system(height, width, kernel)
    normal = matrix.T @ matrix + noise**2 / contrast * differences(height + 2 * r, width + 2 * r)
    scene = np.linalg.solve(normal, matrix.T @ picture.numpy().ravel())
    return scene.reshape(height + 2 * r, width + 2 * r)[r : r + height, r : r + width]


def smooth(height: int, width: int) -> Tensor:
    coarse = torch.rand(1, 1, height // 3 + 1, width // 3 + 1, dtype=torch.float64)
    fine: Tensor = 0.3 + 0.4 * F.interpolate(coarse, size=(height, width), mode="bicubic")[0, 0]
    return fine


def seen(scene: Tensor, kernel: Tensor) -> Tensor:
    """(C, H, W) -> what a camera with this blur sees where it sees everything: smaller by the blur."""
    return F.conv2d(scene[:, None], kernel.to(scene).flip(0, 1)[None, None])[:, 0]


@pytest.mark.parametrize("kernel", [STREAK, SKEW, psf.gaussian(0.6), psf.disk(1.4)], ids=str)
@pytest.mark.parametrize(("height", "width"), [(10, 14), (12, 8)])
def test_both_solve_the_equations(kernel: Tensor, height: int, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    r = len(kernel) // 2
    picture = seen(smooth(height + 2 * r, width + 2 * r)[None], kernel)
    picture = 0.5 + 0.3 * (picture + 0.06 * torch.randn_like(picture) - 0.5)
    wanted = solved(picture[0], kernel, 0.006)
    np.testing.assert_allclose(wiener(picture, kernel, noise=0.006)[0].numpy(), wanted, atol=2e-3)
    monkeypatch.setattr(deconvolve, "STEADY", 0)
    by_steps = landweber(picture, kernel, noise=0.006, rounds=2000)[0].numpy()
    np.testing.assert_allclose(by_steps, wanted, atol=2e-3)


def test_landweber_ends_when_nothing_more_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    """More rounds change nothing then; steps the noise would hide are left out, and they are small."""
    picture = seen(smooth(24, 34)[None], STREAK)
    ended = landweber(picture, STREAK, noise=0.01)
    assert torch.equal(landweber(picture, STREAK, noise=0.01, rounds=1000), ended)
    monkeypatch.setattr(deconvolve, "STEADY", 0)
    exact = landweber(picture, STREAK, noise=0.01, rounds=1000)
    assert 0 < (exact - ended).square().mean().sqrt() < 0.01
    assert (ended - picture).square().mean().sqrt() > 0.01


def test_a_kernel_of_one_pixel_changes_next_to_nothing() -> None:
    picture = smooth(20, 30).expand(3, -1, -1)
    torch.testing.assert_close(wiener(picture, torch.ones(1, 1), noise=1e-6), picture, rtol=0, atol=1e-5)
    torch.testing.assert_close(landweber(picture, torch.ones(1, 1), noise=1e-6), picture, rtol=0, atol=1e-5)


@pytest.mark.parametrize("method", [wiener, landweber])
def test_flat_pictures_stay(method: object) -> None:
    """No border shows, however long the streak and small the picture."""
    flat = torch.tensor([0.0, 0.5, 1.0])[:, None, None]
    for size in ((9, 12), (1, 1), (20, 1), (1, 20)):
        part = flat.expand(3, *size)
        torch.testing.assert_close(method(part, psf.motion(25, 45), noise=0.01), part, rtol=0, atol=1e-4)  # type: ignore


def test_landweber_stays_between_black_and_white() -> None:
    scene = torch.zeros(1, 40, 40)
    scene[:, 10:30, 10:30] = 1
    blurred = seen(scene, psf.gaussian(1.2))
    assert wiener(blurred, psf.gaussian(1.2), noise=0.003).min() < -0.02
    restored = landweber(blurred, psf.gaussian(1.2), noise=0.003)
    assert restored.min() >= 0 and restored.max() <= 1


@pytest.mark.parametrize("method", [wiener, landweber])
def test_what_cannot_be_is_refused(method: object) -> None:
    with pytest.raises(ValueError, match="noise is more than 0, not 0"):
        method(torch.rand(3, 8, 8), STREAK, noise=0)  # type: ignore[operator]
    with pytest.raises(ValueError, match=r"K odd, not \(2, 2\)"):
        method(torch.rand(3, 8, 8), torch.ones(2, 2) / 4, noise=0.1)  # type: ignore[operator]


def psnr(a: Tensor, b: Tensor) -> float:
    return -10 * math.log10(float((a.clamp(0, 1) - b).square().mean()))


@pytest.mark.parametrize(("kernel", "gain"), [(psf.motion(15, 30), 6.5), (psf.disk(3), 5)], ids=["motion", "disk"])
def test_kodak_comes_back(kernel: Tensor, gain: float, shared_data: Path) -> None:
    """Blur and noise 40 dB below the picture, borders counted; a quarter of each picture."""
    gains, behind = [], []
    for path in sorted((shared_data / "eval" / "kodak").glob("*.png")):
        picture = torch.from_numpy(cv2.imread(str(path))).permute(2, 0, 1)[:, 128:384, 128:384].float() / 255
        blurred = seen(picture, kernel)
        noise = float(blurred.std()) / 100
        blurred = blurred + noise * torch.randn_like(blurred)
        r = len(kernel) // 2
        truth = picture[:, r:-r, r:-r]
        gains.append(psnr(wiener(blurred, kernel, noise=noise), truth) - psnr(blurred, truth))
        behind.append(gains[-1] - psnr(landweber(blurred, kernel, noise=noise), truth) + psnr(blurred, truth))
    assert len(gains) == 5
    assert np.mean(gains) >= gain
    assert max(behind) <= 1
