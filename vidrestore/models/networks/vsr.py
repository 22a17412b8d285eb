"""The video super-resolution of document 002: five frames, enlarged one by one, then mixed by 3-D convolutions.

Sources: document 002; for 5-parallel its public code (CheukHinHoJerry/3DCNN-SUPER-2021-pytorch), for gz2019 that of
its predecessor (Gao and Zhu 2019); spec/networks.md part D. No code of Delta is public: what the text leaves open is
ours, and its count of parameters, which the text states, is met. None of them aligns the frames.
"""

from collections.abc import Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...frame.resize import upsample
from ..processor import Needs
from .vsr_blocks import KernelOrder, Recursive, conv2d, conv3d, doubling, halo, initialise
from .vsr_volume import FRAMES, Volume

MIDDLE = 2
PAD = 1
"""Pixels that the frames are continued by: the last 3-D layers take two enlarged ones off each side."""
LEAST_SHARE = 1e-3
"""Of the way between the limits; a picture's logit would else be infinite."""


class _TwiceTheSize(nn.Module):
    """What the three have in common: x2, luma, a window of five.

    Args:
        core: (B, 5, h, w) -> (B, 1, 2h - 4, 2w - 4).
        skip: add the middle frame, enlarged by bicubic, so that the network only learns what bicubic misses. It is not
            in the document.
    """

    spread = (0.5, 0.2)
    """Mean and standard deviation that the core's output should start with: a picture's, about."""

    def __init__(self, core: "_Parallel | _Triangle", *, halo: int, skip: bool) -> None:
        super().__init__()
        self.core = core
        self.skip = skip
        self.needs = Needs(before=MIDDLE, after=MIDDLE, space="luma", scale=2, halo=halo)
        initialise(core, core.volume.out)
        if skip:
            nn.init.zeros_(core.volume.out.weight)

    def prepare(self, window: Tensor) -> tuple[Tensor, ...]:
        """(B, 5, 1, H, W) -> (B, 5, H + 2, W + 2)."""
        return (F.pad(window[:, :, 0], (PAD,) * 4, mode="replicate"),)

    def finish(self, window: Tensor, *core_out: Tensor) -> Tensor:
        """(B, 1, 2H, 2W) -> (B, 1, 1, 2H, 2W)."""
        out = core_out[0].float()
        return (out + upsample(window[:, MIDDLE], 2) if self.skip else out)[:, None]

    @torch.no_grad()
    def calibrate(self, window: Tensor) -> None:
        """Before training: scale the last layer so that what it makes of real windows is spread as pictures are."""
        if self.skip:
            return
        last = self.core.volume.out
        assert last.bias is not None
        mean, std = self.spread
        out = self.core(*self.prepare(window))
        scale = std / out.std()
        last.weight.mul_(scale)
        last.bias.add_(mean - scale * out.mean())


class FiveParallel(_TwiceTheSize):
    """A stack of its own for each frame, those of the middle and the next deeper; 259,938 parameters.

    Args:
        deep_frames: whose stacks recurse. All five, as the document's text has it, make 267,786 parameters.
        applications_2d, applications_3d: how often a recursive block is applied.
        kernel_order: see vsr_blocks; the count is the same.
        limits: the least and the greatest output, in 8-bit code values; the public weights have these.

    Raises:
        ValueError: limits that leave nothing between them.
    """

    spread = (0.0, 1.0)  # of what enters the sigmoid

    def __init__(
        self,
        deep_frames: Sequence[int] = (2, 3),
        applications_2d: int = 4,
        applications_3d: int = 5,
        kernel_order: KernelOrder = "dhw",
        limits: tuple[float, float] = (16, 234),
        skip: bool = False,
    ) -> None:
        if not limits[0] < limits[1]:
            raise ValueError(f"{limits = }: the greatest output must be above the least")
        volume = Volume(
            24,
            (
                Recursive(applications_3d, *conv3d(24, 24), conv3d(24, 24)[0]),
                *(*conv3d(24, 24), *conv3d(24, 24)),
                Recursive(applications_3d, *conv3d(24, 24), conv3d(24, 24)[0]),
                *(*conv3d(24, 24), *conv3d(24, 24), *conv3d(24, 24)),
            ),
            kernel_order=kernel_order,
        )
        stacks = [_Stack(applications_2d if frame in deep_frames else 0) for frame in range(FRAMES)]
        looks = max(halo((stack.low,), (stack.high, volume)) for stack in stacks)
        super().__init__(_Parallel(stacks, volume), halo=looks, skip=skip)
        self.least, self.greatest = limits[0] / 255, limits[1] / 255

    def finish(self, window: Tensor, *core_out: Tensor) -> Tensor:
        """Between the limits, by a sigmoid: (B, 1, 2H, 2W) -> (B, 1, 1, 2H, 2W)."""
        # In double: the last bit of torch's exp and log depends on where in memory a pixel lies, in a tile or not.
        out, span = core_out[0].double(), self.greatest - self.least
        if self.skip:
            share = (upsample(window[:, MIDDLE], 2).double() - self.least) / span
            out = out + share.clamp(LEAST_SHARE, 1 - LEAST_SHARE).logit()
        return (self.least + span * out.sigmoid()).float()[:, None]


