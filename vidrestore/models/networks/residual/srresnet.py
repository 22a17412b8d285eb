"""SRResNet: super-resolution by residual blocks with batch normalisation, and deblurring by the same without enlarging.

Sources: Ledig et al. 2017, where it is the generator of SRGAN; document 003, whose deblurring leaves the enlarging out.
"""

from torch import nn

from .picture import OnePicture, Residual, Space, channels_of, conv, enlarge, reach, start_at_nothing


class SrResNet(OnePicture):
    """Enlarges or, at scale 1, deblurs one picture. 1,549,462 parameters at x4, 1,254,036 at scale 1.

    Args:
        scale: 1, 2, 3, 4 or 8.
        blocks: residual blocks.
        width: their channels.
        skip: see OnePicture; the paper has none.
        space: rgb, the paper's, or luma.
    """

    def __init__(
        self, scale: int = 4, blocks: int = 16, width: int = 64, skip: bool = False, space: Space = "rgb"
    ) -> None:
        channels = channels_of(space)
        last = conv(width, channels, 9)
        if skip:
            start_at_nothing(last)
        core = nn.Sequential(
            conv(channels, width, 9),
            nn.PReLU(),
            Residual(*(_block(width) for _ in range(blocks)), conv(width, width), nn.BatchNorm2d(width)),
            *enlarge(width, scale, nn.PReLU),
            last,
        )
        super().__init__(core, halo=4 + 2 * blocks + 1 + reach(scale, 4), scale=scale, skip=skip, space=space)


def _block(width: int) -> Residual:
    return Residual(conv(width, width), nn.BatchNorm2d(width), nn.PReLU(), conv(width, width), nn.BatchNorm2d(width))
