"""Local separable convolution: every output pixel has its own vertical and its own horizontal kernel (SepConv).

local_conv_rule.py says what is computed; local_conv_cpu.py and local_conv_gpu.py compute the same faster.
"""

from typing import Any, Protocol

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from .local_conv_rule import Reference, Rule


def local_conv(image: Tensor, vertical: Tensor, horizontal: Tensor, *, rule: Rule) -> Tensor:
    """Convolve each pixel of `image` with its own two kernels; the kernels' gradients are recomputed, not stored.

    Args:
        image: (B, C, H, W) float; a constant: it gets no gradient.
        vertical, horizontal: (B, K, H, W) of the image's dtype, K odd; tap K // 2 is the pixel itself.

    Returns:
        (B, C, H, W), of the same dtype.

    Raises:
        ValueError: shapes or dtypes do not fit, or the image wants a gradient.
    """
    b, _, h, w = image.shape
    taps = vertical.shape[1]
    if vertical.shape != horizontal.shape or vertical.shape != (b, taps, h, w) or taps % 2 == 0:
        shapes = f"{tuple(image.shape)}, {tuple(vertical.shape)} and {tuple(horizontal.shape)}"
        raise ValueError(f"image and kernels of shapes {shapes} do not fit: (B, C, H, W) and twice (B, odd K, H, W)")
    if not image.dtype == vertical.dtype == horizontal.dtype:
        raise ValueError(f"one dtype is needed, got {image.dtype}, {vertical.dtype} and {horizontal.dtype}")
    if image.requires_grad:
        raise ValueError("the local convolution has no gradient for the image: detach it")
    out: Tensor = _LocalConv.apply(image, vertical, horizontal, rule)  # type: ignore[no-untyped-call]
    return out


def weights(vertical: Tensor, horizontal: Tensor, *, rule: Rule) -> Tensor:
    """What each pixel's weights sum up to, (B, 1, H, W): `local_conv` of a picture that is 1 everywhere."""
    if rule == "outer":
        return vertical.sum(1, keepdim=True) * horizontal.sum(1, keepdim=True)
    ones = torch.ones_like(vertical[:, :1]).expand(-1, 3, -1, -1)  # RGB: what the fast kernels take
    return local_conv(ones, vertical, horizontal, rule=rule)[:, :1]


class Backend(Protocol):
    """Who computes: Reference, local_conv_cpu or local_conv_gpu."""

    def forward(self, image: Tensor, vertical: Tensor, horizontal: Tensor, rule: Rule) -> Tensor:
        """As `local_conv`."""

    def gradients(
        self, image: Tensor, vertical: Tensor, horizontal: Tensor, rule: Rule, grad: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Of the two kernels, from that of the output, (B, C, H, W)."""


def backend(image: Tensor) -> Backend:
    """The fastest that takes such a picture."""
    if image.dtype == torch.float32 and image.device.type == "cpu":
        from . import local_conv_cpu  # 0.5 s

        if local_conv_cpu.takes(image):
            return local_conv_cpu
    if image.dtype == torch.float32 and image.device.type == "cuda":
        from . import local_conv_gpu

        if local_conv_gpu.takes(image):
            return local_conv_gpu
    return Reference()


class _LocalConv(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, image: Tensor, vertical: Tensor, horizontal: Tensor, rule: Rule) -> Tensor:  # noqa: ANN401
        ctx.save_for_backward(image, vertical, horizontal)
        ctx.rule = rule
        return backend(image).forward(image, vertical, horizontal, rule)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[None, Tensor, Tensor, None]:  # noqa: ANN401
        image, vertical, horizontal = ctx.saved_tensors
        return None, *backend(image).gradients(image, vertical, horizontal, ctx.rule, grad), None
