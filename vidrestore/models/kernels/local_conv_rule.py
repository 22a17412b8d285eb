"""The two rules of local separable convolution in plain torch: the reference and the fallback.

Rules share nothing but their cost per tap, spec/networks.md A.2; with K taps, r = K // 2:

    outer    out(y, x) = sum_ij kv_i(y, x) kh_j(y, x) I(y+i-r, x+j-r), the picture's edge replicated (the paper)
    twopass  V(y, x) = sum_i kv_i(y, x) I(y+i-r, x), out(y, x) = sum_j kh_j(y, x) V(y, x+j-r), zeros around both
             the picture and V (document 000)

Weights trained with one must not be run with the other.
"""

from collections.abc import Callable, Iterator
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

Rule = Literal["outer", "twopass"]

BAND = 16
"""Rows at once in the reference: its largest intermediate is K times a band of the picture, never K pictures."""


class Reference:
    """Plain torch, any float dtype, any device."""

    def forward(self, image: Tensor, vertical: Tensor, horizontal: Tensor, rule: Rule) -> Tensor:
        """See local_conv.Backend."""
        return torch.cat([RULES[rule](*band) for band in _bands(image, vertical, horizontal, rule)], dim=-2)

    def gradients(
        self, image: Tensor, vertical: Tensor, horizontal: Tensor, rule: Rule, grad: Tensor
    ) -> tuple[Tensor, Tensor]:
        """See local_conv.Backend."""
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
