"""Layers that change each number alone, and those that a convolution ends with."""

from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .param import Layer
from .weights import Weights

FLOAT_MAX = 3.4028234663852886e38


class HardSwish(nn.Module):
    """x * clamp(alpha * x + beta, 0, 1), or without the first factor."""

    def __init__(self, alpha: float, beta: float, *, swish: bool) -> None:
        super().__init__()
        self.alpha, self.beta, self.swish = alpha, beta, swish

    def forward(self, x: Tensor) -> Tensor:
        """Of any shape."""
        gate = (self.alpha * x + self.beta).clamp(0, 1)
        return x * gate if self.swish else gate


class PRelu(nn.Module):
    """One slope for all, or one for each of the outermost axis."""

    def __init__(self, slope: Tensor) -> None:
        super().__init__()
        self.slope = nn.Parameter(slope)

    def forward(self, x: Tensor) -> Tensor:
        """(B, N, ...) with N slopes."""
        return F.prelu(x, self.slope)


class Unary(nn.Module):
    """A function of torch's that takes one tensor."""

    def __init__(self, function: str) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        """Of any shape."""
        out: Tensor = getattr(torch, self.function)(x)
        return out


class Power(nn.Module):
    """(shift + scale * x) to a power."""

    def __init__(self, power: float, scale: float, shift: float) -> None:
        super().__init__()
        self.power, self.scale, self.shift = power, scale, shift

    def forward(self, x: Tensor) -> Tensor:
        """Of any shape."""
        return (self.shift + self.scale * x) ** self.power


class Exponential(nn.Module):
    """base to (shift + scale * x), or the logarithm of it; base -1 is e."""

    def __init__(self, function: str, base: float, scale: float, shift: float) -> None:
        super().__init__()
        self.function, self.scale, self.shift = function, scale, shift
        self.rate = 1.0 if base == -1 else float(torch.tensor(base, dtype=torch.float64).log())

    def forward(self, x: Tensor) -> Tensor:
        """Of any shape."""
        inner = self.shift + self.scale * x
        return (inner * self.rate).exp() if self.function == "exp" else inner.log() / self.rate


def rectifier(slope: float) -> nn.Module:
    """ReLU, leaky where the slope is not 0."""
    return nn.LeakyReLU(slope) if slope else nn.ReLU()


def fused(layer: Layer) -> nn.Module:
    """The activation that a layer with weights ends with: options 9 and 10."""
    kind = layer.choice(9, ("none", "relu", "leaky", "clip", "sigmoid", "mish", "hardswish"))
    numbers = layer.reals(10)
    needed = {"leaky": 1, "clip": 2, "hardswish": 2}.get(kind, 0)
    if len(numbers) < needed:
        raise layer.error(f"ends with {kind}, for which it gives {len(numbers)} of {needed} numbers")
    match kind:
        case "relu":
            return nn.ReLU()
        case "leaky":
            return rectifier(numbers[0])
        case "clip":
            return _clip(layer, *numbers[:2])
        case "sigmoid":
            return nn.Sigmoid()
        case "mish":
            return nn.Mish()
        case "hardswish":
            return HardSwish(*numbers[:2], swish=True)
    return nn.Identity()


def _clip(layer: Layer, least: float, most: float) -> nn.Module:
    if least >= most:
        raise layer.error(f"clips to {least:g} at least and {most:g} at most")
    return nn.Hardtanh(least, most)


UNARY = (
    *("abs", "neg", "floor", "ceil", "square", "sqrt", "rsqrt", "exp", "log", "sin", "cos", "tan", "asin", "acos"),
    *("atan", "reciprocal", "tanh", "log10", "round", "trunc"),
)
"""Operations of UnaryOp, by number, as torch calls them."""

ACTIVATIONS: Mapping[str, Callable[[Layer, Weights], nn.Module]] = {
    "AbsVal": lambda layer, weights: Unary("abs"),
    "Clip": lambda layer, weights: _clip(layer, layer.real(0, -FLOAT_MAX), layer.real(1, FLOAT_MAX)),
    "ELU": lambda layer, weights: nn.ELU(layer.real(0, 0.1)),
    "Exp": lambda layer, weights: Exponential("exp", layer.real(0, -1), layer.real(1, 1), layer.real(2)),
    "GELU": lambda layer, weights: nn.GELU("tanh" if layer.whole(0) else "none"),
    "HardSigmoid": lambda layer, weights: HardSwish(layer.real(0, 0.2), layer.real(1, 0.5), swish=False),
    "HardSwish": lambda layer, weights: HardSwish(layer.real(0, 0.2), layer.real(1, 0.5), swish=True),
    "Log": lambda layer, weights: Exponential("log", layer.real(0, -1), layer.real(1, 1), layer.real(2)),
    "Mish": lambda layer, weights: nn.Mish(),
    "PReLU": lambda layer, weights: PRelu(weights.plain(layer.whole(0, most=1 << 20))),
    "Power": lambda layer, weights: Power(layer.real(0, 1), layer.real(1, 1), layer.real(2)),
    "ReLU": lambda layer, weights: rectifier(layer.real(0)),
    "SELU": lambda layer, weights: nn.SELU(),
    "Sigmoid": lambda layer, weights: nn.Sigmoid(),
    "Softplus": lambda layer, weights: nn.Softplus(),
    "Swish": lambda layer, weights: nn.SiLU(),
    "TanH": lambda layer, weights: nn.Tanh(),
    "UnaryOp": lambda layer, weights: Unary(layer.choice(0, UNARY)),
}
"""How each is built of its line and its weights."""
