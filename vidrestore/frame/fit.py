"""Reduction by whole factors that undoes `upsample`: least squares, as one small convolution."""

from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from .upsample import upsample

REACH = 12
"""Output samples to each side that one still depends on: weights fall to a third from each to the next."""


def fit(x: Tensor, factor: tuple[int, int], *, offset: tuple[float, float]) -> Tensor:
    """(B, C, H, W) floats -> the (B, C, ceil(H/factor), ceil(W/factor)) that `upsample` brings nearest to them.

    Nearest in the mean square, for `upsample` by the same factors and offsets (vertical, horizontal), cut to (H, W). So
    what it made gives back what it was made of, edges included, to a millionth.
    """
    upright = _fit_rows(x.mT, factor[0], offset[0]).mT
    return _fit_rows(upright, factor[1], offset[1])


def _fit_rows(x: Tensor, factor: int, offset: float) -> Tensor:
    if factor == 1:
        return x
    width = x.shape[-1]
    least = 4 * REACH * factor
    if width < least + factor:
        return x @ _weights(width, factor, offset, x.dtype, x.device).T
    # Far from the ends every output has the same weights; near them, those of a shorter row that ends alike.
    short = least + (width - least) % factor
    inverse = _weights(short, factor, offset, x.dtype, x.device)
    middle, count = len(inverse) // 2, -(-width // factor)
    taps = inverse[middle, (middle - REACH) * factor : (middle + REACH + 1) * factor]
    padded = F.pad(x, (REACH * factor, (count + REACH) * factor - width))
    out = F.conv2d(padded.flatten(0, 1)[:, None], taps.view(1, 1, 1, -1), stride=(1, factor)).view(*x.shape[:-1], count)
    out[..., :REACH] = x[..., :short] @ inverse[:REACH].T
    out[..., -REACH:] = x[..., -short:] @ inverse[-REACH:].T
    return out


@lru_cache(maxsize=32)
def _weights(width: int, factor: int, offset: float, dtype: torch.dtype, device: torch.device) -> Tensor:
    """`_inverse`, brought to a GPU once: the host would wait for all that is computed there before."""
    return _inverse(width, factor, offset).to(device, dtype)


@lru_cache(maxsize=32)
def _inverse(width: int, factor: int, offset: float) -> Tensor:
    """(ceil(width/factor), width), float64: the pseudo-inverse of `upsample` along a row."""
    samples = torch.eye(-(-width // factor), dtype=torch.float64)[None, None]
    inverse: Tensor = torch.linalg.pinv(upsample(samples, (1, factor), offset=(0, offset))[0, 0, :, :width].mT)
    return inverse
