"""The task of interpolation: three frames in a row, the middle one to be made.

Document 000 and Niklaus et al. 2017 (SepConv), spec/networks.md A.4: random crops, flips, first and last swapped at
random; crops that move are preferred.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np
import torch
from torch import Tensor

from ...errors import InputError
from ..data.blur.exposure import as_picture
from ..data.footage import Codes, Scene, held_back, scenes
from ..data.samples import Samples
from ..validate import Held, Pair
from .task import Material

STILL = 0.25
"""Mean motion in pixels from the first to the last frame, below which a window is never taken."""
TRIES = 200
HELD = 32
"""Samples that validation sees."""


@dataclass(frozen=True, slots=True)
class TripletTask:
    """RGB triplets; every twelfth scene is held back, scored by RGB PSNR beside the frames' average."""

    command: ClassVar[str] = "interpolate"
    patch: int = 128
    margin: int = 22
    """A window of patch + margin is judged by its motion, and the patch cut from it at random."""
    choice: int = 4
    """Windows drawn for each sample, of which one is taken, the more likely the more it moves."""

    def open(self, data: Path, scratch: Path) -> Material:
        """See Task. InputError: fewer than two scenes."""
        held, kept = held_back(scenes(data, scratch, least=3, side=self.patch), data)
        make = partial(TripletSamples, patch=self.patch, margin=self.margin, choice=self.choice)
        samples = make(held, batch=1, seed=0, steps=HELD)
        return Material(partial(make, kept), Held([samples[i] for i in range(HELD)], average))


def average(window: Tensor) -> Tensor:
    """(B, 2, C, H, W) -> (B, 1, C, H, W): both frames blended."""
    return window.mean(1, keepdim=True)


class TripletSamples(Samples):
    """Frames around (B, 2, 3, patch, patch) and between (B, 1, 3, patch, patch)."""

    def __init__(
        self,
        footage: Sequence[Scene],
        *,
        patch: int,
        margin: int,
        choice: int,
        batch: int,
        seed: int,
        steps: int,
    ) -> None:
        self._footage = footage
        self._counts = list(accumulate(len(scene) - 2 for scene in footage))
        self._patch, self._margin, self._choice = patch, margin, choice
        super().__init__(batch=batch, seed=seed, steps=steps)

    def _sample(self, rng: np.random.Generator) -> Pair:
        """Frame, place, flips and order are drawn."""
        triplet = self._moving(rng)
        y, x = (int(rng.integers(n - self._patch + 1)) for n in triplet.shape[1:3])
        triplet = triplet[:, y : y + self._patch, x : x + self._patch]
        for axis, flip in enumerate(rng.integers(2, size=3)):
            if flip:
                triplet = np.flip(triplet, axis)  # axis 0: the order of time
        pictures = torch.stack([as_picture(frame) for frame in triplet])
        return pictures[::2], pictures[1:2]

    def _moving(self, rng: np.random.Generator) -> Codes:
        for _ in range(TRIES):
            windows = [self._window(rng) for _ in range(self._choice)]
            motions = np.array([motion(first, last) for first, _, last in windows])
            motions[motions < STILL] = 0
            if motions.any():
                return windows[int(rng.choice(self._choice, p=motions / motions.sum()))]
        raise InputError(
            f"nothing moves in {self._choice * TRIES} windows of the training footage; give videos with motion"
        )

    def _window(self, rng: np.random.Generator) -> Codes:
        """(3, side, side, 3) somewhere in the footage, every triplet equally likely."""
        number = int(rng.integers(self._counts[-1]))
        index = bisect_right(self._counts, number)
        scene = self._footage[index]
        start = number - (self._counts[index - 1] if index else 0)
        height, width = (min(n, self._patch + self._margin) for n in scene.size)
        y, x = (int(rng.integers(n - side + 1)) for n, side in zip(scene.size, (height, width), strict=True))
        return np.stack([scene[start + i][y : y + height, x : x + width] for i in range(3)])


def motion(first: Codes, last: Codes) -> float:
    """Mean length of the optical flow between two (H, W, 3) pictures, in pixels."""
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
    one, other = (cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2GRAY) for picture in (first, last))
    field = flow.calc(one, other, None)
    return float(np.hypot(field[..., 0], field[..., 1]).mean())
