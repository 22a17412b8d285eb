"""NIQE: how natural a picture looks, without a reference (Mittal, Soundararajan, Bovik 2013). Lower is better."""

import numpy as np

from .natural_scenes import block_features
from .pristine import Pristine
from .psnr import Array


def niqe(luma: Array, pristine: Pristine) -> float:
    """Distance between the features of a picture's blocks and those of sharp pictures, 0 and up.

    Whole blocks of 96x96 of (H, W) luma on the 8-bit scale (16..235); blocks without contrast are left out, and a
    picture of nothing else has NaN. Values depend on the pictures behind `pristine`: compare them only with values
    from the same file.

    Raises:
        ValueError: where the picture is smaller than one block.
    """
    features, _ = block_features(luma)
    features = features[np.isfinite(features).all(axis=1)]
    if not len(features):
        return float("nan")
    spread = np.cov(features, rowvar=False) if len(features) > 1 else np.zeros_like(pristine.covariance)
    apart = features.mean(axis=0) - pristine.mean
    return float(np.sqrt(apart @ np.linalg.pinv((spread + pristine.covariance) / 2) @ apart))
