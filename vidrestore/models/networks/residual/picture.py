"""What the networks of this folder share: one picture in, one out, and the parts they are built of."""

from collections.abc import Callable, Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from ....frame.resize import upsample
from ...processor import Needs

MIDDLE = (0.5,)
"""Taken from a picture before the first layer, and given back behind the last; of each channel, or of all."""
Space = Literal["rgb", "luma"]


class OnePicture(nn.Module):
    """prepare and finish of a network whose core makes one picture of one, perhaps larger.

    Args:
        core: (B, C, H, W) around 0 -> (B, C, scale*H, scale*W).
        halo: pixels of the input that the core looks beyond a pixel.
        scale: of the core.
        skip: add the input to what the core gives, enlarged by bicubic where it grows: the core then only learns what
            that misses. Else the core makes the picture itself, as in the papers.
        space: what it sees.
        middle: as MIDDLE. Public checkpoints have the mean colour of the pictures that they learned from.
    """

    middle: Tensor

    def __init__(
        self,
        core: nn.Module,
        *,
        halo: int,
        scale: int,
        skip: bool,
        space: Space,
        middle: Sequence[float] = MIDDLE,
    ) -> None:
        super().__init__()
        self.core = core
        self.skip = skip
        self.register_buffer("middle", torch.tensor([*middle]).view(-1, 1, 1), persistent=False)
        reach_of_bicubic = 2 if scale > 1 else 0
        self.needs = Needs(space=space, scale=scale, halo=max(halo, reach_of_bicubic if skip else 0))

    def prepare(self, window: Tensor) -> tuple[Tensor, ...]:
        """(B, 1, C, H, W) -> (B, C, H, W) around 0."""
        return (window[:, 0] - self.middle,)

    def finish(self, window: Tensor, *core_out: Tensor) -> Tensor:
        """(B, C, scale*H, scale*W) -> (B, 1, C, scale*H, scale*W); not clamped."""
        return self.shown(window, core_out[0])[:, None]

    def shown(self, window: Tensor, made: Tensor) -> Tensor:
        """The picture that an output of the core stands for, (B, C, scale*H, scale*W)."""
        if not self.skip:
            return made.float() + self.middle
        picture = window[:, 0]
        return made.float() + (picture if self.needs.scale == 1 else upsample(picture, self.needs.scale))


class Residual(nn.Module):
    """x + weight * body(x)."""

    def __init__(self, *body: nn.Module, weight: float = 1.0) -> None:
        super().__init__()
        self.body = nn.Sequential(*body)
        self.share = weight

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) twice."""
        change = self.body(x)
        out: Tensor = x + (change if self.share == 1 else self.share * change)
        return out


def block(
    width: int, *, kernel: int = 3, weight: float = 1.0, activation: Callable[[], nn.Module] = nn.ReLU
) -> Residual:
    """Convolution, activation, convolution, without batch normalisation (Lim et al. 2017)."""
    return Residual(conv(width, width, kernel), activation(), calm(conv(width, width, kernel)), weight=weight)


def calm(layer: nn.Conv2d) -> nn.Conv2d:
    """The last layer of a block with a tenth of its weights: a deep chain of sums starts calm."""
    with torch.no_grad():
        layer.weight *= 0.1
    return layer


def channels_of(space: Space) -> int:
    """Of a picture."""
    return Needs(space=space).channels


def conv(inputs: int, outputs: int, kernel: int = 3) -> nn.Conv2d:
    """A convolution that keeps the size, zeros around the picture."""
    return nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2)


def steps(scale: int) -> tuple[int, ...]:
    """The factors that a network enlarges by, one after the other: 4 is 2 and 2, and 3 is itself.

    Raises:
        ValueError: it is neither 1, 2, 3, 4 nor 8.
    """
    known: dict[int, tuple[int, ...]] = {1: (), 2: (2,), 3: (3,), 4: (2, 2), 8: (2, 2, 2)}
    if scale not in known:
        raise ValueError(f"the scale is one of {', '.join(map(str, known))}, not {scale}")
    return known[scale]


def enlarge(width: int, scale: int, *activation: Callable[[], nn.Module]) -> list[nn.Module]:
    """Convolution, pixel shuffle and perhaps an activation for each of `steps`."""
    layers: list[nn.Module] = []
    for step in steps(scale):
        layers += [conv(width, step * step * width), nn.PixelShuffle(step), *(each() for each in activation)]
    return layers


def reach(scale: int, last: int) -> int:
    """Pixels of the input that `enlarge` and a convolution behind it look beyond a pixel.

    Args:
        last: the reach of that convolution, in enlarged pixels.
    """
    first = -last  # of the pixels that the first enlarged pixel of pixel 0 depends on
    for step in reversed(steps(scale)):
        first = first // step - 1
    return -first


def start_at_nothing(layer: nn.Conv2d) -> None:
    """Let a last layer give zeros, so that training starts at the skip, not at noise."""
    nn.init.zeros_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
