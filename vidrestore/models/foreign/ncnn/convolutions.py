"""Layers that multiply by weights: convolutions of all sorts, and InnerProduct."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .activations import fused
from .param import Layer
from .weights import Weights

MOST_WEIGHTS = 1 << 30
MOST_CHANNELS = 1 << 16
SAME_UPPER, SAME_LOWER = -233, -234
"""Stand for a padding: what keeps the size. The odd pixel of it goes to the end, or to the start."""

Pair = tuple[int, int]
"""Height, width."""


@dataclass(frozen=True, slots=True)
class Window:
    """The options that all convolutions share."""

    outputs: int
    groups: int
    kernel: Pair
    dilation: Pair
    stride: Pair
    border: tuple[int, int, int, int]
    """Left, right, top, bottom."""

    @classmethod
    def of(cls, layer: Layer, *, grouped: bool) -> "Window":
        """ModelError: an option is not within its bounds."""
        width = layer.whole(1, least=1)
        wide, stride = layer.whole(2, 1, least=1), layer.whole(3, 1, least=1)
        left = layer.whole(4, least=SAME_LOWER)
        top = layer.whole(14, left, least=SAME_LOWER)
        border = (left, layer.whole(15, left, least=SAME_LOWER), top, layer.whole(16, top, least=SAME_LOWER))
        window = cls(
            outputs=layer.whole(0, least=1, most=MOST_CHANNELS),
            groups=layer.whole(7, 1, least=1, most=MOST_CHANNELS) if grouped else 1,
            kernel=(layer.whole(11, width, least=1), width),
            dilation=(layer.whole(12, wide, least=1), wide),
            stride=(layer.whole(13, stride, least=1), stride),
            border=border,
        )
        if not window.outputs or 0 in window.kernel or window.outputs % window.groups:
            raise layer.error("does not say how many channels it makes, or of which kernel")
        if min(border) < 0:
            return window._same(layer)
        return window

    def _same(self, layer: Layer) -> "Window":
        """With the border that keeps the size, which depends on the size where the stride is not 1."""
        if len(set(self.border)) != 1 or self.stride != (1, 1):
            raise layer.error(f"has the padding {self.border[0]} and a stride, which is not supported")
        down, across = (d * (k - 1) for d, k in zip(self.dilation, self.kernel, strict=True))
        if self.border[0] == SAME_UPPER:
            border = (across // 2, across - across // 2, down // 2, down - down // 2)
        else:
            border = (across - across // 2, across // 2, down - down // 2, down // 2)
        return Window(self.outputs, self.groups, self.kernel, self.dilation, self.stride, border)

    def inputs(self, layer: Layer, count: int) -> int:
        """Channels that a layer with so many weights reads. ModelError: the weights do not fit."""
        each = self.kernel[0] * self.kernel[1] * self.outputs
        if not count or count % each:
            raise layer.error(f"has {count} weights, which are not those of {self.outputs} channels {self.kernel}")
        return count // each * self.groups


class Convolution(nn.Module):
    """Padding, a convolution, and an activation. A blob without height and width passes as one pixel."""

    def __init__(self, conv: nn.Conv2d, border: tuple[int, int, int, int], value: float, end: nn.Module) -> None:
        super().__init__()
        self.conv, self.border, self.value, self.end = conv, border, value, end

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C', H', W'), or (B, C) -> (B, C')."""
        alone = x.dim() == 2
        if alone:
            x = x[..., None, None]
        if any(self.border):
            x = F.pad(x, self.border, value=self.value)
        out: Tensor = self.end(self.conv(x))
        return out.flatten(1) if alone else out


class Deconvolution(nn.Module):
    """A transposed convolution, what lies beyond its borders cut off, and an activation."""

    def __init__(self, conv: nn.ConvTranspose2d, border: tuple[int, int, int, int], end: nn.Module) -> None:
        super().__init__()
        self.conv, self.border, self.end = conv, border, end

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C', H', W')."""
        out = self.conv(x)
        if any(self.border):
            out = F.pad(out, [-n for n in self.border])
        made: Tensor = self.end(out)
        return made


class InnerProduct(nn.Module):
    """A matrix that reads a whole blob, or each row of a table, and an activation."""

    def __init__(self, linear: nn.Linear, end: nn.Module) -> None:
        super().__init__()
        self.linear, self.end = linear, end

    def forward(self, x: Tensor) -> Tensor:
        """(B, ...) -> (B, N), or (B, rows, columns) -> (B, rows, N) where the columns fit."""
        rows = x.dim() == 3 and x.shape[-1] == self.linear.in_features
        out: Tensor = self.end(self.linear(x if rows else x.flatten(1)))
        return out


