"""NIQE's model of sharp, undistorted pictures: a Gaussian of block features, kept as JSON."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from .natural_scenes import BLOCK, FEATURES, block_features
from .psnr import Array

SHARP = 0.75
"""Blocks at least this sharp, as a share of the sharpest of their picture, are learnt from."""


@dataclass(frozen=True, slots=True, eq=False)
class Pristine:
    """Mean and covariance of the features of sharp blocks, and what they were measured on."""

    data: str
    """The pictures, by name and source."""
    pictures: int
    blocks: int
    mean: NDArray[np.float64]  # (36,)
    covariance: NDArray[np.float64]  # (36, 36)

    @staticmethod
    def from_json(text: str) -> "Pristine":
        """ValueError: not what `to_json` writes, or for other blocks or features than this version's."""
        try:
            fields = json.loads(text)
            block, mean, covariance = (np.array(fields[key], np.float64) for key in ("block", "mean", "covariance"))
            pristine = Pristine(fields["data"], fields["pictures"], fields["blocks"], mean, covariance)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"not a NIQE model: {error!r}") from None
        if block != BLOCK or mean.shape != (FEATURES,) or covariance.shape != (FEATURES, FEATURES):
            raise ValueError(f"a NIQE model of blocks of {block} and features {mean.shape}, not {BLOCK} and {FEATURES}")
        return pristine

    def to_json(self) -> str:
        """What `from_json` reads; numbers to 9 digits."""
        arrays = {"mean": _rounded(self.mean), "covariance": [_rounded(row) for row in self.covariance]}
        return json.dumps(asdict(self) | {"block": BLOCK} | arrays) + "\n"


def _rounded(values: NDArray[np.float64]) -> list[float]:
    return [float(f"{value:.9g}") for value in values]


def fit(lumas: Iterable[Array], *, data: str) -> Pristine:
    """Learn from sharp pictures, each (H, W) luma on the 8-bit scale and at least 96x96.

    `data` names them. ValueError: fewer sharp blocks than it takes to know the covariance of 36 features.
    """
    kept = []
    pictures = 0
    for luma in lumas:
        features, sharpness = block_features(luma)
        known = np.isfinite(features).all(axis=1)
        kept.append(features[known & (sharpness >= SHARP * sharpness.max())])
        pictures += 1
    blocks = np.concatenate(kept) if kept else np.empty((0, FEATURES))
    if len(blocks) <= FEATURES:
        raise ValueError(f"{len(blocks)} sharp blocks in {pictures} pictures are too few; {FEATURES + 1} are needed")
    return Pristine(data, pictures, len(blocks), blocks.mean(axis=0), np.cov(blocks, rowvar=False))
