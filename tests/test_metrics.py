"""Metrics against scikit-image and by hand, on real pictures where they are at hand."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from vidrestore.metrics import crop_border, matlab_luma, psnr, ssim


def test_against_scikit_image_on_real_pictures(shared_data: Path) -> None:
    for path in sorted((shared_data / "eval/set5").glob("*.png")):
        rgb = cv2.imread(str(path))[..., ::-1]
        luma = matlab_luma(rgb)
        noisy = luma + np.random.default_rng(0).normal(0, 8, luma.shape)
        assert psnr(luma, noisy) == pytest.approx(peak_signal_noise_ratio(luma, noisy, data_range=255), abs=1e-9)
        second = structural_similarity(
            luma, noisy, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255
        )
        assert ssim(luma, noisy) == pytest.approx(second, abs=1e-6)


def test_fixed_points() -> None:
    x = np.random.default_rng(0).integers(0, 256, (32, 32)).astype(np.uint8)
    assert psnr(x, x) == float("inf")
    assert ssim(x, x) == pytest.approx(1.0)
    assert psnr(x, np.zeros_like(x) + x + 0.0 + 1) == pytest.approx(48.1308, abs=1e-4)  # an error of one code
    with pytest.raises(ValueError, match="sizes differ"):
        psnr(x, x[1:])
    with pytest.raises(ValueError, match="11x11"):
        ssim(x[:8], x[:8])


def test_matlab_luma_of_black_white_and_red() -> None:
    rgb = np.array([[[0, 0, 0], [255, 255, 255], [255, 0, 0]]], np.uint8)
    np.testing.assert_allclose(matlab_luma(rgb), [[16, 235, 81.481]], atol=1e-9)


def test_border() -> None:
    assert crop_border(np.ones((10, 12)), 3).shape == (4, 6)
    assert crop_border(np.ones((10, 12)), 0).shape == (10, 12)
