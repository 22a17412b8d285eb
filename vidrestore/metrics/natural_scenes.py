"""The 36 features of a block that NIQE compares (Mittal 2013, on BRISQUE's of 2012).

A picture divided by its local contrast has samples close to a Gaussian where it is sharp and clean; blur, noise and
blocking each change the shape of that distribution, and of the products of neighbours, in their own way.
"""

from functools import lru_cache
from math import gamma

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from ..frame.resize import imresize
from .psnr import Array, TooSmallError

BLOCK = 96
"""Side of a block, in pixels; half as much at the second scale."""
FEATURES = 36
NEIGHBOURS = ((0, 1), (1, 0), (1, 1), (-1, 1))
"""Shifts (down, right) that samples are multiplied across."""

Floats = NDArray[np.float64]


def block_features(luma: Array) -> tuple[Floats, Floats]:
    """(blocks, 36) features and (blocks,) sharpness of (H, W) luma on the 8-bit scale.

    Whole blocks only: what is left at the right and at the bottom is not looked at. A block without any contrast has
    features that are NaN.

    Raises:
        ValueError: where the picture is smaller than one block.
    """
    height, width = (n // BLOCK * BLOCK for n in luma.shape)
    if not height or not width:
        raise TooSmallError(f"NIQE needs at least {BLOCK}x{BLOCK} samples, got {luma.shape}")
    fine = luma[:height, :width].astype(np.float32)
    coarse = imresize(torch.from_numpy(fine), 0.5).numpy()
    normal, contrast = _normalised(fine)
    half, _ = _normalised(coarse)
    features = np.concatenate((_features(_blocks(normal, BLOCK)), _features(_blocks(half, BLOCK // 2))), axis=1)
    return features, _blocks(contrast, BLOCK).mean(axis=(1, 2), dtype=np.float64)


def _normalised(luma: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Luma less its local mean over its local deviation plus 1; and that deviation."""

    def blurred(x: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(cv2.GaussianBlur(x, (7, 7), 7 / 6, borderType=cv2.BORDER_REPLICATE))

    mean = blurred(luma)
    deviation = np.sqrt(np.abs(blurred(luma * luma) - mean * mean))
    return (luma - mean) / (deviation + 1), deviation


def _blocks(picture: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """(H, W) -> (blocks, side, side)."""
    height, width = picture.shape
    return picture.reshape(height // side, side, width // side, side).swapaxes(1, 2).reshape(-1, side, side)


def _features(blocks: NDArray[np.float32]) -> Floats:
    """(blocks, 18): the shape and spread of the samples, and of their products with four neighbours."""
    shape, _, left, right = _distribution(blocks)
    columns = [shape, (left + right) / 2]
    for shift in NEIGHBOURS:
        columns += _distribution(blocks * np.roll(blocks, shift, axis=(1, 2)))
    return np.stack(columns, axis=1)


_SHAPES = np.arange(200, 10001) / 1000
"""What the shape of a distribution may be: 2 is a Gaussian, 1 a Laplacian."""


@lru_cache(maxsize=8)
def _ratio(above: int, below: int) -> Floats:
    """gamma(above / shape) / gamma(below / shape) for every shape."""
    return np.array([gamma(above / shape) / gamma(below / shape) for shape in _SHAPES])


def _distribution(blocks: NDArray[np.float32]) -> tuple[Floats, Floats, Floats, Floats]:
    """Shape, mean, left and right scale of the asymmetric generalised Gaussian with each block's moments."""
    x = blocks.reshape(len(blocks), -1).astype(np.float64)
    squares = x * x
    with np.errstate(invalid="ignore", divide="ignore"):
        left, right = (
            np.sqrt((squares * side).sum(axis=1) / np.count_nonzero(side, axis=1)) for side in (x < 0, x > 0)
        )
        skew = left / right
        moments = np.abs(x).mean(axis=1) ** 2 / squares.mean(axis=1)
    wanted = moments * (skew**3 + 1) * (skew + 1) / (skew**2 + 1) ** 2
    table = _ratio(2, 1) * _ratio(2, 3)  # increases with the shape
    after = np.clip(np.searchsorted(table, wanted), 1, len(table) - 1)
    row = after - (wanted - table[after - 1] < table[after] - wanted)
    scale = np.sqrt(_ratio(1, 3)[row])
    left, right = left * scale, right * scale
    return np.where(np.isfinite(wanted), _SHAPES[row], np.nan), (right - left) * _ratio(2, 1)[row], left, right
