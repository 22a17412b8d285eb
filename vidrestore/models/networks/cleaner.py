"""Cleaner: removes compression artefacts and noise from five frames that move, at the same size.

A small network of our own, and the sister of Aligned. The neighbours are moved onto the middle frame by plain
arithmetic (kernels/motion), as MFQE 2.0 does with a network (Guan et al. 2019). Motion is found at half of the size,
which is fine enough here and takes a quarter of the time.
"""

import torch
from torch import Tensor, nn

from ..kernels.motion import compare, motion
from ..kernels.motion_reference import HALO, MULTIPLE, WINDOW, activity, doubled, halved
from ..processor import Needs
from .aligned import MIDDLE, NEIGHBOURS, Residual

NEWS = 4.0
"""Factor that brings differences of frames to the size of the picture itself."""


class Cleaner(nn.Module):
    """The middle one of five frames as it was before it was compressed, luma and chroma.

    Args:
        width: channels.
        blocks: pairs of convolutions, each with a skip.
    """

    def __init__(self, width: int = 32, blocks: int = 6) -> None:
        super().__init__()
        last = nn.Conv2d(width, 3, 3, padding=1)
        self.core = nn.Sequential(
            nn.Conv2d(3 + 2 * len(NEIGHBOURS) + 1, width, 3, padding=1),
            nn.ReLU(),
            *(Residual(width) for _ in range(blocks)),
            last,
        )
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)  # type: ignore[arg-type]  # training starts at the input
        halo = 2 * HALO + 1 + 2 * WINDOW + 2 + 2 * blocks
        self.needs = Needs(before=MIDDLE, after=MIDDLE, space="yuv", halo=halo, multiple=2 * MULTIPLE)

    def prepare(self, window: Tensor) -> tuple[Tensor, ...]:
        """(B, 5, 3, H, W) -> (B, 12, H, W).

        The middle frame, how far luma of each other one, moved onto it, differs, at the very place and around it, and
        how much goes on in the middle frame.
        """
        luma, chroma = window[:, :, 0], window[:, MIDDLE, 1:]
        middle, others = luma[:, MIDDLE, None], luma[:, NEIGHBOURS]
        y, x = (2 * doubled(way) for way in motion(halved(middle), halved(others)))
        news, differs = compare(middle, others, y, x)
        return (torch.cat((middle - 0.5, chroma, NEWS * news, NEWS * differs, NEWS * activity(middle)), 1),)

    def finish(self, window: Tensor, *core_out: Tensor) -> Tensor:
        """Changes (B, 3, H, W) -> (B, 1, 3, H, W), added to the middle frame."""
        return (window[:, MIDDLE] + core_out[0].float())[:, None]
