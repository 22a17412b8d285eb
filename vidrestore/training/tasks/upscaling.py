"""The task of super-resolution: reduced pictures, and the originals; or pictures damaged at their size."""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from ...errors import InputError
from ...frame.resize import upsample
from ..data.degrade import Degradation, degrade
from ..data.pictures import Batches, Cache, Colours, InTurn, Source, sources
from ..validate import Held, Pair
from .task import Material

SIDE = 240
"""Side of the held pictures' centre crops, in high-resolution pixels: a multiple of 2, 3, 4 and 8."""


@dataclass(frozen=True, slots=True)
class UpscalingTask:
    """Patches; every 1/24 of the pictures is held back, scored by PSNR of what is seen beside bicubic."""

    degradation: Degradation
    patch: int = 48
    """Side of a patch in input pixels."""
    frames_per_clip: int = 4
    colours: Colours = "luma"
    """Full-range luma, or RGB as the papers of document 003 have it."""
    turns: tuple[int, ...] = ()
    """Scales that batches take in turn, for a network of several; validation keeps to the degradation's."""
    command: Literal["upscale", "deblur", "clean"] = "upscale"
    """See Task; one of the others where the degradation keeps the size."""

    def open(self, data: Path, scratch: Path) -> Material:
        """See Task. InputError: there is one picture only."""
        everything = sources(data, frames_per_clip=self.frames_per_clip)
        held = everything[:: max(2, len(everything) // 24)]
        pictures = [source for source in everything if source not in set(held)]
        if not pictures:
            raise InputError(f"{data} holds one picture only; training needs two at least, one of them to validate on")
        cache = Cache(self.colours)
        kinds = [
            partial(Batches, pictures, replace(self.degradation, scale=scale), patch=self.patch, cache=cache)
            for scale in self.turns or (self.degradation.scale,)
        ]
        return Material(partial(InTurn, kinds), Held(self._pairs(held), self._bicubic))

    def _pairs(self, held: list[Source]) -> list[Pair]:
        cache, scale = Cache(self.colours), self.degradation.scale
        pairs = []
        for source in held:
            picture = torch.from_numpy(cache[source])
            height, width = picture.shape[1:]
            h, w = (min(SIDE, n) // scale * scale for n in (height, width))
            top, left = (height - h) // 2, (width - w) // 2
            high = picture[None, :, top : top + h, left : left + w].float() / 255
            low = degrade(high, self.degradation, generator=torch.Generator().manual_seed(0))
            pairs.append((low[:, None], high[:, None]))
        return pairs

    def _bicubic(self, window: Tensor) -> Tensor:
        return upsample(window[:, 0], self.degradation.scale, offset=self.degradation.offset)[:, None]
