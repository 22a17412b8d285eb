"""The held set: pairs that training never sees, and the score that decides which weights are kept."""

from collections.abc import Callable, Sequence
from statistics import fmean

import torch
from torch import Tensor

from ..models.processor import Processor, apply

Pair = tuple[Tensor, Tensor]
"""A window (B, T, C, h, w) and what should come of it, (B, K, C, H, W), both in [0, 1]; U and V in [-0.5, 0.5]."""


class Held:
    """Mean PSNR over pairs, in dB, of every sample of every channel.

    Args:
        baseline: what a network must beat: the simplest way from a window to its target.
        least: of each channel's range, which is 1 wide; one number stands for all channels.
    """

    def __init__(
        self, pairs: Sequence[Pair], baseline: Callable[[Tensor], Tensor], least: tuple[float, ...] = (0.0,)
    ) -> None:
        self.pairs = pairs
        self.least = torch.tensor(least).view(-1, 1, 1)
        self.baseline = fmean(self._psnr(baseline(window), target) for window, target in pairs)

    def psnr(self, processor: Processor) -> float:
        """The score of a network, in fp32."""
        device = next(processor.core.parameters()).device
        with torch.inference_mode():
            return fmean(self._psnr(apply(processor, window.to(device)).cpu(), target) for window, target in self.pairs)

    def _psnr(self, out: Tensor, target: Tensor) -> float:
        inside = out.clamp(self.least, self.least + 1)
        error = torch.mean((inside - target).double() ** 2)
        return capped(float(-10 * torch.log10(error)))


BEST = 100.0
"""dB that count for a perfect sample: infinity would hide all others."""


def capped(decibels: float) -> float:
    """At most BEST; what is no number stays none."""
    return min(decibels, BEST)  # in this order: min(BEST, nan) is BEST
