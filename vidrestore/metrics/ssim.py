"""Structural similarity after Wang: SSIM (2004) and MS-SSIM (2003).

Gaussian window 11x11, sigma 1.5, valid positions only, population covariance, K1 0.01, K2 0.03. Pictures of several
channels have the mean of their channels. Sums run in float32 unless a picture is float64; the error is below 1e-6.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from .psnr import Array, TooSmallError, check_sizes

WINDOW = 11
SIGMA = 1.5
WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Of MS-SSIM's five scales, finest first."""
MS_SSIM_LEAST = (WINDOW - 1) * 2 ** (len(WEIGHTS) - 1) + 1
"""Samples a side that MS-SSIM needs: the window must fit into the coarsest scale."""

BAND = 64
"""Rows of the result that are worked on at a time: what is in hand stays in the processor's cache, twice as fast."""

Samples = NDArray[np.floating]


def ssim(reference: Array, picture: Array, *, peak: float = 255.0) -> float:
    """Structural similarity of two (H, W) or (H, W, C) pictures, C at most 4, in [-1, 1]; 1 where equal.

    Raises:
        ValueError: where the shapes differ, or a side is shorter than the 11 samples of the window.
    """
    _check(reference, picture, "SSIM", WINDOW)
    similarity, _ = _means(reference, picture, peak)
    return float(similarity.mean())


def ms_ssim(reference: Array, picture: Array, *, peak: float = 255.0) -> float:
    """Multi-scale structural similarity of two (H, W) or (H, W, C) pictures, C at most 4, in [0, 1]; 1 where equal.

    Five scales, each the mean of 2x2 samples of the one before (an odd last row or column is repeated); a negative
    mean of a scale counts as 0.

    Raises:
        ValueError: where the shapes differ, or a side is shorter than 161 samples.
    """
    _check(reference, picture, "MS-SSIM", MS_SSIM_LEAST)
    product: NDArray[np.float64] = np.ones(1)
    for scale, weight in enumerate(WEIGHTS):
        if scale:
            reference, picture = _halved(reference), _halved(picture)
        similarity, contrast = _means(reference, picture, peak)
        mean = similarity if scale == len(WEIGHTS) - 1 else contrast
        product = product * np.maximum(mean, 0) ** weight
    return float(product.mean())


def _check(reference: Array, picture: Array, name: str, least: int) -> None:
    check_sizes(reference, picture)
    if min(reference.shape[:2]) < least:
        raise TooSmallError(f"{name} needs at least {least}x{least} samples, got {reference.shape}")


def _means(x: Array, y: Array, peak: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(C,) similarity, and its factor of contrast and structure alone, over all valid positions."""
    double = np.float64 in (x.dtype, y.dtype)
    kind: type[np.floating] = np.float64 if double else np.float32
    rows, columns = (n - WINDOW + 1 for n in x.shape[:2])
    sums = np.zeros((2, 4))
    for top in range(0, rows, BAND):
        band = slice(top, min(top + BAND, rows) + WINDOW - 1)
        sums += [cv2.sumElems(each) for each in _maps(x[band].astype(kind), y[band].astype(kind), peak)]
    channels = x.shape[2] if x.ndim == 3 else 1
    similarity, contrast = sums[:, :channels] / (rows * columns)
    return similarity, contrast


def _maps(x: Samples, y: Samples, peak: float) -> tuple[Samples, Samples]:
    """Similarity, and its factor of contrast and structure alone, at every valid position. Overwrites x and y."""
    c1, c2 = (0.01 * peak) ** 2, (0.03 * peak) ** 2
    # Second moments about mid-grey, not zero: float32 would lose digits in the difference of two large numbers.
    x -= peak / 2
    y -= peak / 2
    mx, my = _mean(x), _mean(y)
    contrast = 2 * (_mean(x * y) - mx * my) + c2
    x *= x
    y *= y
    x += y
    contrast /= _mean(x) - (mx * mx + my * my) + c2
    mx, my = mx + peak / 2, my + peak / 2
    similarity = 2 * (mx * my) + c1
    similarity /= mx * mx + my * my + c1
    similarity *= contrast
    return similarity, contrast


def _mean(x: Samples) -> Samples:
    half = WINDOW // 2
    return np.asarray(cv2.GaussianBlur(x, (WINDOW, WINDOW), SIGMA)[half:-half, half:-half])


def _halved(x: Array) -> Samples:
    height, width = x.shape[:2]
    samples = x if x.dtype == np.float64 else x.astype(np.float32)
    even = cv2.copyMakeBorder(samples, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(even, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))
