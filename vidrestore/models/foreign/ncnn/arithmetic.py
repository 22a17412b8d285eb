"""Layers that combine blobs by numbers, add numbers up, and normalise."""

import math
from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .param import Layer
from .shapes import dim_of
from .weights import Weights

MOST = 1 << 24
"""Numbers that a layer may hold which is no convolution."""
BINARY = ("add", "sub", "mul", "div", "max", "min", "pow", "rsub", "rdiv", "rpow", "atan2", "ratan2")
"""Operations of BinaryOp, by number; r: with the operands in the other order."""
REDUCTIONS = ("sum", "asum", "sumsq", "mean", "max", "min", "prod", "l1", "l2", "logsum", "logsumexp")
"""Operations of Reduction, by number."""


def aligned(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Blobs of as many axes. The shorter one's are the outermost of the other's: a value a channel fits a picture."""
    dims = max(a.dim(), b.dim())
    return a[(..., *[None] * (dims - a.dim()))], b[(..., *[None] * (dims - b.dim()))]


class Binary(nn.Module):
    """An operation of two blobs, or of a blob and a number."""

    def __init__(self, operation: str, number: float | None) -> None:
        super().__init__()
        turned = operation in ("rsub", "rdiv", "rpow", "ratan2")
        self.operation, self.turned, self.number = operation[1:] if turned else operation, turned, number

    def forward(self, a: Tensor, b: Tensor | None = None) -> Tensor:
        """Of shapes that fit each other."""
        if b is None:
            b = torch.full((), 0.0 if self.number is None else self.number, dtype=a.dtype, device=a.device)
        else:
            a, b = aligned(a, b)
        if self.turned:
            a, b = b, a
        match self.operation:
            case "add":
                return a + b
            case "sub":
                return a - b
            case "mul":
                return a * b
            case "div":
                return a / b
            case "max":
                return torch.maximum(a, b)
            case "min":
                return torch.minimum(a, b)
            case "pow":
                return a**b
        return torch.atan2(a, b)


class Eltwise(nn.Module):
    """The product, the weighted sum, or the largest of several blobs."""

    def __init__(self, operation: str, shares: tuple[float, ...]) -> None:
        super().__init__()
        self.operation, self.shares = operation, shares

    def forward(self, first: Tensor, *others: Tensor) -> Tensor:
        """Of one shape."""
        if self.shares:
            first, *rest = (share * blob for share, blob in zip(self.shares, (first, *others), strict=True))
            others = tuple(rest)
        for blob in others:
            if self.operation == "product":
                first = first * blob
            elif self.operation == "sum":
                first = first + blob
            else:
                first = torch.maximum(first, blob)
        return first


class Affine(nn.Module):
    """x * scale + bias, each a value for all or one for each of the outermost axis; either may be missing."""

    def __init__(self, scale: Tensor | None, bias: Tensor | None) -> None:
        super().__init__()
        self.scale = None if scale is None else nn.Parameter(scale)
        self.bias = None if bias is None else nn.Parameter(bias)

    def forward(self, x: Tensor, scale: Tensor | None = None) -> Tensor:
        """(B, N, ...); a second blob takes the place of the scale."""
        factor = scale if scale is not None else None if self.scale is None else self.scale[None]
        if factor is not None:
            x, factor = aligned(x, factor)
            x = x * factor
        return x if self.bias is None else torch.add(*aligned(x, self.bias[None]))


class Reduction(nn.Module):
    """One number of many, over some axes."""

    def __init__(self, operation: str, axes: tuple[int, ...], coefficient: float, *, keep: bool) -> None:
        super().__init__()
        self.operation, self.axes, self.coefficient, self.keep = operation, axes, coefficient, keep

    def forward(self, x: Tensor) -> Tensor:
        """(B, ...); no axes: all of them. Where none is left, one of length 1 is."""
        dims = tuple(map(dim_of, self.axes)) or tuple(range(1, x.dim()))
        out = self.coefficient * self._of(x, dims)
        return out[:, None] if out.dim() == 1 else out

    def _of(self, x: Tensor, dims: tuple[int, ...]) -> Tensor:
        match self.operation:
            case "sum":
                return x.sum(dims, self.keep)
            case "asum" | "l1":
                return x.abs().sum(dims, self.keep)
            case "sumsq":
                return x.square().sum(dims, self.keep)
            case "mean":
                return x.mean(dims, self.keep)
            case "max":
                return x.amax(dims, self.keep)
            case "min":
                return x.amin(dims, self.keep)
            case "l2":
                return x.square().sum(dims, self.keep).sqrt()
            case "logsum":
                return x.sum(dims, self.keep).log()
            case "logsumexp":
                return x.exp().sum(dims, self.keep).log()
        for dim in sorted((dim % x.dim() for dim in dims), reverse=True):
            x = x.prod(dim, self.keep)
        return x


class Softmax(nn.Module):
    """Along one axis."""

    def __init__(self, axis: int) -> None:
        super().__init__()
        self.dim = dim_of(axis)

    def forward(self, x: Tensor) -> Tensor:
        """(B, ...)."""
        return x.softmax(self.dim)


class GroupNorm(nn.Module):
    """Mean 0 and variance 1 over groups of channels, each of its own where `groups` is 0; then a scale and a bias."""

    def __init__(self, groups: int, epsilon: float, scale: Tensor | None, bias: Tensor | None) -> None:
        super().__init__()
        self.groups, self.epsilon = groups, epsilon
        self.scale = None if scale is None else nn.Parameter(scale)
        self.bias = None if bias is None else nn.Parameter(bias)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, ...)."""
        return F.group_norm(x, self.groups or x.shape[1], self.scale, self.bias, self.epsilon)


class LayerNorm(nn.Module):
    """Mean 0 and variance 1 over the innermost axis, or the two innermost that have `count` numbers."""

    def __init__(self, count: int, epsilon: float, scale: Tensor | None, bias: Tensor | None) -> None:
        super().__init__()
        self.count, self.epsilon = count, epsilon
        self.scale = None if scale is None else nn.Parameter(scale)
        self.bias = None if bias is None else nn.Parameter(bias)

    def forward(self, x: Tensor) -> Tensor:
        """(B, ...)."""
        shape = x.shape[-1:] if x.shape[-1] == self.count else x.shape[-2:]
        scale, bias = (None if own is None else own.view(shape) for own in (self.scale, self.bias))
        return F.layer_norm(x, shape, scale, bias, self.epsilon)


class Constant(nn.Module):
    """A blob that is always the same."""

    def __init__(self, blob: Tensor) -> None:
        super().__init__()
        self.blob = nn.Parameter(blob)

    def forward(self) -> Tensor:
        """(1, ...)."""
        return self.blob


def _binary(layer: Layer, weights: Weights) -> nn.Module:
    number, scalar = layer.real(2), layer.whole(1, most=1)
    if len(layer.reads) != 2 - scalar:
        raise layer.error(f"reads {len(layer.reads)} blobs, not {2 - scalar}")
    return Binary(layer.choice(0, BINARY), number if scalar else None)


def _eltwise(layer: Layer, weights: Weights) -> nn.Module:
    operation, shares = layer.choice(0, ("product", "sum", "max")), layer.reals(1)
    if shares and len(shares) != len(layer.reads):
        raise layer.error(f"has {len(shares)} coefficients for {len(layer.reads)} blobs")
    return Eltwise(operation, shares if operation == "sum" else ())


def _scale(layer: Layer, weights: Weights) -> nn.Module:
    count, biased = layer.whole(0, least=-233, most=MOST), layer.whole(1, most=1)
    if count == -233:
        if biased or len(layer.reads) != 2:
            raise layer.error("has a bias, or does not read two blobs, which is not supported")
        return Affine(None, None)
    return Affine(weights.plain(count), weights.plain(count) if biased else None)


def _batch_norm(layer: Layer, weights: Weights) -> nn.Module:
    count, epsilon = layer.whole(0, most=MOST), layer.real(1)
    slope, mean, variance, bias = (weights.plain(count) for _ in range(4))
    scale = slope / (variance + epsilon).sqrt()
    if not scale.isfinite().all():
        raise layer.error("divides by nothing: a variance is not above zero")
    return Affine(scale, bias - mean * scale)


def _group_norm(layer: Layer, weights: Weights) -> nn.Module:
    groups, epsilon = layer.whole(0, 1, least=1), layer.real(2, 0.001)
    return GroupNorm(groups, epsilon, *_scale_and_bias(layer, weights, layer.whole(1, most=MOST), option=3))


def _instance_norm(layer: Layer, weights: Weights) -> nn.Module:
    return GroupNorm(0, layer.real(1, 0.001), *_scale_and_bias(layer, weights, layer.whole(0, most=MOST)))


def _layer_norm(layer: Layer, weights: Weights) -> nn.Module:
    count = layer.whole(0, most=MOST)
    return LayerNorm(count, layer.real(1, 0.001), *_scale_and_bias(layer, weights, count))


def _scale_and_bias(
    layer: Layer, weights: Weights, count: int, option: int = 2
) -> tuple[Tensor, Tensor] | tuple[None, None]:
    return (weights.plain(count), weights.plain(count)) if layer.whole(option, 1, most=1) else (None, None)


def _reduction(layer: Layer, weights: Weights) -> nn.Module:
    everything, axes = layer.whole(1, 1, most=1), layer.wholes(3)
    if layer.whole(5, most=1) == 0 and not everything:
        raise layer.error("counts its axes as old files do, which is not supported")
    if any(not -3 <= axis <= 2 for axis in axes) or not (everything or axes):
        raise layer.error("adds up over axes that no blob has")
    keep = layer.whole(4, most=1) == 1
    return Reduction(layer.choice(0, REDUCTIONS), () if everything else axes, layer.real(2, 1), keep=keep)


def _softmax(layer: Layer, weights: Weights) -> nn.Module:
    axis = layer.whole(0, least=-3, most=2)
    if layer.whole(1, most=1) == 0 and axis:
        raise layer.error("counts its axes as old files do, which is not supported")
    return Softmax(axis)


def _constant(layer: Layer, weights: Weights) -> nn.Module:
    width, height, depth, channels = (layer.whole(option, most=MOST) for option in (0, 1, 11, 2))
    tagged = layer.whole(21, 1, most=1) == 0
    shape = [size for size in (channels, depth, height, width) if size] or [1]
    count = math.prod(shape)
    return Constant((weights.tagged(count).float() if tagged else weights.plain(count)).view(1, *shape))


ARITHMETIC: Mapping[str, Callable[[Layer, Weights], nn.Module]] = {
    "BatchNorm": _batch_norm,
    "Bias": lambda layer, weights: Affine(None, weights.plain(layer.whole(0, most=MOST))),
    "BinaryOp": _binary,
    "Eltwise": _eltwise,
    "GroupNorm": _group_norm,
    "InstanceNorm": _instance_norm,
    "LayerNorm": _layer_norm,
    "MemoryData": _constant,
    "Reduction": _reduction,
    "Scale": _scale,
    "Softmax": _softmax,
}
"""How each is built of its line and its weights."""
