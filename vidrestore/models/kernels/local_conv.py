"""Local separable convolution: every output pixel has its own vertical and its own horizontal kernel (SepConv).

Two rules that share nothing but their cost per tap, spec/networks.md A.2; with K taps, r = K // 2:

    outer    out(y, x) = sum_ij kv_i(y, x) kh_j(y, x) I(y+i-r, x+j-r), the picture's edge replicated (the paper)
    twopass  V(y, x) = sum_i kv_i(y, x) I(y+i-r, x), out(y, x) = sum_j kh_j(y, x) V(y, x+j-r), zeros around both
             the picture and V (document 000)

Weights trained with one must not be run with the other. What follows is plain torch, the reference and the fallback;
local_conv_cpu.py and local_conv_gpu.py compute the same faster.
"""

from collections.abc import Callable, Iterator
from typing import Any, Literal, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

Rule = Literal["outer", "twopass"]

BAND = 16
"""Rows at once in the reference: its largest intermediate is K times a band of the picture, never K pictures."""


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
    """Who computes: this module, local_conv_cpu or local_conv_gpu."""

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


class Reference:
    """Plain torch, any float dtype, any device."""

    def forward(self, image: Tensor, vertical: Tensor, horizontal: Tensor, rule: Rule) -> Tensor:
        """See Backend."""
        return torch.cat([RULES[rule](*band) for band in _bands(image, vertical, horizontal, rule)], dim=-2)

    def gradients(
        self, image: Tensor, vertical: Tensor, horizontal: Tensor, rule: Rule, grad: Tensor
    ) -> tuple[Tensor, Tensor]:
        """See Backend."""
        found = []
        bands = _bands(image, vertical.detach(), horizontal.detach(), rule)
        for (rows, *kernels), g in zip(bands, torch.split(grad, BAND, dim=-2), strict=True):
            with torch.enable_grad():
                leaves = tuple(kernel.requires_grad_() for kernel in kernels)
                found.append(torch.autograd.grad(RULES[rule](rows, *leaves), leaves, g))
        vertical_grads, horizontal_grads = zip(*found, strict=True)
        return torch.cat(vertical_grads, dim=-2), torch.cat(horizontal_grads, dim=-2)


def padded(image: Tensor, reach: int, rule: Rule, *, below: int = 0) -> Tensor:
    """`image` with what the rule says lies around it, `reach` pixels; `below` more rows at the bottom.

    For `twopass` nothing is added left and right: there V is what needs zeros, not the picture.
    """
    if rule == "outer":
        return F.pad(image, (reach, reach, reach, reach + below), mode="replicate")
    return F.pad(image, (0, 0, reach, reach + below))


def _bands(image: Tensor, vertical: Tensor, horizontal: Tensor, rule: Rule) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Padded rows of the picture and the kernels of a band: no output row needs more of either."""
    taps, height = vertical.shape[1:3]
    picture = padded(image, taps // 2, rule)
    for top in range(0, height, BAND):
        bottom = min(top + BAND, height)
        yield picture[..., top : bottom + taps - 1, :], vertical[..., top:bottom, :], horizontal[..., top:bottom, :]


def _outer(rows: Tensor, vertical: Tensor, horizontal: Tensor) -> Tensor:
    taps, height = vertical.shape[1:3]
    windows = rows.unfold(-1, taps, 1)  # a view, (B, C, height + taps - 1, W, taps)
    across = horizontal.permute(0, 2, 3, 1)[:, None]
    out = torch.zeros(())
    for i in range(taps):
        out = out + vertical[:, i : i + 1] * (windows[:, :, i : i + height] * across).sum(-1)
    return out


def _twopass(rows: Tensor, vertical: Tensor, horizontal: Tensor) -> Tensor:
    taps, height, width = vertical.shape[1:]
    v = sum(vertical[:, i : i + 1] * rows[:, :, i : i + height] for i in range(taps))
    assert isinstance(v, Tensor)
    v = F.pad(v, (taps // 2, taps // 2))
    out = sum(horizontal[:, j : j + 1] * v[..., j : j + width] for j in range(taps))
    assert isinstance(out, Tensor)
    return out


RULES: dict[Rule, Callable[[Tensor, Tensor, Tensor], Tensor]] = {"outer": _outer, "twopass": _twopass}
"""Of one band: padded rows (B, C, h + K - 1, ...), kernels twice (B, K, h, W) -> (B, C, h, W)."""
