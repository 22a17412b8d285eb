"""MDSR: one network for three factors, whose blocks are shared.

Sources: Lim et al. 2017; document 003, where it came second in NTIRE 2017: 80 blocks of 64 channels, sums not weighed.
"""

from collections.abc import Sequence
from dataclasses import replace

from torch import Tensor, nn

from .picture import MIDDLE, OnePicture, Residual, Space, block, channels_of, conv, enlarge, start_at_nothing

SCALES = (2, 3, 4)


class Mdsr(OnePicture):
    """Enlarges one picture by one of three factors; its weights are those of all three. 7,953,987 parameters.

    Args:
        scale: which of 2, 3 and 4 it enlarges by.
        blocks: residual blocks behind the two that each factor has of its own.
        width: their channels.
        skip: see OnePicture; the paper has none.
        space: rgb, the paper's, or luma.
        middle: see OnePicture.
    """

    def __init__(
        self,
        scale: int = 2,
        blocks: int = 80,
        width: int = 64,
        skip: bool = False,
        space: Space = "rgb",
        middle: Sequence[float] = MIDDLE,
    ) -> None:
        core = _Core(channels_of(space), blocks, width)
        if skip:
            start_at_nothing(core.last)
        own = 2 * 2 * 2  # two blocks of two 5x5 convolutions
        halo = 1 + own + 2 * blocks + 1 + 2
        super().__init__(core, halo=halo, scale=scale, skip=skip, space=space, middle=middle)
        self.choose(scale)

    def choose(self, scale: int) -> None:
        """Enlarge by another of the three factors from now on. ValueError: it is none of them."""
        if scale not in SCALES:
            raise ValueError(f"the scale is one of {', '.join(map(str, SCALES))}, not {scale}")
        assert isinstance(self.core, _Core)
        self.core.chosen = SCALES.index(scale)
        self.needs = replace(self.needs, scale=scale)


class _Core(nn.Module):
    def __init__(self, channels: int, blocks: int, width: int) -> None:
        super().__init__()
        self.first = conv(channels, width)
        self.own = nn.ModuleList(nn.Sequential(block(width, kernel=5), block(width, kernel=5)) for _ in SCALES)
        self.shared = Residual(*(block(width) for _ in range(blocks)), conv(width, width))
        self.enlarge = nn.ModuleList(nn.Sequential(*enlarge(width, scale)) for scale in SCALES)
        self.last = conv(width, channels)
        self.chosen = 0

    def forward(self, x: Tensor) -> Tensor:
        shared = self.shared(self.own[self.chosen](self.first(x)))
        out: Tensor = self.last(self.enlarge[self.chosen](shared))
        return out
