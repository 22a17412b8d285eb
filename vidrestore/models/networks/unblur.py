"""Unblur: removes motion blur at three resolutions at once; a U-Net of residual blocks, of our own.

The networks of document 001 work at every resolution with the same 5x5 convolutions, and spend three quarters of their
time at the full one. Here most of the layers see the picture small, where a long streak is short: a fifth of the work
of MSResNet at half its width, and on a CPU trained in hours.

Of a video it also sees the frames before and after, moved onto the frame, and how far they were moved: motion says
where a streak points and how long it can be, and a frame that is less blurred shows what this one has lost. What
stands still is not blurred by motion, and stays.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...frame.colour import luma_of_rgb
from ..kernels import inverse_search
from ..processor import Needs

Three = tuple[int, int, int]
GATE = 3
"""Convolutions of the gate."""
PLANES = 3 * 4
"""Of a picture at half resolution."""
OF_NEIGHBOURS = 2 * (PLANES + 3)
"""What each neighbour adds, how far it was moved down and to the right, and whether it is there."""
FAR = 8.0
"""Pixels of motion that are 1 to the network."""
STILL, MOVES, AROUND = 0.5, 2.0, 9
"""Pixels of motion up to which nothing is changed, and from which all is shown; the mean of so many by so many of half
size counts. A streak is no longer than the way to the next frame. Chosen on six clips kept aside."""


class Unblur(nn.Module):
    """One frame, sharper.

    Args:
        channels: at half, quarter and eighth resolution.
        blocks: residual blocks at each; on the way down and again on the way up, but for the last.
        halo: where less than all it can see (203 pixels) is enough, measured on the trained network; None: all. With
            less a tile is not the whole to the bit: it differs by less than half an 8-bit code, so that some samples
            are rounded to the next one (tests/models/test_unblur.py).
        gate: channels of the layers that judge, pixel by pixel, how much of the change is shown: what is sharp, or only
            looks blurred since it was compressed, is to stay as it is. 0: all of it is shown.
        neighbours: it sees the frames before and after, where there are any.
    """

    def __init__(
        self,
        channels: Three = (64, 96, 256),
        blocks: Three = (2, 3, 8),
        halo: int | None = None,
        gate: int = 0,
        neighbours: bool = False,
    ) -> None:
        super().__init__()
        self.core = _UNet(PLANES + OF_NEIGHBOURS * neighbours, tuple(channels), tuple(blocks), gate)
        sees = max(pixel - _leftmost(pixel, blocks, at_end=GATE if gate else 1) for pixel in range(8))
        self.needs = Needs(
            before=int(neighbours),
            after=int(neighbours),
            halo=sees if halo is None else halo,
            blends=neighbours,
            multiple=8,
            marks_absent=neighbours,
        )

    def prepare(self, window: Tensor) -> tuple[Tensor, ...]:
        """(B, 1 or 3, 3, H, W), H and W multiples of 8 -> (B, 12 or 42, H/2, W/2): the frame, centred on 0.

        With neighbours also what each adds, moved onto the frame, and how far and whether it was moved; all 0 for what
        is NaN, which is not there. And the share of a change that is shown where so much moves, (B, 1, H/2, W/2).
        """
        frame = window[:, self.needs.before]
        own = F.pixel_unshuffle(frame - 0.5, 2)
        if not self.needs.before:
            return (own,)
        beside = _of_neighbours(frame, window[:, ::2])
        return torch.cat((own, beside), 1), _moving(beside)

    def finish(self, window: Tensor, *core_out: Tensor) -> Tensor:
        """The frame and the change to it, (B, 12, H/2, W/2) -> (B, 1, 3, H, W); not clamped."""
        before = self.needs.before
        return window[:, before : before + 1] + F.pixel_shuffle(core_out[0].float(), 2)[:, None]


def _of_neighbours(frame: Tensor, others: Tensor) -> Tensor:
    """Of the frames before and after (B, 2, 3, H, W) what the network sees, (B, OF_NEIGHBOURS, H/2, W/2)."""
    height, width = frame.shape[-2:]
    absent = others[:, :, :1, :1, :1].isnan()
    others = torch.where(absent, frame[:, None], others)
    y, x = inverse_search.search(luma_of_rgb(frame), luma_of_rgb(others)[:, :, 0])
    planes = others.flatten(1, 2)[:, :, None]
    moved = inverse_search.moved(planes, *(each.repeat_interleave(3, 1) for each in (y, x))).view_as(others)
    moved = torch.where(absent, frame[:, None], moved)
    there = (~absent).to(frame)
    far = F.avg_pool2d(torch.stack((y, x), 2).flatten(1, 2), 2) / FAR
    far = far.view(len(frame), 2, 2, height // 2, width // 2) * there
    news = F.pixel_unshuffle((moved - frame[:, None]).flatten(0, 1), 2).reshape(len(frame), -1, height // 2, width // 2)
    return torch.cat((news, far.flatten(1, 2), there[:, :, 0].expand(-1, -1, height // 2, width // 2)), 1)


def _moving(beside: Tensor) -> Tensor:
    """The share, of what `_of_neighbours` gives. Where a neighbour is not there nobody knows: all of it."""
    far, there = beside[:, -6:-2].reshape(-1, 2, 2, *beside.shape[2:]) * FAR, beside[:, -2:]
    speed = (far.square().sum(2).sqrt() * there).amax(1, keepdim=True)
    mean = F.avg_pool2d(speed, AROUND, 1, AROUND // 2, count_include_pad=False)
    known = there.amin(1, keepdim=True)
    return 1 - known * (1 - ((mean - STILL) / (MOVES - STILL)).clamp(0, 1))


def _leftmost(pixel: int, blocks: Three, *, at_end: int) -> int:
    """The first pixel that still changes this one: down to the eighth resolution and back, two each block.

    Args:
        at_end: 3x3 convolutions behind the blocks.
    """
    half = pixel // 2 - at_end - 2 * blocks[0]
    quarter = half // 2 - 2 * blocks[1]
    eighth = quarter // 2 - 2 * blocks[2]
    return 2 * (2 * (2 * eighth - 2 * blocks[1]) - 2 * blocks[0] - 1)


class _UNet(nn.Module):
    """What is to be added; nothing before training."""

    def __init__(self, planes: int, channels: tuple[int, ...], blocks: tuple[int, ...], gate: int) -> None:
        super().__init__()
        half, quarter, eighth = channels
        self.first = nn.Conv2d(planes, half, 3, padding=1)
        self.at_half = _chain(half, blocks[0])
        self.to_quarter = nn.Conv2d(half, quarter, 2, 2)
        self.at_quarter = _chain(quarter, blocks[1])
        self.to_eighth = nn.Conv2d(quarter, eighth, 2, 2)
        self.at_eighth = _chain(eighth, blocks[2])
        self.from_eighth = _up(eighth, quarter)
        self.back_at_quarter = _chain(quarter, blocks[1])
        self.from_quarter = _up(quarter, half)
        self.back_at_half = _chain(half, blocks[0])
        self.last = nn.Conv2d(half, PLANES, 3, padding=1)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)  # type: ignore[arg-type]
        self.gate = _gate(half, gate) if gate else None

    def forward(self, x: Tensor, share: Tensor | None = None) -> Tensor:
        half = self.at_half(self.first(x))
        quarter = self.at_quarter(self.to_quarter(half))
        eighth = self.at_eighth(self.to_eighth(quarter))
        quarter = self.back_at_quarter(quarter + self.from_eighth(eighth))
        seen = self.back_at_half(half + self.from_quarter(quarter))
        change: Tensor = self.last(seen)
        if self.gate is not None:
            change = change * self.gate(seen)
        return change if share is None else change * share


class _Block(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        first, second = (nn.Conv2d(channels, channels, 3, padding=1) for _ in range(2))
        nn.init.kaiming_normal_(first.weight)
        with torch.no_grad():
            second.weight *= 0.1  # a deep chain of sums starts calm
        self.body = nn.Sequential(first, nn.ReLU(), second)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.body(x)
        return out


def _chain(channels: int, blocks: int) -> nn.Sequential:
    return nn.Sequential(*(_Block(channels) for _ in range(blocks)))


def _gate(inputs: int, channels: int) -> nn.Sequential:
    """A share from 0 to 1 for each pixel; before training about three quarters."""
    last = nn.Conv2d(channels, 1, 3, padding=1)
    nn.init.zeros_(last.weight)
    nn.init.ones_(last.bias)  # type: ignore[arg-type]
    between = (nn.Conv2d(inputs, channels, 3, padding=1), nn.ReLU(), nn.Conv2d(channels, channels, 3, padding=1))
    return nn.Sequential(*between, nn.ReLU(), last, nn.Sigmoid())


def _up(inputs: int, outputs: int) -> nn.Module:
    """Twice the size, each pixel its own weights for the four it becomes."""
    return nn.Sequential(nn.Conv2d(inputs, 4 * outputs, 1), nn.PixelShuffle(2))
