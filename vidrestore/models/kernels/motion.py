"""Where each pixel of one picture lies in others, by whatever computes it fastest. Always the same bits."""

import torch
from torch import Tensor

from .motion_reference import between, local_mean, reference


def motion(picture: Tensor, others: Tensor) -> tuple[Tensor, Tensor]:
    """Displacements y and x, (B, N, H, W) each, that take a pixel of `picture` to where `others` show the same.

    Args:
        picture: (B, 1, H, W), about [0, 1]; H and W multiples of MULTIPLE.
        others: (B, N, H, W).
    """
    if by_kernels(picture, others):
        from . import motion_cpu  # 0.5 s

        return motion_cpu.motion(picture, others)
    return reference(picture, others)


def compare(picture: Tensor, others: Tensor, y: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    """How far others, moved onto `picture` by what `motion` found, differ from it, (B, N, H, W) each.

    At the pixel itself, with its sign, others bilinear between pixels; and the mean size of that over 5x5 pixels.
    """
    if by_kernels(picture, others, y, x):
        from . import motion_cpu  # 0.5 s

        return motion_cpu.compare(picture, others, y, x)
    apart = between(others, y, x) - picture
    return apart, local_mean(apart.abs())


def by_kernels(*tensors: Tensor) -> bool:
    """Whether motion_cpu.py, which gives the same bits sooner, takes these: its loops have no gradient."""
    wanted = torch.is_grad_enabled() and any(x.requires_grad for x in tensors)
    return not wanted and all(x.device.type == "cpu" and x.dtype == torch.float32 for x in tensors)
