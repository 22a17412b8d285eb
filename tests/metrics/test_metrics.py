"""Metrics against scikit-image and by hand, on real pictures where they are at hand."""

from itertools import product
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage.metrics import mean_squared_error, peak_signal_noise_ratio, structural_similarity

from vidrestore.metrics.flicker import flicker, signed_error
from vidrestore.metrics.psnr import crop_border, l1, matlab_luma, mse, psnr
from vidrestore.metrics.ssim import ms_ssim, ssim

WANG = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255}


def noisy(picture: np.ndarray, deviation: float = 8) -> np.ndarray:
    return picture + np.random.default_rng(0).normal(0, deviation, picture.shape)


def rounded(picture: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def pictures(folder: Path) -> list[np.ndarray]:
    return [cv2.imread(str(path))[..., ::-1].copy() for path in sorted(folder.glob("*.png"))]


def test_against_scikit_image_on_real_pictures(shared_data: Path) -> None:
    for rgb in pictures(shared_data / "eval/set5"):
        luma = matlab_luma(rgb)
        other = noisy(luma)
        assert psnr(luma, other) == pytest.approx(peak_signal_noise_ratio(luma, other, data_range=255), abs=1e-9)
        assert ssim(luma, other) == pytest.approx(structural_similarity(luma, other, **WANG), abs=1e-6)


def test_bytes_and_float32_agree_with_scikit_image_on_real_pictures(shared_data: Path) -> None:
    for rgb in pictures(shared_data / "eval/set5"):
        other = rounded(noisy(rgb))
        assert psnr(rgb, other) == pytest.approx(peak_signal_noise_ratio(rgb, other, data_range=255), abs=1e-9)
        assert mse(rgb, other) == pytest.approx(mean_squared_error(rgb, other), rel=1e-12)
        assert l1(rgb, other) == pytest.approx(np.abs(rgb.astype(int) - other).mean(), rel=1e-12)
        second = structural_similarity(rgb, other, channel_axis=2, **WANG)
        assert ssim(rgb, other) == pytest.approx(second, abs=1e-5)
        x, y = (matlab_luma(each.astype(np.float32)) for each in (rgb, other))
        assert x.dtype == np.float32
        second = structural_similarity(matlab_luma(rgb), matlab_luma(other), **WANG)
        assert ssim(x, y) == pytest.approx(second, abs=1e-5)
        assert psnr(x, y) == pytest.approx(psnr(matlab_luma(rgb), matlab_luma(other)), abs=1e-4)


def window_means(x: np.ndarray) -> np.ndarray:
    """Wang's window by the definition: 121 weights at every valid position."""
    line = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2))
    weights = np.outer(line, line) / np.outer(line, line).sum()
    return np.einsum("yxij,ij->yx", np.lib.stride_tricks.sliding_window_view(x, (11, 11)), weights)


def naive_ms_ssim(x: np.ndarray, y: np.ndarray) -> float:
    x, y, product_ = x.astype(float), y.astype(float), 1.0
    for scale, weight in enumerate((0.0448, 0.2856, 0.3001, 0.2363, 0.1333)):
        mx, my = window_means(x), window_means(y)
        cov, var = window_means(x * y) - mx * my, window_means(x * x + y * y) - mx * mx - my * my
        value = (2 * cov + 58.5225) / (var + 58.5225)
        if scale == 4:
            value = value * (2 * mx * my + 6.5025) / (mx * mx + my * my + 6.5025)
        product_ *= max(value.mean(), 0) ** weight
        x, y = (np.pad(z, ((0, z.shape[0] % 2), (0, z.shape[1] % 2)), "edge") for z in (x, y))
        x, y = ((z[::2, ::2] + z[1::2, ::2] + z[::2, 1::2] + z[1::2, 1::2]) / 4 for z in (x, y))
    return product_