def _convolution(layer: Layer, weights: Weights, *, grouped: bool = False) -> nn.Module:
    window = Window.of(layer, grouped=grouped)
    layer.only(19, 0)  # weights that another layer computes
    count, value, biased = layer.whole(6, most=MOST_WEIGHTS), layer.real(18), layer.whole(5, most=1)
    inputs = window.inputs(layer, count)
    scales = layer.whole(8, most=255)
    own, bias = _numbers(weights, count, window.outputs if biased else 0)
    own = _dequantised(own.view(window.outputs, -1), weights, scales, 1 if scales % 100 == 2 else _scales(window))
    # torch pads by zeros itself, in the convolution; that is faster, where both sides are alike.
    left, right, top, bottom = window.border
    within = left == right and top == bottom and value == 0
    with torch.device("meta"):
        conv = nn.Conv2d(
            inputs,
            window.outputs,
            window.kernel,
            window.stride,
            (top, left) if within else 0,
            window.dilation,
            window.groups,
            bias=biased == 1,
        )
    _fill(conv, own, bias)
    return Convolution(conv, (0, 0, 0, 0) if within else window.border, value, fused(layer))


def _scales(window: Window) -> int:
    return window.groups if window.groups > 1 else window.outputs


def _deconvolution(layer: Layer, weights: Weights, *, grouped: bool = False) -> nn.Module:
    window = Window.of(layer, grouped=grouped)
    layer.only(20, 0)  # a size given beforehand
    layer.only(21, 0)
    layer.only(28, 0)  # weights that another layer computes
    more = layer.whole(18)
    below = layer.whole(19, more)
    count, biased = layer.whole(6, most=MOST_WEIGHTS), layer.whole(5, most=1)
    inputs = window.inputs(layer, count)
    own, bias = _numbers(weights, count, window.outputs if biased else 0)
    groups, outputs = window.groups, window.outputs
    # ncnn: group, output, input; torch: group, input, output.
    own = own.float().view(groups, outputs // groups, inputs // groups, *window.kernel).transpose(1, 2)
    left, right, top, bottom = window.border
    within = left == right and top == bottom and max(below, more) < min(window.stride)
    with torch.device("meta"):
        conv = nn.ConvTranspose2d(
            inputs,
            outputs,
            window.kernel,
            window.stride,
            (top, left) if within else 0,
            (below, more) if within else 0,
            groups,
            bias=biased == 1,
            dilation=window.dilation,
        )
    _fill(conv, own, bias)
    border = (0, 0, 0, 0) if within else (left, right - more, top, bottom - below)
    if min(border) < 0:
        raise layer.error(f"adds {more} pixels to the right and {below} below, which is not supported")
    return Deconvolution(conv, border, fused(layer))


def _inner_product(layer: Layer, weights: Weights) -> nn.Module:
    outputs = layer.whole(0, least=1, most=MOST_CHANNELS)
    count, biased, scales = layer.whole(2, most=MOST_WEIGHTS), layer.whole(1, most=1), layer.whole(8, most=255)
    if not outputs or not count or count % outputs:
        raise layer.error(f"has {count} weights for {outputs} outputs")
    own, bias = _numbers(weights, count, outputs if biased else 0)
    own = _dequantised(own.view(outputs, -1), weights, scales, outputs)
    with torch.device("meta"):
        linear = nn.Linear(count // outputs, outputs, bias=biased == 1)
    _fill(linear, own, bias)
    return InnerProduct(linear, fused(layer))


def _numbers(weights: Weights, count: int, biases: int) -> tuple[Tensor, Tensor]:
    return weights.tagged(count), weights.plain(biases)


def _dequantised(own: Tensor, weights: Weights, term: int, scales: int) -> Tensor:
    """Weights of int8 as what they stand for; those of blobs, which would be rounded too, are left unrounded."""
    if not term:
        return own.float()
    scale = weights.plain(scales)
    weights.plain(1)  # of what is read
    if term > 100:
        weights.plain(1)  # of what is made
    if own.dtype != torch.int8:
        return own
    return (own.float().view(scales, -1) / scale[:, None]).view_as(own)


def _fill(layer: nn.Conv2d | nn.ConvTranspose2d | nn.Linear, weight: Tensor, bias: Tensor) -> None:
    layer.weight = nn.Parameter(weight.reshape(layer.weight.shape).contiguous())
    if len(bias):
        layer.bias = nn.Parameter(bias)


CONVOLUTIONS: Mapping[str, Callable[[Layer, Weights], nn.Module]] = {
    "Convolution": _convolution,
    "ConvolutionDepthWise": lambda layer, weights: _convolution(layer, weights, grouped=True),
    "Deconvolution": _deconvolution,
    "DeconvolutionDepthWise": lambda layer, weights: _deconvolution(layer, weights, grouped=True),
    "InnerProduct": _inner_product,
}
"""How each is built of its line and its weights."""
