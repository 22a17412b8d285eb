"""How close two pictures are: pure functions of arrays.

Conventions: luma PSNR as in the super-resolution literature is on 8-bit BT.601 video-range luma (MATLAB's rgb2ycbcr),
peak 255, with a border of `scale` pixels left out. SSIM is Wang's (2004): Gaussian window 11x11, sigma 1.5, valid
positions only, population covariance.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating] | NDArray[np.integer]


def matlab_luma(rgb: Array) -> NDArray[np.float64]:
    """(H, W, 3) RGB in 0..255 -> (H, W) luma in 16..235, not rounded: MATLAB's rgb2ycbcr."""
    return 16 + rgb.astype(np.float64) @ (np.array([65.481, 128.553, 24.966]) / 255)


def crop_border(picture: Array, border: int) -> Array:
    """The picture without `border` pixels on each side."""
    return picture[border:-border, border:-border] if border else picture


def psnr(reference: Array, picture: Array, *, peak: float = 255.0) -> float:
    """Peak signal-to-noise ratio in dB over all samples; inf where the two are equal.

    Raises:
        ValueError: where the shapes differ.
    """
    if reference.shape != picture.shape:
        raise ValueError(f"sizes differ: {reference.shape} and {picture.shape}")
    error = float(np.mean((reference.astype(np.float64) - picture) ** 2))
    return float("inf") if error == 0 else float(10 * np.log10(peak**2 / error))


def ssim(reference: Array, picture: Array, *, peak: float = 255.0) -> float:
    """Wang's structural similarity of two (H, W) pictures, in [-1, 1].

    Raises:
        ValueError: where the shapes differ, or a side is shorter than the 11 samples of the window.
    """
    if reference.shape != picture.shape:
        raise ValueError(f"sizes differ: {reference.shape} and {picture.shape}")
    if min(reference.shape) < 11:
        raise ValueError(f"SSIM needs at least 11x11 samples, got {reference.shape}")
    x, y = reference.astype(np.float64), picture.astype(np.float64)

    def mean(z: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(cv2.GaussianBlur(z, (11, 11), 1.5)[5:-5, 5:-5])

    mx, my = mean(x), mean(y)
    vx, vy, cov = mean(x * x) - mx * mx, mean(y * y) - my * my, mean(x * y) - mx * my
    c1, c2 = (0.01 * peak) ** 2, (0.03 * peak) ** 2
    score = ((2 * mx * my + c1) * (2 * cov + c2)) / ((mx * mx + my * my + c1) * (vx + vy + c2))
    return float(score.mean())
