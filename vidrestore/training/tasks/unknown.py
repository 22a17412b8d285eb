"""The task of super-resolution behind a reduction that nobody has described, but of which there are pairs."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor

from ...base.settings import READ_PICTURES
from ...errors import InputError
from ...frame.resize import upsample
from ..data.learned_degradation import SIDE, LearnedDegradation, Pair, learn, read
from ..data.pictures import Batches, Cache, Source, sources
from ..data.pictures import read as read_picture
from ..validate import Held
from .task import Material

HIGH, LOW = "high", "low"
"""Folders of the pairs, whose names are equal; or end in x2 in the second, as in NTIRE's."""
KEPT = "degradation.safetensors"
"""What was learned, in the folder of a run."""


@dataclass(frozen=True, slots=True)
class UnknownTask:
    """Luma patches of every large picture, reduced as the pairs were; one pair in eight is held back."""

    command: ClassVar[str] = "upscale"
    scale: int = 2
    patch: int = 32
    """Side of a patch in input pixels."""
    learning: int = 300
    """Steps in which the reduction is learned, once for a run."""
    seed: int = 1

    def open(self, data: Path, scratch: Path) -> Material:
        """See Task. InputError: too few pairs, or two pictures that are none."""
        found = pairs_in(data, self.scale)
        held, known = found[::8], [pair for number, pair in enumerate(found) if number % 8]
        if not known:
            raise InputError(f"{data} holds {len(found)} pairs; two at least are needed, one of them to validate on")
        reduction = self._reduction(known, scratch / KEPT)
        hidden = {large for large, _ in held}
        pictures = [
            source for source in sources(data) if source.path not in hidden and source.path.parent != data / LOW
        ]
        validated = [(small[None, None], large[None, None]) for large, small in map(self._pair, held)]
        batches = partial(Batches, pictures, reduction, patch=self.patch, cache=Cache())
        return Material(batches, Held(validated, self._bicubic))

    def _reduction(self, known: list[tuple[Path, Path]], kept: Path) -> LearnedDegradation:
        if kept.is_file():
            return read(kept, self.scale)
        reduction = learn([*map(self._pair, known)], self.scale, steps=self.learning, seed=self.seed)
        kept.parent.mkdir(parents=True, exist_ok=True)
        reduction.write(kept)
        return reduction

    def _pair(self, paths: tuple[Path, Path]) -> Pair:
        large, small = (torch.from_numpy(read_picture(Source(path))).float() / 255 for path in paths)
        height, width = small.shape[1:]
        if large.shape[1:] != (self.scale * height, self.scale * width) or min(height, width) < SIDE:
            raise InputError(
                f"{paths[0]} is {large.shape[2]}x{large.shape[1]} and {paths[1]} {width}x{height}; the first must be "
                f"x{self.scale} of the second, and that at least {SIDE}x{SIDE}"
            )
        return large, small

    def _bicubic(self, window: Tensor) -> Tensor:
        return upsample(window[:, 0], self.scale)[:, None]


def pairs_in(data: Path, scale: int) -> list[tuple[Path, Path]]:
    """Large and small pictures of one name, in `high/` and `low/` of a folder, in a fixed order.

    Raises:
        InputError: there are none.
    """
    smalls = {path.stem: path for path in (data / LOW).glob("*") if path.suffix.lower() in READ_PICTURES}
    found = [
        (large, small)
        for large in sorted((data / HIGH).glob("*"))
        if large.suffix.lower() in READ_PICTURES
        if (small := smalls.get(large.stem) or smalls.get(f"{large.stem}x{scale}"))
    ]
    if not found:
        raise InputError(f"{data} holds no pairs: {HIGH}/NAME.png and {LOW}/NAME.png, which shows the same smaller")
    return found
