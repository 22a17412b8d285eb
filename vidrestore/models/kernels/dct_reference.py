"""Thresholds of a cosine transform in plain torch. The reference for dct_cpu.py.

After Yu and Sapiro 2011 (DCT image denoising, Image Processing On Line) and, in time, Dabov et al.
2007 (V-BM3D). A patch of what stands still has few strong coefficients, and noise has none.
"""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

SIDE, STRIDE = 8, 2
"""Of the patches, and between them, in pixels. Each pixel is the mean of the 16 patches that show it."""
HALO = SIDE - 1
"""Pixels around one that have a part in it."""
LAMBDA = 2.7
"""Standard deviations of noise that a coefficient must have."""
LEAST, MOST = 0.7, 1.3
"""Times that: what is weaker goes, what is stronger stays whole. A step would make rounding visible."""


def reference(frames: Tensor, middle: int, sigmas: Sequence[float]) -> Tensor:
    """What `without_noise` returns, on any device, with gradients."""
    b, count, height, width = frames.shape
    patches, in_time = _patch_basis(frames), basis(count, frames)
    padded = F.pad(frames, (SIDE,) * 4, mode="replicate").flatten(0, 1)[:, None]
    coefficients = F.conv2d(padded, patches, stride=STRIDE).reshape(b, count, SIDE**2, -1, (width + SIDE) // STRIDE + 1)
    coefficients = torch.einsum("kn,bnchw->bkchw", in_time, coefficients)
    found = [_thresholded(coefficients, LAMBDA * sigma, in_time[:, middle], patches) for sigma in sigmas]
    return torch.cat(found, 1)[..., SIDE : SIDE + height, SIDE : SIDE + width]


def _thresholded(coefficients: Tensor, threshold: float, back: Tensor, patches: Tensor) -> Tensor:
    """(B, F, SIDE**2, h, w) -> (B, 1, H, W). Patches count the more, the fewer coefficients they keep."""
    share = ((coefficients.abs() / threshold - LEAST) / (MOST - LEAST)).clamp(0, 1)
    share[:, 0, 0] = 1  # the mean of all
    weight = 1 / share.sum((1, 2))[:, None]
    kept = torch.einsum("k,bkchw->bchw", back, coefficients * share)
    picture = F.conv_transpose2d(kept * weight, patches, stride=STRIDE)
    ones = torch.ones_like(patches[:1])
    return picture / F.conv_transpose2d(weight, ones, stride=STRIDE)


def basis(size: int, like: Tensor) -> Tensor:
    """The orthonormal DCT-II: (size, size), a row a frequency."""
    frequency, place = torch.arange(size)[:, None].double(), torch.arange(size)[None].double()
    rows = torch.cos(math.pi * (2 * place + 1) * frequency / (2 * size)) * math.sqrt(2 / size)
    rows[0] /= math.sqrt(2)
    return rows.to(like)


def _patch_basis(like: Tensor) -> Tensor:
    """(SIDE**2, 1, SIDE, SIDE): products of the basis down and across."""
    rows = basis(SIDE, like)
    return torch.einsum("ai,bj->abij", rows, rows).flatten(0, 1)[:, None]
