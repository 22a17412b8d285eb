"""The task of the flow interpolator's network: warped pictures, and the true one."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from ...restoration.interpolation.motion.moving_pair import MovingPair, grey
from ...restoration.interpolation.motion.paths import find
from ...restoration.interpolation.motion.presets import Search
from ...restoration.interpolation.motion.warp import Picture
from ..data.footage import Codes, Scene, beside, held_back, scenes, squares
from ..data.layered_motion import layered
from ..data.samples import Samples
from ..validate import Held, Pair
from .task import Material
from .triplets import HELD, STILL, TRIES, motion

GAPS = {(2, 1): 0.7, (3, 1): 0.06, (3, 2): 0.06, (4, 1): 0.06, (4, 2): 0.06, (4, 3): 0.06}
"""Frames from the first to the second and to the truth between them, and how often."""
SEARCHES = {Search(1, 2): 0.2, Search(0, 4): 0.6, Search(0, 2, 10, 32): 0.2}
"""How motion is found, and how often: one network serves every quality."""


@dataclass(frozen=True, slots=True)
class FlowMixingTask:
    """Windows of `Fusion` of models.networks; every twelfth scene is held back, scored beside the mixture by time."""

    command: ClassVar[str] = "interpolate"
    patch: int = 128
    margin: int = 24
    """Around the patch, so that motion is found as in a whole picture."""
    halved: float = 0.3
    """Share of the footage taken at half its size: cleaner, with less motion."""
    layered: float = 0.2
    """Share of samples made of still pictures, where `data` holds any: see layered_motion.py."""

    def open(self, data: Path, scratch: Path) -> Material:
        """See Task. InputError: fewer than two scenes."""
        side = self.patch + 2 * self.margin
        found = scenes(data, scratch, least=5, side=side)
        held, kept = held_back(found, data)
        stills = beside(found, data)
        samples = FlowSamples(held, stills, self, batch=1, seed=0, steps=HELD)
        return Material(partial(FlowSamples, kept, stills, self), Held([samples[i] for i in range(HELD)], by_time))


def by_time(window: Tensor) -> Tensor:
    """(B, 7, C, H, W) -> (B, 1, C, H, W): the two best pictures, mixed by their closeness in time."""
    time = window[:, 6:, 2:]
    return window[:, :1] * (1 - time) + window[:, 1:2] * time


class FlowSamples(Samples):
    """Windows (B, 7, 3, patch, patch) and what they show (B, 1, 3, patch, patch)."""

    def __init__(
        self,
        footage: Sequence[Scene],
        stills: Sequence[Path],
        task: FlowMixingTask,
        *,
        batch: int,
        seed: int,
        steps: int,
    ) -> None:
        self._footage, self._stills, self._task = footage, stills, task
        self._counts = list(accumulate(map(len, footage)))
        super().__init__(batch=batch, seed=seed, steps=steps)

    def _sample(self, rng: np.random.Generator) -> Pair:
        gap, place = list(GAPS)[int(rng.choice(len(GAPS), p=list(GAPS.values())))]
        if self._stills and rng.random() < self._task.layered:
            time, side = place / gap, self._task.patch + 2 * self._task.margin
            codes = layered(self._stills, (-time, 0, 1 - time), side=side, rng=rng)
        else:
            codes = self._moving(gap, place, rng)
        flips = [slice(None, None, int(step)) for step in rng.choice([1, -1], 2)]
        first, truth, second = (_picture(each[flips[0], flips[1]]) for each in codes)
        time = place / gap
        if rng.random() < 0.5:
            first, second, time = second, first, 1 - time
        return self._prepared(first, truth, second, time, rng)

    def _prepared(self, first: Picture, truth: Picture, second: Picture, time: float, rng: np.random.Generator) -> Pair:
        search = list(SEARCHES)[int(rng.choice(len(SEARCHES), p=list(SEARCHES.values())))]
        found = find(grey(first), grey(second), search)
        *moved, evidence = MovingPair(first, second, found).at(time).window()
        colours = rng.permutation(3)
        pictures = [picture[..., colours] for picture in (*moved, truth)]
        inner = slice(self._task.margin, self._task.margin + self._task.patch)
        stack = np.stack([picture[inner, inner] for picture in (*pictures[:-1], evidence, pictures[-1])])
        tensor = torch.from_numpy(stack).permute(0, 3, 1, 2).contiguous()
        return tensor[:-1], tensor[-1:]

    def _moving(self, gap: int, place: int, rng: np.random.Generator) -> list[Codes]:
        """Three frames in order, of which the first and the last differ by some motion."""
        for _ in range(TRIES):
            triplet = self._window(gap, place, rng)
            if motion(triplet[0], triplet[2]) >= STILL:
                break
        return triplet

    def _window(self, gap: int, place: int, rng: np.random.Generator) -> list[Codes]:
        number = int(rng.integers(self._counts[-1]))
        scene = self._footage[bisect_right(self._counts, number)]
        start = int(rng.integers(len(scene) - gap))
        side = self._task.patch + 2 * self._task.margin
        return squares(scene, [start, start + place, start + gap], side=side, halved=self._task.halved, rng=rng)


def _picture(codes: Codes) -> Picture:
    return np.ascontiguousarray(codes).astype(np.float32) / np.float32(255)
