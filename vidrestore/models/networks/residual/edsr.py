"""EDSR: super-resolution by residual blocks without batch normalisation, their sums weighed.

Sources: Lim et al. 2017; document 003, which has 36 blocks where the paper and the public code have 32.
"""

from collections.abc import Sequence

from torch import nn

from .picture import MIDDLE, OnePicture, Residual, Space, block, channels_of, conv, enlarge, reach, start_at_nothing


class Edsr(OnePicture):
    """Enlarges one picture by a whole factor.

    Parameters with 16 blocks of 64 at x2, x3 and x4: 1,369,859, 1,554,499 and 1,517,571. With 32 blocks of 256 at x2
    40,729,603, with 36 45,450,243.

    Args:
        scale: 2, 3, 4 or 8.
        blocks: residual blocks.
        width: their channels.
        residual_scale: weight of what a block adds: 0.1 in the paper for width 256, where training is unstable else.
        skip: see OnePicture; the paper has none.
        space: rgb, the paper's, or luma.
        middle: see OnePicture.
    """

    def __init__(
        self,
        scale: int = 2,
        blocks: int = 16,
        width: int = 64,
        residual_scale: float = 1.0,
        skip: bool = False,
        space: Space = "rgb",
        middle: Sequence[float] = MIDDLE,
    ) -> None:
        channels = channels_of(space)
        last = conv(width, channels)
        if skip:
            start_at_nothing(last)
        core = nn.Sequential(
            conv(channels, width),
            Residual(*(block(width, weight=residual_scale) for _ in range(blocks)), conv(width, width)),
            *enlarge(width, scale),
            last,
        )
        super().__init__(
            core, halo=1 + 2 * blocks + 1 + reach(scale, 1), scale=scale, skip=skip, space=space, middle=middle
        )
