"""The held set: pictures training never sees, and the score that decides which weights are kept."""

import torch
from torch import Tensor

from ..ops.upsample import upsample
from ..processor import Processor, apply
from .data import Cache, Source
from .degrade import Degradation, degrade

SIDE = 240
"""Side of the centre crops, in high-resolution pixels: a multiple of 2, 3 and 4."""


class Held:
    """Mean luma PSNR over centre crops of the held pictures, in dB, full-range luma."""

    def __init__(self, pictures: list[Source], degradation: Degradation) -> None:
        self._pairs: list[tuple[Tensor, Tensor]] = []
        cache = Cache()
        for source in pictures:
            luma = torch.from_numpy(cache[source])
            h, w = (min(SIDE, n) // degradation.scale * degradation.scale for n in luma.shape)
            top, left = (luma.shape[0] - h) // 2, (luma.shape[1] - w) // 2
            high = luma[top : top + h, left : left + w].float()[None, None] / 255
            self._pairs.append((degrade(high, degradation, generator=torch.Generator().manual_seed(0)), high))
        self.baseline = self._mean(
            [_psnr(upsample(low, degradation.scale, offset=degradation.offset), high) for low, high in self._pairs]
        )

    def psnr(self, processor: Processor) -> float:
        """The score of a network, in fp32."""
        with torch.inference_mode():
            scores = []
            for low, high in self._pairs:
                out = apply(processor, low[:, None].to(next(processor.core.parameters()).device))
                scores.append(_psnr(out[:, 0].cpu(), high))
        return self._mean(scores)

    @staticmethod
    def _mean(scores: list[float]) -> float:
        return sum(scores) / len(scores)


def _psnr(out: Tensor, target: Tensor) -> float:
    return float(-10 * torch.log10(torch.mean((out.clamp(0, 1) - target).double() ** 2)))