class _Stack(nn.Module):
    """One frame, enlarged; `applications` 0: without the recursive block."""

    def __init__(self, applications: int) -> None:
        super().__init__()
        deep = [Recursive(applications, *conv2d(12, 12, 3), conv2d(12, 12, 3)[0])] if applications else []
        self.low = nn.Sequential(*conv2d(1, 32, 5), *conv2d(32, 12, 1), *deep, *conv2d(12, 32, 1))
        self.high = nn.Sequential(*doubling(4), *conv2d(16, 1, 5))

    def forward(self, frame: Tensor) -> Tensor:
        """(B, 1, h, w) -> (B, 1, 2h, 2w)."""
        out: Tensor = self.high(self.low(frame))
        return out


class _Parallel(nn.Module):
    """Each frame through its own stack, or all through one, then the volume."""

    def __init__(self, stacks: Sequence[nn.Module], volume: Volume) -> None:
        super().__init__()
        self.stacks = nn.ModuleList(stacks)
        self.volume = volume

    def forward(self, frames: Tensor) -> Tensor:
        """(B, 5, h, w) -> (B, 1, 2h - 4, 2w - 4)."""
        stacks = list(self.stacks) * (FRAMES // len(self.stacks))
        out: Tensor = self.volume([stack(frames[:, i : i + 1]) for i, stack in enumerate(stacks)])
        return out


class Gz2019(_TwiceTheSize):
    """The document's predecessor: one small network enlarges each frame, another mixes them; 10,577 + 63,129."""

    def __init__(self, kernel_order: KernelOrder = "dhw", skip: bool = False) -> None:
        low = nn.Sequential(*conv2d(1, 32, 5), *conv2d(32, 8, 1), *conv2d(8, 8, 3), *conv2d(8, 32, 1))
        high = nn.Sequential(*doubling(4), *conv2d(16, 1, 5))
        volume = Volume(8, (*conv3d(8, 8), *conv3d(8, 8)), kernel_order=kernel_order, out=3)
        core = _Parallel([nn.Sequential(low, high)], volume)
        super().__init__(core, halo=halo((low,), (high, volume)), skip=skip)


class Delta(_TwiceTheSize):
    """Frames share their layers; the nearer the middle, the more of them they pass. 83,702 parameters either way.

    Args:
        reconstruction: which of the two networks that fit the document's text and count.
        applications: how often a recursive block is applied.
        kernel_order: see vsr_blocks.
    """

    def __init__(
        self,
        reconstruction: Literal["A", "B"] = "B",
        applications: int = 5,
        kernel_order: KernelOrder = "dhw",
        skip: bool = False,
    ) -> None:
        first = reconstruction == "A"
        near, middle = (_delta_block(first, applications) for _ in range(2))
        head = nn.Sequential(*conv2d(1, 32, 5))
        tail = conv2d(16, 1, 3) if first else (*conv2d(16, 16, 3), *conv2d(16, 1, 5))
        high = nn.Sequential(*doubling(4 if first else 3), *tail)
        deep = (
            [Recursive(applications, *conv3d(12, 12), conv3d(12, 12)[0])]
            if first
            else [Recursive(applications, conv3d(12, 12)[0]) for _ in range(2)]
        )
        volume = Volume(12, deep, kernel_order=kernel_order)
        looks = halo((head, near, middle), (high, volume))
        super().__init__(_Triangle(head, near, middle, high, volume), halo=looks, skip=skip)


def _delta_block(first: bool, applications: int) -> nn.Module:
    """32 channels to 32, through fewer."""
    if first:
        units = (Recursive(applications, *conv2d(8, 8, 3), conv2d(8, 8, 3)[0]) for _ in range(2))
        return nn.Sequential(*conv2d(32, 8, 1), *units, *conv2d(8, 32, 1))
    return nn.Sequential(*conv2d(32, 16, 1), Recursive(applications, conv2d(16, 16, 3)[0]), *conv2d(16, 32, 1))


class _Triangle(nn.Module):
    """The outer frames skip both blocks, their neighbours the second."""

    def __init__(self, head: nn.Module, near: nn.Module, middle: nn.Module, high: nn.Module, volume: Volume) -> None:
        super().__init__()
        self.head, self.near, self.middle, self.high = head, near, middle, high
        self.volume = volume

    def forward(self, frames: Tensor) -> Tensor:
        """(B, 5, h, w) -> (B, 1, 2h - 4, 2w - 4)."""
        each = [self.head(frames[:, i : i + 1]) for i in range(FRAMES)]
        each[1:4] = [self.near(x) for x in each[1:4]]
        each[MIDDLE] = self.middle(each[MIDDLE])
        out: Tensor = self.volume([self.high(x) for x in each])
        return out
