"""The perception-distortion plane of enlarging methods (Blau and Michaeli 2018): RMSE across, NIQE upwards.

As in the PIRM challenge of 2018 methods are compared within regions of RMSE, since both cannot be had together. There
the other axis was the mean of NIQE and a score of Ma et al. that needs MATLAB; here it is NIQE alone, our own.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean, stdev

import numpy as np
import torch
from torch import Tensor

from ...metrics.compare.measures import pristine
from ...metrics.lpips import Lpips
from ...metrics.natural_scenes import BLOCK
from ...metrics.niqe import niqe
from ...metrics.psnr import Array, crop_border, mse, psnr
from ...metrics.ssim import ssim
from ..validate import capped
from .clips import Luma

REGIONS = (11.5, 12.5, 16.0)
"""PIRM's: the largest RMSE of each."""


@dataclass(frozen=True, slots=True)
class Spread:
    """A mean, and the standard deviation over the pictures; None where there is one picture only."""

    mean: float
    deviation: float | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a method lies."""

    method: str
    pictures: int
    rmse: float
    """Root of the mean square error over all pictures, white at 255."""
    psnr: Spread
    ssim: Spread
    niqe: Spread | None
    """None where no picture holds a block of NIQE's."""
    lpips: Spread | None = None
    """None where it is not asked for."""

    @property
    def region(self) -> int | None:
        """1 to 3; None beyond."""
        return next((n for n, largest in enumerate(REGIONS, 1) if self.rmse <= largest), None)


def place(method: str, pairs: Iterable[tuple[Luma, Luma]], *, border: int, distance: Lpips | None = None) -> Place:
    """Of originals and what was made of them, (H, W) luma in codes of video range; `border` is left out all round.

    LPIPS, where `distance` is given, sees the luma as grey.
    """
    errors, psnrs, ssims, looks, distances = [], [], [], [], []
    for reference, made in pairs:
        a, b = crop_border(reference, border), crop_border(made, border)
        errors.append(mse(a, b))
        psnrs.append(capped(psnr(a, b)))
        ssims.append(ssim(a, b))
        if min(b.shape) >= BLOCK and np.isfinite(look := niqe(b, pristine())):
            looks.append(look)
        if distance is not None:
            distances.append(float(distance(_grey(a), _grey(b))))
    return Place(
        method,
        len(errors),
        fmean(errors) ** 0.5,
        _spread(psnrs),
        _spread(ssims),
        _spread(looks) if looks else None,
        _spread(distances) if distances else None,
    )


def _grey(luma: Array) -> Tensor:
    """(1, 3, H, W) in [0, 1]."""
    return ((torch.from_numpy(luma.astype(np.float32)) - 16) / 219).clamp(0, 1).expand(1, 3, -1, -1)


def _spread(values: list[float]) -> Spread:
    return Spread(fmean(values), stdev(values) if len(values) > 1 else None)
