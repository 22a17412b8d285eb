"""The task of deblurring videos: three frames in a row as users have them, and the middle one sharp."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from ..data.blur.windows import EACH, windows_of_scenes, windows_of_stills
from ..data.footage import beside, held_back, read_picture, scenes
from ..data.samples import Samples
from ..validate import Held, Pair
from .task import Material

HELD = 64
"""Samples that validation sees."""
MARGIN = 32
"""Pixels by which a window is larger than a patch."""
LEAST_FRAMES = 2 * EACH + 1
"""Of a scene."""


@dataclass(frozen=True, slots=True)
class VideoDeblurringTask:
    """RGB windows of three; every twelfth scene is held back, scored by RGB PSNR beside the blurred picture's own."""

    command: ClassVar[str] = "deblur"
    patch: int = 160
    each: int = 60
    """Windows of each scene."""
    stills: int = 2400
    """Windows made of still pictures, where `data` holds any."""
    single: float = 0.25
    """Share of windows whose neighbours are not there: pictures."""
    ends: float = 0.08
    """Share without the frame before or the one after."""
    recoloured: float = 0.2
    """Share whose colours are exchanged."""

    def open(self, data: Path, scratch: Path) -> Material:
        """See Task. The first time all windows are made, which takes an hour. InputError: too few frames."""
        side, folder = self.patch + MARGIN, scratch / "windows"
        found = scenes(data, scratch, least=LEAST_FRAMES, side=side)
        held, kept = held_back(found, data)
        windows = windows_of_scenes(kept, folder, side=side, each=self.each)
        if stills := [path for path in beside(found, data) if min(read_picture(path).shape[:2]) >= side]:
            windows += windows_of_stills(stills, folder, side=side, count=self.stills)
        samples = WindowSamples(
            windows_of_scenes(held, folder, side=side, each=self.each), self, batch=1, seed=0, steps=HELD
        )
        return Material(
            partial(WindowSamples, windows, self),
            Held([samples[n] for n in range(HELD)], lambda window: window[:, 1:2]),
        )


class WindowSamples(Samples):
    """Windows (B, 3, 3, patch, patch) and middle frames (B, 1, 3, patch, patch); what is NaN is not there.

    Each is mirrored, turned, and played backwards at random.
    """

    def __init__(
        self, windows: Sequence[Path], task: VideoDeblurringTask, *, batch: int, seed: int, steps: int
    ) -> None:
        self._windows, self._task = windows, task
        super().__init__(batch=batch, seed=seed, steps=steps)

    def _sample(self, rng: np.random.Generator) -> Pair:
        task, side = self._task, self._task.patch
        codes = np.load(self._windows[int(rng.integers(len(self._windows)))], mmap_mode="r")
        y, x = (int(rng.integers(n - side + 1)) for n in codes.shape[1:3])
        across, quarters = (int(n) for n in (rng.choice([1, -1]), rng.integers(4)))
        seen = np.rot90(codes[:, y : y + side, x : x + side][:, :, ::across], quarters, (1, 2))
        if rng.random() < 0.5:
            seen = seen[[2, 1, 0, 3]]
        if rng.random() < task.recoloured:
            seen = seen[..., rng.permutation(3)]
        pictures: Tensor = torch.from_numpy(seen.copy()).permute(0, 3, 1, 2).float() / 255
        window, sharp = pictures[:3], pictures[3:]
        kind = rng.random()
        if kind < task.single:
            window[::2] = torch.nan
        elif kind < task.single + task.ends:
            window[2 * int(rng.integers(2))] = torch.nan
        return window, sharp
