"""WDSR: super-resolution by residual blocks that are wide where they are activated, and narrow between.

Sources: Yu et al. 2018; document 003. Behind the pixel shuffle comes no convolution, and the input is enlarged by
learned weights beside. Weight normalisation is a way to train: `Recipe.normalise_weights`, and the network runs plain.
"""

from collections.abc import Sequence
from typing import Literal

from torch import Tensor, nn

from .picture import MIDDLE, OnePicture, Residual, Space, calm, channels_of, conv, start_at_nothing

EXPANSION = 6
"""Of kind b: wide channels over narrow ones."""
LINEAR = 0.8
"""Of kind b: channels between its two last convolutions, over the narrow ones."""


class Wdsr(OnePicture):
    """Enlarges one picture by a whole factor.

    At x2 with 16 blocks of 32 and 128 channels 1,187,484 parameters; with the 2,616 factors of weight normalisation the
    paper's 1,190,100.

    Args:
        scale: 2, 3, 4 or 8.
        blocks: residual blocks.
        width: channels between them.
        wide: channels inside them; of kind b they are 6 times `width`.
        kind: a: two 3x3 convolutions. b: two of 1x1 around the activation, and a 3x3 one of fewer channels.
        residual_scale: weight of what a block adds.
        skip: see OnePicture; the paper has none beside the learned one.
        space: rgb, the paper's, or luma.
        middle: see OnePicture.
    """

    def __init__(
        self,
        scale: int = 2,
        blocks: int = 16,
        width: int = 32,
        wide: int = 128,
        kind: Literal["a", "b"] = "a",
        residual_scale: float = 1.0,
        skip: bool = False,
        space: Space = "rgb",
        middle: Sequence[float] = MIDDLE,
    ) -> None:
        channels = channels_of(space)
        core = _Core(channels, scale, [_block(width, wide, kind, residual_scale) for _ in range(blocks)], width)
        if skip:
            start_at_nothing(core.tail)
            start_at_nothing(core.beside)
        halo = 2 + (2 if kind == "a" else 1) * blocks
        super().__init__(core, halo=max(halo, 2), scale=scale, skip=skip, space=space, middle=middle)


class _Core(nn.Module):
    def __init__(self, channels: int, scale: int, blocks: list[Residual], width: int) -> None:
        super().__init__()
        self.head = conv(channels, width)
        self.body = nn.Sequential(*blocks)
        self.tail = conv(width, channels * scale * scale)
        self.beside = conv(channels, channels * scale * scale, 5)
        self.shuffle = nn.PixelShuffle(scale)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.shuffle(self.tail(self.body(self.head(x))) + self.beside(x))
        return out


def _block(width: int, wide: int, kind: Literal["a", "b"], weight: float) -> Residual:
    if kind == "a":
        return Residual(conv(width, wide), nn.ReLU(), calm(conv(wide, width)), weight=weight)
    most, fewest = EXPANSION * width, int(LINEAR * width)
    activated = conv(width, most, 1), nn.ReLU(), conv(most, fewest, 1)
    return Residual(*activated, calm(conv(fewest, width)), weight=weight)
