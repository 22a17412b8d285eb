"""SepConv: a frame between two, as a local convolution of both with kernels that a U-Net makes for every pixel.

Sources: document 000, Niklaus et al. 2017; spec/networks.md part A.
"""

import math
from fractions import Fraction
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...kernels.local_conv import local_conv, weights
from ...kernels.local_conv_rule import Rule
from ...processor import Needs

CHANNELS = (32, 64, 128, 256, 512)
"""Of the five levels, each at half the resolution of the one before, at width 1."""

LEAST_WEIGHT = 0.01
"""A sum of weights closer to zero is not divided by."""


REACH = 372
"""Pixels away from an output pixel that the U-Net still sees, at the least favourable place of its grid of 32."""


class SepConv(nn.Module):
    """The frame midway between two: 21,675,452 parameters at full width and 51 taps.

    The submodules have the names and numbers of the public checkpoints: `core.conv1.0` is their `moduleConv1.0`.

    Args:
        width: factor on the channels of every level.
        taps: length of the kernels, odd; they bridge motions of up to taps // 2 pixels from either frame.
        local_conv: "outer", the paper's, or "twopass", document 000's; weights fit the one they were trained with.
        normalise: divide by the sum of all weights a pixel was made with, so that brightness is kept exactly.
        align_corners: the grid of the bilinear enlargements. True, as in the paper, document 000 and the public
            checkpoints, bends it with the size of the picture, by up to a quarter of a coarse pixel at its borders.
            A tile is then bent otherwise than the whole, whatever the halo: by 0.1 code values of 255 on average, by
            10 to 20 at the edge of a moving thing. False is the same in the middle of the picture, and exact in tiles.
    """

    def __init__(
        self,
        width: float = 1,
        taps: int = 51,
        local_conv: Rule = "outer",
        normalise: bool = False,
        align_corners: bool = False,
    ) -> None:
        super().__init__()
        if taps % 2 == 0 or local_conv not in ("outer", "twopass"):
            raise ValueError(f"{taps = } and {local_conv = }: an odd number, and outer or twopass, are wanted")
        self.core = _Kernels([max(1, round(width * c)) for c in CHANNELS], taps, align_corners)
        self.rule = local_conv
        self.normalise = normalise
        # In two passes a pixel takes part in the vertical kernels of its neighbours in the row.
        halo = max(REACH, taps // 2) if local_conv == "outer" else REACH + taps // 2
        self.needs = Needs(after=1, times=(Fraction(1, 2),), halo=halo, multiple=2 ** len(CHANNELS))

    def prepare(self, window: Tensor) -> tuple[Tensor, ...]:
        """(B, 2, 3, H, W) -> (B, 6, H, W)."""
        return (window.flatten(1, 2),)

    def finish(self, window: Tensor, *core_out: Tensor) -> Tensor:
        """Kernels (B, taps, H, W), vertical of the first and second frame, horizontal likewise -> (B, 1, 3, H, W)."""
        kernels = ((core_out[0], core_out[2]), (core_out[1], core_out[3]))
        frames = list(zip(window.unbind(1), kernels, strict=True))
        out = sum(local_conv(frame, *pair, rule=self.rule) for frame, pair in frames)
        assert isinstance(out, Tensor)
        if self.normalise:
            weight = sum(weights(*pair, rule=self.rule) for pair in kernels)
            assert isinstance(weight, Tensor)
            out = out / torch.where(weight.abs() < LEAST_WEIGHT, 1, weight)
        return out[:, None]


class _Kernels(nn.Module):
    """The U-Net: (B, 6, H, W) -> four times (B, taps, H, W); H and W are multiples of 32."""

    def __init__(self, channels: list[int], taps: int, align_corners: bool) -> None:
        super().__init__()
        c1, c2, c3, c4, c5 = channels

        def enlarge(c: int) -> list[nn.Module]:
            return [nn.Upsample(scale_factor=2, mode="bilinear", align_corners=align_corners), _conv(c, c)]

        def up(c: int) -> nn.Sequential:
            return nn.Sequential(*enlarge(c), nn.ReLU())

        def head() -> nn.Sequential:
            return nn.Sequential(*_convs(c2, c2, c2, taps), *enlarge(taps))

        self.conv1, self.conv2 = _convs(6, c1, c1, c1), _convs(c1, c2, c2, c2)
        self.conv3, self.conv4, self.conv5 = _convs(c2, c3, c3, c3), _convs(c3, c4, c4, c4), _convs(c4, c5, c5, c5)
        self.deconv5, self.upsample5 = _convs(c5, c5, c5, c5), up(c5)
        self.deconv4, self.upsample4 = _convs(c5, c4, c4, c4), up(c4)
        self.deconv3, self.upsample3 = _convs(c4, c3, c3, c3), up(c3)
        self.deconv2, self.upsample2 = _convs(c3, c2, c2, c2), up(c2)
        self.vertical1, self.vertical2, self.horizontal1, self.horizontal2 = heads = [head() for _ in range(4)]
        for each in heads:
            _start_at_half(each[-1])

    def forward(self, frames: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Vertical kernels of the first and the second frame, then the horizontal ones."""
        down2 = self.conv2(F.avg_pool2d(self.conv1(frames), 2))
        down3 = self.conv3(F.avg_pool2d(down2, 2))
        down4 = self.conv4(F.avg_pool2d(down3, 2))
        down5 = self.conv5(F.avg_pool2d(down4, 2))
        up = self.upsample5(self.deconv5(F.avg_pool2d(down5, 2))) + down5
        up = self.upsample4(self.deconv4(up)) + down4
        up = self.upsample3(self.deconv3(up)) + down3
        up = self.upsample2(self.deconv2(up)) + down2
        return self.vertical1(up), self.vertical2(up), self.horizontal1(up), self.horizontal2(up)


def _conv(i: int, o: int) -> nn.Conv2d:
    conv = nn.Conv2d(i, o, 3, padding=1)
    nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
    nn.init.zeros_(conv.bias)  # type: ignore[arg-type]
    return conv


def _convs(*channels: int) -> nn.Sequential:
    return nn.Sequential(*(layer for i, o in pairwise(channels) for layer in (_conv(i, o), nn.ReLU())))


@torch.no_grad()
def _start_at_half(last: nn.Module) -> None:
    """Make a head's kernels nearly sqrt(1/2) at the pixel itself: a frame's two then take half of it."""
    assert isinstance(last, nn.Conv2d) and last.bias is not None
    last.weight *= 0.1
    last.bias[len(last.bias) // 2] = math.sqrt(0.5)
