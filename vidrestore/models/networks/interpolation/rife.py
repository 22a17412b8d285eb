"""RIFE: the motion from a picture that does not exist yet to the two around it, found from coarse to fine.

Source: Huang et al., "Real-Time Intermediate Flow Estimation for Video Frame Interpolation" (ECCV 2022), section 3: a
chain of blocks, each of which sees both pictures moved by what was found so far and adds to it. Number, width and
resolutions of the blocks are those of the public checkpoints of RIFE 4.0, whose picture is the two moved ones, mixed.
"""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...processor import Needs

DEEP = 8
"""Convolutions of a block at its own resolution."""
STRIDE = 4
"""A block's two first convolutions halve what it sees, each of them."""
HALO = 128
"""Pixels; the blocks look at 330 to a side and as many more as motion is long. With the public weights blended tiles of
544 keep 73 and 63 dB to the whole (bike-trial and monkeys of DAVIS); with 64 pixels 57 and 62, with 192 80 and 75."""


class Rife(nn.Module):
    """The picture at any time between two: 5,160,980 parameters at full width.

    Its window is not consecutive frames but the first picture, the second, and the time between 0 and 1, everywhere
    the same: (B, 3, 3, H, W).

    Args:
        channels: of the blocks. The last one sees the pictures at their size, the one before at half of it, and so on.
        coarseness: all see them so many times smaller, a power of 2: motion that is so many times longer is found, and
            sooner. The `scale` of other programs is 1 / coarseness.
        longest: pixels. Where the second block still changes both motions by more somewhere, the first one was lost,
            and the picture is not a number throughout: a coarser network is to make it.
    """

    def __init__(
        self,
        channels: Sequence[int] = (192, 128, 96, 64),
        coarseness: int = 1,
        longest: float = math.inf,
    ) -> None:
        super().__init__()
        self.core = _Motion(channels, coarseness)
        self.channels, self.longest = tuple(channels), longest
        self.needs = Needs(after=2, halo=HALO * coarseness, blends=True, multiple=STRIDE * self.core.parts[0])

    def at(self, coarseness: int, longest: float) -> "Rife":
        """The same otherwise; the weights are shared."""
        other = Rife(self.channels, coarseness, longest)
        other.load_state_dict(self.state_dict(), assign=True)
        return other.train(self.training)

    def prepare(self, window: Tensor) -> tuple[Tensor, ...]:
        """(B, 3, 3, H, W) -> both pictures, (B, 3, H, W) each, and the time, (B, 1, H, W)."""
        return window[:, 0], window[:, 1], window[:, 2, :1]

    def finish(self, window: Tensor, *core_out: Tensor) -> Tensor:
        """What `_Motion` gives -> (B, 1, 3, H, W)."""
        to_first, to_second, mask, change = core_out
        share = mask.sigmoid()
        first, second = moved(window[:, 0], to_first), moved(window[:, 1], to_second)
        made = torch.lerp(second, first, share)
        return torch.where(change > self.longest, math.nan, made)[:, None]


class _Motion(nn.Module):
    """Blocks in a row, each at twice the resolution of the one before."""

    def __init__(self, channels: Sequence[int], coarseness: int) -> None:
        super().__init__()
        self.parts = [coarseness << level for level in reversed(range(len(channels)))]
        self.blocks = nn.ModuleList(
            _Block(c, inputs=12 if number else 7, part=part)
            for number, (c, part) in enumerate(zip(channels, self.parts, strict=True))
        )

    def forward(self, first: Tensor, second: Tensor, time: Tensor) -> tuple[Tensor, ...]:
        """Pictures (B, 3, H, W) and time (B, 1, H, W).

        Returns:
            What lies at each pixel at that time: how far away it is in the first and in the second picture, x and y in
            pixels, (B, 2, H, W) each, and how much more the first counts than the second, before a sigmoid,
            (B, 1, H, W). Then the largest change of motion by the second block, of the motion it changed less,
            (B, 1, 1, 1).
        """
        coarsest, *finer = self.blocks
        to_first, to_second, mask = coarsest(first, second, time)
        changes = []
        for block in finer:
            sees = moved(first, to_first), moved(second, to_second), time, mask
            more = block(*sees, motions=(to_first, to_second))
            changes.append(more)
            to_first, to_second, mask = to_first + more[0], to_second + more[1], mask + more[2]
        largest = [motion.abs().amax((1, 2, 3), keepdim=True) for motion in changes[0][:2]]
        return to_first, to_second, mask, torch.minimum(*largest)


class _Block(nn.Module):
    """What to add to the motions and the mask, from what is seen at 1 / part of the size."""

    def __init__(self, channels: int, *, inputs: int, part: int) -> None:
        super().__init__()
        self.part = part
        self.start = nn.Sequential(*_conv(inputs, channels // 2, stride=2), *_conv(channels // 2, channels, stride=2))
        self.deep = nn.Sequential(*(layer for _ in range(DEEP) for layer in _conv(channels, channels)))
        self.end = nn.ConvTranspose2d(channels, 5, 4, 2, 1)

    def forward(self, *seen: Tensor, motions: tuple[Tensor, ...] = ()) -> tuple[Tensor, Tensor, Tensor]:
        """Whatever is seen, (B, some, H, W) -> as `_Motion`, without the change.

        Args:
            motions: are seen too, in pixels of the smaller size.
        """
        small = [_shrunk(x, self.part) for x in seen] + [_shrunk(x, self.part) / self.part for x in motions]
        x = self.start(torch.cat(small, 1))
        out = self.end(self.deep(x) + x)
        grow = 2 * self.part
        return _grown(out[:, :2] * grow, grow), _grown(out[:, 2:4] * grow, grow), _grown(out[:, 4:], grow)


def moved(picture: Tensor, motion: Tensor) -> Tensor:
    """What lies at x + motion(x), for every pixel x, bilinear; beyond the edge the edge goes on.

    Args:
        picture: (B, C, H, W).
        motion: in pixels, x then y, (B, 2, H, W).
    """
    height, width = picture.shape[-2:]
    across, down = _line(width, motion), _line(height, motion)[:, None]
    # grid_sample counts from -1 to 1.
    x, y = motion[:, :1] * (2 / (width - 1)) + across, motion[:, 1:] * (2 / (height - 1)) + down
    grid = torch.cat((x, y), 1).permute(0, 2, 3, 1)
    return F.grid_sample(picture, grid, mode="bilinear", padding_mode="border", align_corners=True)


def _line(size: int, like: Tensor) -> Tensor:
    return torch.linspace(-1, 1, size, device=like.device)


def _shrunk(x: Tensor, part: int) -> Tensor:
    return x if part == 1 else F.interpolate(x, scale_factor=1 / part, mode="bilinear")


def _grown(x: Tensor, factor: int) -> Tensor:
    return F.interpolate(x, scale_factor=factor, mode="bilinear")


def _conv(inputs: int, outputs: int, *, stride: int = 1) -> tuple[nn.Module, ...]:
    return nn.Conv2d(inputs, outputs, 3, stride, 1), nn.PReLU(outputs)
