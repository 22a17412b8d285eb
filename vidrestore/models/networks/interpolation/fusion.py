"""Fusion: mixes pictures that were moved along optical flow, and adds what none of them has.

A small U-Net of our own; the shape of its task (mixing weights and a residual over warped pictures) is that of the
synthesis stage of flow interpolators such as Super SloMo (Jiang et al. 2018) and RIFE (Huang et al. 2022).
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...processor import Needs

PICTURES = 6
"""Of the window, without the evidence."""
PRIOR = (1.0, 1.0, 0.1, 0.1, 0.01, 0.01)
"""How far each picture is trusted before the network has looked, times its closeness in time."""


class Fusion(nn.Module):
    """One picture out of six that show the same moment, more or less.

    Its window is not consecutive frames but what `flow.interpolator` lays before it, (B, 7, 3, H, W):

        0, 1   the first and the second picture, moved along the best motion
        2, 3   the first moved as seen from the first, the second as seen from the second
        4, 5   the first and the second as they are
        6      evidence: how far the two motions disagree (share of 16 pixels), the length of the best (root of its
               share of 64 pixels), and the time between 0 and 1, everywhere the same

    Args:
        channels: at half, quarter and eighth resolution.
    """

    def __init__(self, channels: tuple[int, int, int] = (48, 64, 96)) -> None:
        super().__init__()
        self.core = _UNet(4 * 3 * (PICTURES + 1), tuple(channels), 4 * (PICTURES + 3))
        self.needs = Needs(after=PICTURES, halo=_UNet.HALO, multiple=8)

    def prepare(self, window: Tensor) -> tuple[Tensor, ...]:
        """(B, 7, 3, H, W) -> (B, 84, H/2, W/2), pictures centred on 0."""
        middle = window.new_tensor((0.5,) * PICTURES + (0.0,))
        seen = (window - middle[:, None, None, None]).flatten(1, 2)
        # As F.pixel_unshuffle, in half of its time on a CPU.
        return (torch.stack([seen[..., y::2, x::2] for y in (0, 1) for x in (0, 1)], 2).flatten(1, 2),)

    def finish(self, window: Tensor, *core_out: Tensor) -> Tensor:
        """Weights and residual (B, 36, H/2, W/2) -> (B, 1, 3, H, W).

        Not clamped: video has colours a little outside [0, 1], and so have the frames around.
        """
        out = F.pixel_shuffle(core_out[0].float(), 2)
        time = window[:, PICTURES, 2:]
        total, mixed = torch.zeros_like(time), torch.zeros_like(window[:, 0])
        for index, trust in enumerate(PRIOR):
            weight = _positive(out[:, index : index + 1]) * (trust * (time if index % 2 else 1 - time))
            total += weight
            mixed.addcmul_(weight, window[:, index])
        return (mixed / total + out[:, PICTURES:])[:, None]


def _positive(x: Tensor) -> Tensor:
    """Any number to a factor: 1 at 0, and 1 / factor(x) = factor(-x).

    Not exp: torch's depends in its last bit on where in memory a pixel lies, and tiles would differ from the whole.
    """
    factor = (1 + x.clamp_min(0)) / (1 - x.clamp_max(0))
    return factor * factor


class _UNet(nn.Module):
    """Three resolutions, from half of the picture's; skips are added."""

    HALO = 51
    """Input pixels: 2 for each 3x3 convolution at half resolution, 4 at quarter, 8 at eighth, and the grid's own."""

    def __init__(self, inputs: int, channels: tuple[int, ...], outputs: int) -> None:
        super().__init__()
        half, quarter, eighth = channels
        self.at_half = nn.Sequential(*_conv(inputs, half), *_conv(half, half))
        self.at_quarter = nn.Sequential(*_conv(half, quarter, stride=2), *_conv(quarter, quarter))
        self.at_eighth = nn.Sequential(
            *_conv(quarter, eighth, stride=2), *_conv(eighth, eighth), *_conv(eighth, eighth), _up(eighth, quarter)
        )
        self.back_to_half = nn.Sequential(*_conv(quarter, quarter), *_conv(quarter, quarter), _up(quarter, half))
        self.out = nn.Sequential(*_conv(half, half), *_conv(half, half), nn.Conv2d(half, outputs, 3, padding=1))
        nn.init.zeros_(self.out[-1].weight)  # type: ignore[arg-type]
        nn.init.zeros_(self.out[-1].bias)  # type: ignore[arg-type]  # training starts at the prior

    def forward(self, x: Tensor) -> Tensor:
        half = self.at_half(x)
        quarter = self.at_quarter(half)
        quarter = quarter + self.at_eighth(quarter)
        out: Tensor = self.out(half + self.back_to_half(quarter))
        return out


def _conv(inputs: int, outputs: int, *, stride: int = 1) -> tuple[nn.Module, ...]:
    conv = nn.Conv2d(inputs, outputs, 3, stride, 1)
    nn.init.kaiming_normal_(conv.weight, 0.2)
    nn.init.zeros_(conv.bias)  # type: ignore[arg-type]
    return conv, nn.PReLU(outputs, 0.2)


def _up(inputs: int, outputs: int) -> nn.Module:
    """Twice the size, each pixel its own weights for the four it becomes."""
    return nn.Sequential(nn.Conv2d(inputs, 4 * outputs, 1), nn.PixelShuffle(2))
