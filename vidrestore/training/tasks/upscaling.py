"""The task of super-resolution: reduced pictures, and the originals."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor

from ...errors import InputError
from ...frame.resize import upsample
from ..data.degrade import Degradation, degrade
from ..data.pictures import Batches, Cache, Source, sources
from ..validate import Held, Pair
from .task import Material

SIDE = 240
"""Side of the held pictures' centre crops, in high-resolution pixels: a multiple of 2, 3 and 4."""


@dataclass(frozen=True, slots=True)
class UpscalingTask:
    """Luma patches; every 1/24 of the pictures is held back, scored by full-range luma PSNR beside bicubic."""

    command: ClassVar[str] = "upscale"
    degradation: Degradation
    patch: int = 48
    """Side of a patch in input pixels."""
    frames_per_clip: int = 4

    def open(self, data: Path, scratch: Path) -> Material:
        """See Task. InputError: there is one picture only."""
        everything = sources(data, frames_per_clip=self.frames_per_clip)
        held = everything[:: max(2, len(everything) // 24)]
        pictures = [source for source in everything if source not in set(held)]
        if not pictures:
            raise InputError(f"{data} holds one picture only; training needs two at least, one of them to validate on")
        return Material(
            partial(Batches, pictures, self.degradation, patch=self.patch),
            Held(self._pairs(held), self._bicubic),
        )

    def _pairs(self, held: list[Source]) -> list[Pair]:
        cache, scale = Cache(), self.degradation.scale
        pairs = []
        for source in held:
            luma = torch.from_numpy(cache[source])
            h, w = (min(SIDE, n) // scale * scale for n in luma.shape)
            top, left = (luma.shape[0] - h) // 2, (luma.shape[1] - w) // 2
            high = luma[top : top + h, left : left + w].float()[None, None] / 255
            low = degrade(high, self.degradation, generator=torch.Generator().manual_seed(0))
            pairs.append((low[:, None], high[:, None]))
        return pairs

    def _bicubic(self, window: Tensor) -> Tensor:
        return upsample(window[:, 0], self.degradation.scale, offset=self.degradation.offset)[:, None]
