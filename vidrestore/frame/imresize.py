"""MATLAB's imresize (bicubic, antialiased): the degradation and the baseline of the super-resolution literature.

Facts in spec/networks.md B.2; equal to MATLAB R2015b to the last bit on its published fixtures, for floats and uint8.
"""

import math
from functools import lru_cache

import torch
from torch import Tensor


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
