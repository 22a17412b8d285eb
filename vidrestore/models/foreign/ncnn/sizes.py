"""Layers that make a picture larger or smaller."""

from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .param import Layer
from .weights import Weights

LARGEST_FACTOR = 32


class Interp(nn.Module):
    """A picture at another size: by factors, of a given size, or of another picture's."""

    def __init__(self, mode: str, factors: tuple[float, float], size: tuple[int, int], *, corners: bool) -> None:
        super().__init__()
        self.mode, self.factors, self.size = mode, factors, size
        self.corners = None if mode == "nearest" else corners

    def forward(self, x: Tensor, like: Tensor | None = None) -> Tensor:
        """(B, C, H, W) -> (B, C, H', W'); a blob without height and width counts as one pixel."""
        if x.dim() == 2:
            x = x[..., None, None]
        if like is not None:
            return F.interpolate(x, like.shape[-2:], mode=self.mode, align_corners=self.corners)
        if all(self.size):
            return F.interpolate(x, self.size, mode=self.mode, align_corners=self.corners)
        if self.factors == (1, 1):
            return x
        return F.interpolate(x, scale_factor=self.factors, mode=self.mode, align_corners=self.corners)


class PixelShuffle(nn.Module):
    """Channels become pixels."""

    def __init__(self, factor: int, *, colours_last: bool) -> None:
        super().__init__()
        self.factor, self.colours_last = factor, colours_last

    def forward(self, x: Tensor) -> Tensor:
        """(B, C * factor**2, H, W) -> (B, C, H * factor, W * factor)."""
        if self.colours_last:
            x = torch.unflatten(x, 1, (self.factor**2, -1)).transpose(1, 2).flatten(1, 2)
        return F.pixel_shuffle(x, self.factor)


class PixelUnshuffle(nn.Module):
    """Pixels become channels."""

    def __init__(self, factor: int, *, colours_last: bool) -> None:
        super().__init__()
        self.factor, self.colours_last = factor, colours_last

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H * factor, W * factor) -> (B, C * factor**2, H, W)."""
        x = F.pixel_unshuffle(x, self.factor)
        if self.colours_last:
            x = torch.unflatten(x, 1, (-1, self.factor**2)).transpose(1, 2).flatten(1, 2)
        return x


class GlobalPooling(nn.Module):
    """One number a channel, or a few: the mean or the largest."""

    def __init__(self, kind: str, size: tuple[int, int] | None) -> None:
        super().__init__()
        self.kind, self.size = kind, size

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C), or (B, C, H', W') where a size is given."""
        if self.size is None:
            return x.amax((-2, -1)) if self.kind == "max" else x.mean((-2, -1))
        if self.kind == "max":
            return F.adaptive_max_pool2d(x, self.size)
        return F.adaptive_avg_pool2d(x, self.size)


class Pooling(nn.Module):
    """The mean or the largest of each window."""

    def __init__(
        self,
        kind: str,
        kernel: tuple[int, int],
        stride: tuple[int, int],
        padding: tuple[int, int],
        *,
        ceil: bool,
        padded: bool,
    ) -> None:
        super().__init__()
        self.kind, self.kernel, self.stride, self.padding = kind, kernel, stride, padding
        self.ceil, self.padded = ceil, padded

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W)."""
        if self.kind == "max":
            return F.max_pool2d(x, self.kernel, self.stride, self.padding, ceil_mode=self.ceil)
        return F.avg_pool2d(x, self.kernel, self.stride, self.padding, self.ceil, self.padded)


def _interp(layer: Layer, weights: Weights) -> nn.Module:
    mode = layer.choice(0, ("", "nearest", "bilinear", "bicubic"))
    factors = layer.real(1, 1), layer.real(2, 1)
    size = layer.whole(3), layer.whole(4)
    corners = layer.whole(6, most=1) == 1
    if layer.whole(5, most=1) != len(layer.reads) - 1:
        raise layer.error(f"reads {len(layer.reads)} blobs, which is not what it says")
    if not all(1 / LARGEST_FACTOR <= factor <= LARGEST_FACTOR for factor in factors):
        raise layer.error(f"resizes by {factors[0]:g} and {factors[1]:g}, of which {LARGEST_FACTOR} is the most")
    return Interp(mode, factors, size, corners=corners)


def _pooling(layer: Layer, weights: Weights) -> nn.Module:
    kind = layer.choice(0, ("max", "mean"))
    width, stride, left = layer.whole(1), layer.whole(2, 1, least=1), layer.whole(3)
    kernel, strides = (layer.whole(11, width), width), (layer.whole(12, stride, least=1), stride)
    top = layer.whole(13, left)
    right, bottom = layer.whole(14, left), layer.whole(15, top)
    everything, adaptive = layer.whole(4, most=1), layer.whole(7, most=1)
    mode, padded = layer.choice(5, ("full", "valid")), layer.whole(6, most=1) == 1
    across = layer.whole(8)
    size = layer.whole(18, across), across
    if everything or adaptive:
        if adaptive and not everything and 0 in size:
            raise layer.error("does not say which size it makes")
        return GlobalPooling(kind, None if everything else size)
    if not all(kernel) or (left, top) != (right, bottom) or 2 * left > width or 2 * top > kernel[0]:
        raise layer.error("has a window and a padding that do not go together, which is not supported")
    if kind == "mean" and mode == "full" and padded:
        raise layer.error("counts a border of which the size depends on the picture's, which is not supported")
    return Pooling(kind, kernel, strides, (top, left), ceil=mode == "full", padded=padded)


SIZES: Mapping[str, Callable[[Layer, Weights], nn.Module]] = {
    "Interp": _interp,
    "PixelShuffle": lambda layer, weights: PixelShuffle(
        layer.whole(0, 1, least=1, most=LARGEST_FACTOR), colours_last=layer.whole(1, most=1) == 1
    ),
    "Pooling": _pooling,
    "Reorg": lambda layer, weights: PixelUnshuffle(
        layer.whole(0, 1, least=1, most=LARGEST_FACTOR), colours_last=layer.whole(1, most=1) == 1
    ),
}
"""How each is built of its line and its weights."""
