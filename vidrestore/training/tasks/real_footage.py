"""The task of enlarging users' videos: five damaged frames, and the middle one as it was."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...frame.resize import upsample
from ..data.chain import Shares
from ..data.encoded_scenes import FRAMES, Encoded, encoded_scenes, encoded_stills
from ..data.footage import beside, held_back, scenes
from ..data.samples import Samples
from ..validate import Held, Pair
from .task import Material
from .video_upscaling import MIDDLE

HELD = 64
"""Samples that validation sees."""
PLACES = 2
"""Of which the one with more detail becomes the patch: a frame's error lies where detail is."""


@dataclass(frozen=True, slots=True)
class RealFootageTask:
    """Luma windows of five through the chain of degradations (chain.py); every twelfth scene is held back.

    It is scored by full-range luma PSNR beside bicubic, clean and compressed samples together.
    """

    command: ClassVar[str] = "upscale"
    shares: Shares = Shares()  # noqa: RUF009 - frozen
    scale: int = 2
    patch: int = 64
    """Side of a patch in input pixels, a multiple of 4."""
    rounds: int = 12
    """Times that each scene is encoded anew."""
    layered: int = 150
    """Clips made of still pictures in made-up motion, where `data` holds any."""

    def open(self, data: Path, scratch: Path) -> Material:
        """See Task. The first time everything is encoded, which takes minutes. InputError: too few frames."""
        side = self.patch * self.scale
        found = scenes(data, scratch, least=FRAMES, side=side + 2 * self.scale)
        held, kept = held_back(found, data)
        make = partial(encoded_scenes, folder=scratch / "encoded", shares=self.shares, scale=self.scale)
        clips = make(kept, rounds=self.rounds)
        if (stills := beside(found, data)) and self.layered:
            clips += encoded_stills(
                stills, scratch / "encoded", self.shares, scale=self.scale, side=2 * side, count=self.layered
            )
        samples = RealSamples(make(held, rounds=2), self, batch=1, seed=0, steps=HELD)
        return Material(
            partial(RealSamples, clips, self), Held([samples[i] for i in range(HELD)], partial(bicubic, self))
        )


def bicubic(task: RealFootageTask, window: Tensor) -> Tensor:
    """(B, 5, 1, h, w) -> (B, 1, 1, H, W): the middle frame, enlarged."""
    return upsample(window[:, MIDDLE], task.scale)[:, None]


class RealSamples(Samples):
    """Windows (B, 5, 1, patch, patch) and middle frames (B, 1, 1, s*patch, s*patch).

    Each is flipped, turned and played backwards at random.
    """

    def __init__(self, clips: Sequence[Encoded], task: RealFootageTask, *, batch: int, seed: int, steps: int) -> None:
        self._clips, self._task = clips, task
        super().__init__(batch=batch, seed=seed, steps=steps)

    def _sample(self, rng: np.random.Generator) -> Pair:
        clip, task = self._clips[int(rng.integers(len(self._clips)))], self._task
        low, high = clip.low, clip.high
        middle = int(rng.integers(MIDDLE, len(low) - MIDDLE))
        places = [tuple(int(rng.integers(n - task.patch + 1)) for n in low.shape[1:]) for _ in range(PLACES)]
        y, x = max(places, key=lambda at: _detail(low[middle, at[0] : at[0] + task.patch, at[1] : at[1] + task.patch]))
        frames = low[middle - MIDDLE : middle + MIDDLE + 1, y : y + task.patch, x : x + task.patch]
        y, x, side = y * task.scale, x * task.scale, task.patch * task.scale
        target = high[middle, y : y + side, x : x + side]
        backwards, mirrored, quarters = (int(n) for n in (*rng.choice([1, -1], 2), rng.integers(4)))
        frames = np.rot90(frames[::backwards, ::mirrored], quarters, (1, 2))
        target = np.rot90(target[::mirrored], quarters)
        window, truth = (torch.from_numpy(codes.copy()).float() / 255 for codes in (frames, target))
        return window[:, None], truth[None, None]


def _detail(patch: NDArray[np.uint8]) -> float:
    """Mean difference of neighbours, down and across."""
    codes = patch.astype(np.int16)
    return float(np.abs(np.diff(codes, axis=0)).mean() + np.abs(np.diff(codes, axis=1)).mean())
