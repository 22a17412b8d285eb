"""DBPN: super-resolution by iterative back-projection, learned: up, down again, and up by what that missed.

Sources: Haris et al. 2018 (D-DBPN, whose stages see all stages before them); document 003; Irani and Peleg 1991 for the
classical method.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .picture import MIDDLE, OnePicture, Space, channels_of, conv, start_at_nothing

SAMPLING = {2: (6, 2), 4: (8, 2), 8: (12, 2)}
"""Kernel and padding of what enlarges and shrinks by each scale."""


class Dbpn(OnePicture):
    """Enlarges one picture. Parameters: 5,953,526 at x2, 10,426,358 at x4, 23,205,878 at x8.

    Args:
        scale: 2, 4 or 8.
        stages: projections up; between them there are as many down but for one.
        width: channels of the projections.
        features: channels of the first layer.
        skip: see OnePicture; the paper has none.
        space: rgb, the paper's, or luma.
        middle: see OnePicture.
    """

    def __init__(
        self,
        scale: int = 4,
        stages: int = 7,
        width: int = 64,
        features: int = 256,
        skip: bool = False,
        space: Space = "rgb",
        middle: Sequence[float] = MIDDLE,
    ) -> None:
        if scale not in SAMPLING:
            raise ValueError(f"the scale is one of {', '.join(map(str, SAMPLING))}, not {scale}")
        core = _Core(channels_of(space), scale, stages, width, features)
        if skip:
            start_at_nothing(core.last)
        super().__init__(core, halo=_reach(scale, stages), scale=scale, skip=skip, space=space, middle=middle)


class _Core(nn.Module):
    def __init__(self, channels: int, scale: int, stages: int, width: int, features: int) -> None:
        super().__init__()
        self.first = nn.Sequential(conv(channels, features), nn.PReLU(), conv(features, width, 1), nn.PReLU())
        # Each sees all those of the other kind before it, the newest first.
        self.ups = nn.ModuleList(_Projection(width, max(1, n), scale, up=True) for n in range(stages))
        self.downs = nn.ModuleList(_Projection(width, n + 1, scale, up=False) for n in range(stages - 1))
        self.last = conv(stages * width, channels)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
                nn.init.kaiming_normal_(layer.weight, a=0.25)
            if isinstance(layer, nn.ConvTranspose2d):
                with torch.no_grad():
                    layer.weight *= scale  # only one tap in scale**2 reaches an output

    def forward(self, x: Tensor) -> Tensor:
        small: list[Tensor] = []
        large = [self.ups[0](self.first(x))]
        for down, up in zip(self.downs, self.ups[1:], strict=True):
            small.insert(0, down(torch.cat(large, 1)))
            large.insert(0, up(torch.cat(small, 1)))
        out: Tensor = self.last(torch.cat(large, 1))
        return out


class _Projection(nn.Module):
    """There, back, and there again by what came back wrong."""

    def __init__(self, width: int, seen: int, scale: int, *, up: bool) -> None:
        super().__init__()
        self.joined = nn.Sequential(conv(seen * width, width, 1), nn.PReLU()) if seen > 1 else nn.Identity()
        there, back = (_enlarge, _shrink) if up else (_shrink, _enlarge)
        self.there, self.back, self.again = there(width, scale), back(width, scale), there(width, scale)

    def forward(self, x: Tensor) -> Tensor:
        x = self.joined(x)
        there = self.there(x)
        out: Tensor = there + self.again(self.back(there) - x)
        return out


def _enlarge(width: int, scale: int) -> nn.Sequential:
    kernel, padding = SAMPLING[scale]
    return nn.Sequential(nn.ConvTranspose2d(width, width, kernel, scale, padding), nn.PReLU())


def _shrink(width: int, scale: int) -> nn.Sequential:
    kernel, padding = SAMPLING[scale]
    return nn.Sequential(nn.Conv2d(width, width, kernel, scale, padding), nn.PReLU())


def _reach(scale: int, stages: int) -> int:
    """Pixels of the input beyond a pixel: followed back from its first enlarged one to the first that changes it."""
    kernel, padding = SAMPLING[scale]

    def before_enlarging(first: int) -> int:
        return -((kernel - 1 - padding - first) // scale)

    def before_shrinking(first: int) -> int:
        return scale * first - padding

    first = -1  # of the last layer
    for stage in range(stages):
        if stage:
            first = before_shrinking(before_enlarging(before_shrinking(first)))
        first = before_enlarging(before_shrinking(before_enlarging(first)))
    return 1 - first
