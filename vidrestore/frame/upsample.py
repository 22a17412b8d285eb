"""Bicubic enlargement by whole factors, as one small convolution: any phase, exact, and fast on every device."""

import math
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from .imresize import cubic


@lru_cache(maxsize=64)
def _phases(scale: int, offset: float) -> tuple[Tensor, int]:
    """Taps (scale, 2*reach+1), float64, and reach: output scale*k + p reads inputs k-reach .. k+reach."""
    position = torch.arange(scale, dtype=torch.float64) / scale + offset  # of output p, relative to input k
    reach = max(math.ceil(float(position.max())) + 1, math.ceil(-float(position.min())) + 1)
    taps = cubic(position[:, None] - torch.arange(-reach, reach + 1, dtype=torch.float64))
    return taps / taps.sum(1, keepdim=True), reach


@lru_cache(maxsize=64)
def _kernel(
    scale: tuple[int, int], offset: tuple[float, float], dtype: torch.dtype, device: torch.device
) -> tuple[Tensor, tuple[int, int]]:
    """Weights (scale*scale, 1, taps, taps) and the reach, per axis; on a GPU once, since bringing them there waits."""
    (taps_y, reach_y), (taps_x, reach_x) = (_phases(*axis) for axis in zip(scale, offset, strict=True))
    kernel = torch.einsum("pi,qj->pqij", taps_y, taps_x).flatten(0, 1)[:, None]
    return kernel.to(device, dtype), (reach_y, reach_x)


def centred(scale: int) -> float:
    """The offset of `upsample` for pictures whose corners coincide: what every resize function means by default."""
    return (1 / scale - 1) / 2


def upsample(x: Tensor, scale: int | tuple[int, int], *, offset: tuple[float, float] | None = None) -> Tensor:
    """Keys bicubic (a = -0.5) enlargement of (B, C, H, W) floats to (B, C, scale*H, scale*W); edges are replicated.

    Per axis (vertical, horizontal), output sample s*k + p lies at input coordinate k + p/s + offset; the default is
    `centred(s)`. Chroma of subsampled video needs other offsets, see `colour.py`.
    """
    scale_y, scale_x = scale if isinstance(scale, tuple) else (scale, scale)
    offset_y, offset_x = offset if offset is not None else (centred(scale_y), centred(scale_x))
    kernel, (reach_y, reach_x) = _kernel((scale_y, scale_x), (offset_y, offset_x), x.dtype, x.device)
    b, c, h, w = x.shape
    padded = F.pad(x.reshape(b * c, 1, h, w), (reach_x, reach_x, reach_y, reach_y), mode="replicate")
    phases = F.conv2d(padded, kernel).view(b * c, scale_y, scale_x, h, w)
    return phases.permute(0, 3, 1, 4, 2).reshape(b, c, scale_y * h, scale_x * w)
