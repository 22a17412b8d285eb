"""Resizing of pictures: MATLAB's imresize, bicubic enlargement by whole factors, and the reduction that undoes it.

imresize is the degradation and the baseline of the super-resolution literature. Facts in spec/networks.md B.2; equal to
MATLAB R2015b to the last bit on its published fixtures, for floats and uint8. The other two are small convolutions: any
phase, exact, and fast on every device.
"""

import math
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

REACH = 12
"""Output samples to each side that one of `fit` still depends on: weights fall to a third from each to the next."""


def cubic(x: Tensor, a: float = -0.5) -> Tensor:
    """Keys' cubic convolution kernel with parameter `a` (MATLAB -0.5, OpenCV and torch -0.75), support [-2, 2]."""
    x = x.abs()
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    return torch.where(x <= 1, near, torch.where(x <= 2, far, torch.zeros_like(x)))


@lru_cache(maxsize=64)
def resize_matrix(n_in: int, n_out: int, scale: float) -> Tensor:
    """Dense weights (n_out, n_in), float64, of one axis: antialiased when shrinking, mirrored at the ends."""
    stretch = min(scale, 1.0)
    width = 4 / stretch
    centre = torch.arange(1, n_out + 1, dtype=torch.float64) / scale + 0.5 * (1 - 1 / scale)
    taps = torch.floor(centre - width / 2)[:, None] + torch.arange(math.ceil(width) + 2, dtype=torch.float64)
    weights = stretch * cubic(stretch * (centre[:, None] - taps))
    weights = weights / weights.sum(1, keepdim=True)
    index = torch.remainder(taps.long() - 1, 2 * n_in)
    index = torch.where(index >= n_in, 2 * n_in - 1 - index, index)
    return torch.zeros(n_out, n_in, dtype=torch.float64).scatter_add_(1, index, weights)


def imresize(x: Tensor, scale: float | None = None, *, size: tuple[int, int] | None = None) -> Tensor:
    """Resize the last two axes of `x` as MATLAB's imresize does.

    Args:
        x: (..., H, W). uint8: rounded half up and clipped to 0..255 after each axis, as MATLAB does;
            float32 or float64: computed in that type, never clipped.
        scale: the factor of both axes; the output is ceil(scale * n).
        size: (H', W') instead of `scale`; each axis then has its own factor.

    Raises:
        ValueError: unless exactly one of `scale` and `size` is given.
    """
    if (scale is None) == (size is None):
        raise ValueError(f"exactly one of scale and size is needed, got {scale = }, {size = }")
    h, w = x.shape[-2:]
    if size is None:
        assert scale is not None
        plan = [(-2, h, math.ceil(scale * h), scale), (-1, w, math.ceil(scale * w), scale)]
    else:
        plan = [(-2, h, size[0], size[0] / h), (-1, w, size[1], size[1] / w)]
    whole = x.dtype == torch.uint8
    out = x.double() if whole else x
    for axis, n_in, n_out, factor in sorted(plan, key=lambda step: step[3]):  # smaller factor first, rows on a tie
        weights = resize_matrix(n_in, n_out, factor).to(out)
        out = weights @ out if axis == -2 else out @ weights.T
        if whole:
            out = torch.floor(out + 0.5).clamp_(0, 255)
    return out.to(x.dtype)


@lru_cache(maxsize=64)
def _phases(scale: int, offset: float) -> tuple[Tensor, int]:
    """Taps (scale, 2*reach+1), float64, and reach: output scale*k + p reads inputs k-reach .. k+reach."""
    position = torch.arange(scale, dtype=torch.float64) / scale + offset  # of output p, relative to input k
    reach = max(math.ceil(float(position.max())) + 1, math.ceil(-float(position.min())) + 1)
    taps = cubic(position[:, None] - torch.arange(-reach, reach + 1, dtype=torch.float64))
    return taps / taps.sum(1, keepdim=True), reach


@lru_cache(maxsize=64)
def _kernel(
    scale: tuple[int, int], offset: tuple[float, float] | None, dtype: torch.dtype, device: torch.device
) -> tuple[Tensor, tuple[int, int]]:
    """Weights (scale*scale, 1, taps, taps) and the reach, per axis; on a GPU once, since bringing them there waits."""
    offset = offset or (centred(scale[0]), centred(scale[1]))
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
    kernel, (reach_y, reach_x) = _kernel((scale_y, scale_x), offset, x.dtype, x.device)
    b, c, h, w = x.shape
    padded = F.pad(x.reshape(b * c, 1, h, w), (reach_x, reach_x, reach_y, reach_y), mode="replicate")
    phases = F.conv2d(padded, kernel).view(b * c, scale_y, scale_x, h, w)
    return phases.permute(0, 3, 1, 4, 2).reshape(b, c, scale_y * h, scale_x * w)


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