def test_ms_ssim_against_the_definition(shared_data: Path) -> None:
    luma = matlab_luma(pictures(shared_data / "eval/set5")[0])[:203, :187]  # odd at three scales
    other = cv2.GaussianBlur(noisy(luma), (0, 0), 1)
    expected = naive_ms_ssim(luma, other)
    assert expected < 0.99
    assert ms_ssim(luma, other) == pytest.approx(expected, abs=1e-9)
    assert ms_ssim(luma.astype(np.float32), other.astype(np.float32)) == pytest.approx(expected, abs=1e-5)
    stack = np.stack((luma, luma, luma), axis=2), np.stack((other, luma, other), axis=2)
    assert ms_ssim(*stack) == pytest.approx((2 * expected + 1) / 3, abs=1e-9)


@pytest.mark.parametrize("height", [11, 63, 64, 74, 75, 139])
def test_bands_do_not_show(height: int) -> None:
    x = np.random.default_rng(0).integers(0, 256, (height, 40)).astype(np.uint8)
    y = rounded(noisy(x, 30))
    assert ssim(x, y) == pytest.approx(structural_similarity(x, y, **WANG), abs=1e-5)


def test_fixed_points() -> None:
    x = np.random.default_rng(0).integers(0, 256, (32, 32)).astype(np.uint8)
    assert psnr(x, x) == float("inf")
    assert ssim(x, x) == 1.0
    assert (mse(x, x), l1(x, x)) == (0, 0)
    assert psnr(x, np.zeros_like(x) + x + 0.0 + 1) == pytest.approx(48.1308, abs=1e-4)  # an error of one code
    assert ms_ssim(np.tile(x, (6, 6)), np.tile(x, (6, 6))) == 1.0
    with pytest.raises(ValueError, match="sizes differ"):
        psnr(x, x[1:])
    with pytest.raises(ValueError, match="11x11"):
        ssim(x[:8], x[:8])
    with pytest.raises(ValueError, match="161x161"):
        ms_ssim(x, x)


@pytest.mark.parametrize(
    ("one", "other"), list(product((np.uint8, np.uint16, np.int32, np.float32, np.float64), (np.uint8, np.float32)))
)
def test_errors_of_any_type_and_layout(one: type, other: type) -> None:
    random = np.random.default_rng(0)
    x, y = (random.integers(0, 256, (40, 50, 3)).astype(kind) for kind in (one, other))
    for a, b in ((x, y), (crop_border(x, 3), crop_border(y, 3)), (x[..., ::-1], y[..., ::-1]), (x[..., 0], y[..., 0])):
        error = a.astype(float) - b.astype(float)
        assert mse(a, b) == pytest.approx((error**2).mean(), rel=1e-12)
        assert l1(a, b) == pytest.approx(np.abs(error).mean(), rel=1e-12)


def test_matlab_luma_of_black_white_and_red() -> None:
    rgb = np.array([[[0, 0, 0], [255, 255, 255], [255, 0, 0]]], np.uint8)
    np.testing.assert_allclose(matlab_luma(rgb), [[16, 235, 81.481]], atol=1e-9)


def test_border() -> None:
    assert crop_border(np.ones((10, 12)), 3).shape == (4, 6)
    assert crop_border(np.ones((10, 12)), 0).shape == (10, 12)


@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_flicker_is_of_the_change_of_the_error(kind: type) -> None:
    random = np.random.default_rng(0)
    references = [random.integers(30, 220, (20, 30)).astype(kind) for _ in range(3)]
    steady = [signed_error(reference, reference + kind(7)) for reference in references]
    assert flicker(steady[1], steady[0]) == 0
    jumping = [signed_error(r, r + kind(step)) for r, step in zip(references, (0, 5, 2), strict=True)]
    assert flicker(jumping[1], jumping[0]) == 5
    assert flicker(jumping[2], jumping[1]) == 3
    down = signed_error(references[0], references[0] - kind(9))
    assert flicker(down, steady[0]) == 16
