"""Sample errors: mse, l1, psnr; and luma as the super-resolution literature has it.

Luma PSNR there is on 8-bit BT.601 video-range luma (MATLAB's rgb2ycbcr), peak 255, with a border of `scale` pixels
left out.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating] | NDArray[np.integer]

_LUMA = np.array([[65.481 / 255, 128.553 / 255, 24.966 / 255, 16]])


class TooSmallError(ValueError):
    """Pictures are smaller than a metric can be measured on."""


def matlab_luma(rgb: Array) -> NDArray[np.float32] | NDArray[np.float64]:
    """(H, W, 3) RGB in 0..255 -> (H, W) luma in 16..235, not rounded: MATLAB's rgb2ycbcr.

    float32 gives float32, everything else float64.
    """
    samples = rgb if rgb.dtype == np.float32 else rgb.astype(np.float64)
    return np.asarray(cv2.transform(samples, _LUMA.astype(samples.dtype)))


def crop_border(picture: Array, border: int) -> Array:
    """The picture without `border` pixels on each side."""
    return picture[border:-border, border:-border] if border else picture


def mse(reference: Array, picture: Array) -> float:
    """Mean squared error over all samples of two equally large pictures of any type.

    Raises:
        ValueError: where the shapes differ.
    """
    return _norm(reference, picture, cv2.NORM_L2SQR)


def l1(reference: Array, picture: Array) -> float:
    """Mean absolute error over all samples of two equally large pictures of any type.

    Raises:
        ValueError: where the shapes differ.
    """
    return _norm(reference, picture, cv2.NORM_L1)


def psnr(reference: Array, picture: Array, *, peak: float = 255.0) -> float:
    """Peak signal-to-noise ratio in dB over all samples; inf where the two are equal.

    Raises:
        ValueError: where the shapes differ.
    """
    error = mse(reference, picture)
    return float("inf") if error == 0 else float(10 * np.log10(peak**2 / error))


def check_sizes(reference: Array, picture: Array) -> None:
    """ValueError where the shapes differ."""
    if reference.shape != picture.shape:
        raise ValueError(f"sizes differ: {reference.shape} and {picture.shape}")


def _norm(reference: Array, picture: Array, kind: int) -> float:
    check_sizes(reference, picture)
    if reference.dtype != picture.dtype or reference.dtype not in (np.uint8, np.uint16, np.float32, np.float64):
        reference, picture = reference.astype(np.float64), picture.astype(np.float64)
    rows = len(reference)  # two axes: OpenCV counts a third as channels, of which it takes few
    return float(cv2.norm(reference.reshape(rows, -1), picture.reshape(rows, -1), kind)) / reference.size
