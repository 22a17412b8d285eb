"""MSResNet: removes motion blur at three resolutions, coarse to fine, each level with a network of its own.

Sources: document 001 (9 blocks), Nah et al. 2017 (19 blocks), the public DeepDeblur-PyTorch; spec/networks.md part B.
"""

import math
from typing import Literal

import torch
from torch import Tensor, nn

from ..processor import Needs

LEVELS = 3
Up = Literal["shuffle", "transpose"]
Pyramid = Literal["bicubic", "gaussian"]

# Each halves an even length: output o is of inputs 2o-3 .. 2o+4, or quarters it: of 4o-6 .. 4o+9. From the centre out.
BICUBIC_HALF = (444 / 1024, 116 / 1024, -36 / 1024, -12 / 1024)
"""MATLAB's imresize."""
BICUBIC_QUARTER = tuple(tap / 65536 for tap in (15792, 11920, 6384, 1488, -784, -1200, -720, -112))
_BELL = [math.exp(-0.5 * (1.5 * x) ** 2) for x in range(5)]  # sigma 2/3, ends after 3
_BELL[4] = 0
GAUSSIAN_HALF = tuple((_BELL[x] + _BELL[x + 1]) / 2 / (_BELL[0] + 2 * sum(_BELL[1:])) for x in range(4))
"""pyramid_gaussian of skimage: a Gaussian of sigma 2/3 cut off after 3 pixels, then the mean of two neighbours."""


class MSResNet(nn.Module):
    """One frame, sharper. 9 blocks: 5,573,481 parameters (shuffle), 5,571,825 (transpose); 19: 11,721,321, 11,719,665.

    Args:
        blocks: residual blocks of each level: 9 in document 001, 19 in the paper and the public checkpoints.
        width: factor on the 64 channels.
        up: what carries a level's picture to the next: 5x5 convolution and pixel shuffle, or transposed convolution.
        pyramid: how the coarser levels see the frame: "bicubic", document 001's, or "gaussian", the public code's.
    """

    def __init__(self, blocks: int = 9, width: float = 1, up: Up = "shuffle", pyramid: Pyramid = "bicubic") -> None:
        super().__init__()
        self.core = _Levels(blocks, max(1, round(64 * width)), up)
        self.pyramid = pyramid
        self.needs = Needs(halo=_halo(blocks, up, pyramid), multiple=2 ** (LEVELS - 1))

    def prepare(self, window: Tensor) -> tuple[Tensor, ...]:
        """(B, 1, 3, H, W), H and W multiples of 4 -> the frame at H, H/2 and H/4, centred on 0."""
        frame = window[:, 0] - 0.5
        if self.pyramid == "gaussian":
            half = shrink(frame, GAUSSIAN_HALF)
            return frame, half, shrink(half, GAUSSIAN_HALF)
        return frame, shrink(frame, BICUBIC_HALF), shrink(frame, BICUBIC_QUARTER)

    def finish(self, window: Tensor, *core_out: Tensor) -> Tensor:
        """The finest of the three pictures, (B, 3, H, W) -> (B, 1, 3, H, W); not clamped."""
        return core_out[0].float()[:, None] + 0.5


def shrink(x: Tensor, taps: tuple[float, ...]) -> Tensor:
    """(..., H, W) to half or a quarter by 8 or 16 symmetric taps, rows first; mirrored beyond its borders.

    Sums in an order of its own: a matrix product or a convolution of torch rounds a tile otherwise than the whole.
    """
    return _shrink_rows(_shrink_rows(x.mT, taps).mT, taps)


def _shrink_rows(x: Tensor, taps: tuple[float, ...]) -> Tensor:
    factor, size, half = len(taps) // 2, x.shape[-1], len(taps)
    reach = half - factor // 2
    index = torch.arange(-reach, size + reach, device=x.device) % (2 * size)
    padded = x[..., torch.minimum(index, 2 * size - 1 - index)]
    end = size - factor + 1
    out = torch.zeros_like(x[..., ::factor])
    for distance, tap in enumerate(taps):
        left, right = half - 1 - distance, half + distance
        out = out + tap * (padded[..., left : left + end : factor] + padded[..., right : right + end : factor])
    return out


def _halo(blocks: int, up: Up, pyramid: Pyramid) -> int:
    """Of the pixel that sees farthest: each level's convolutions at its own scale, the ups, the pyramid's taps."""
    level = 2 + 4 * blocks + 2
    ups = 2 * 4 + 2 * 2 if up == "shuffle" else 3
    return (1 + 2 + 4) * level + ups + (9 if pyramid == "bicubic" else 12)


class _Levels(nn.Module):
    """Blurred pictures from fine to coarse -> sharp ones from fine to coarse, all of which the loss looks at."""

    def __init__(self, blocks: int, channels: int, up: Up) -> None:
        super().__init__()
        self.levels = nn.ModuleList(
            _level(3 if level == LEVELS - 1 else 6, blocks, channels) for level in range(LEVELS)
        )
        self.ups = nn.ModuleList(_up(up) for _ in range(LEVELS - 1))

    def forward(self, *blurred: Tensor) -> tuple[Tensor, ...]:
        sharp = [self.levels[-1](blurred[-1])]
        for level in range(LEVELS - 2, -1, -1):
            sharp.insert(0, self.levels[level](torch.cat((blurred[level], self.ups[level](sharp[0])), 1)))
        return tuple(sharp)


def _level(seen: int, blocks: int, channels: int) -> nn.Sequential:
    """A level's network, which begins near its blurred picture itself: no skip carries that past the convolutions."""
    first, last = nn.Conv2d(seen, channels, 5, padding=2), nn.Conv2d(channels, 3, 5, padding=2)
    assert first.bias is not None and last.bias is not None
    with torch.no_grad():
        first.weight[:3], first.bias[:3], last.weight[:], last.bias[:] = 0, 0, 0, 0
        for colour in range(min(3, channels)):
            first.weight[colour, colour, 2, 2] = last.weight[colour, colour, 2, 2] = 1
    return nn.Sequential(first, *(_Block(channels) for _ in range(blocks)), last)


class _Block(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        first, second = (nn.Conv2d(channels, channels, 5, padding=2) for _ in range(2))
        assert second.bias is not None
        with torch.no_grad():
            second.weight *= 0.1  # a deep chain of sums starts calm
            second.bias[:] = 0
        self.body = nn.Sequential(first, nn.ReLU(), second)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.body(x)
        return out


def _up(kind: Up) -> nn.Module:
    if kind == "shuffle":
        return nn.Sequential(nn.Conv2d(3, 12, 5, padding=2), nn.PixelShuffle(2))
    return nn.ConvTranspose2d(3, 3, 3, stride=2, padding=1, output_padding=1)
