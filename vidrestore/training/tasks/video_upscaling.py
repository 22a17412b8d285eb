"""The task of video super-resolution: five reduced frames, and the middle one as it was."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...errors import InputError
from ...frame.resize import upsample
from ..data.degrade import Degradation, degrade
from ..data.footage import Codes, Scene, beside, held_back, named, save_whole, scenes, squares, state_of
from ..data.layered_motion import layered
from ..data.pictures import luma_codes
from ..data.samples import Samples
from ..validate import Held, Pair
from .task import Material

FRAMES = 5
MIDDLE = FRAMES // 2
HELD = 32
"""Samples that validation sees."""
END = 0.15
"""Share of an only scene that validation sees: document 002's."""
PACES = (0.05, 1.0)
"""Share of made-up motion (layered_motion.py) that happens from one frame to the next, least and most."""


@dataclass(frozen=True, slots=True)
class VideoUpscalingTask:
    """Luma windows of five; every twelfth scene, or the end of the only one, is held back.

    It is scored by full-range luma PSNR beside bicubic.
    """

    command: ClassVar[str] = "upscale"
    degradation: Degradation
    patch: int = 64
    """Side of a patch in input pixels, a multiple of 4."""
    halved: float = 0.5
    """Share of the footage taken at half its size: as sharp as uncompressed pictures are."""
    layered: float = 0.25
    """Share of samples made of still pictures in made-up motion, where `data` holds any."""
    made: int = 2000
    """Samples that are made up, once."""

    @property
    def side(self) -> int:
        """Of what a patch is made from, in high-resolution pixels."""
        return self.patch * self.degradation.scale + 2 * self.degradation.margin

    def open(self, data: Path, scratch: Path) -> Material:
        """See Task. InputError: too few frames."""
        found = scenes(data, scratch, least=FRAMES, side=self.side)
        held, kept = held_back(found, data) if len(found) > 1 else _parted(found[0], data)
        stills = beside(found, data)
        made = _made(stills, scratch, self) if stills and self.layered else None
        samples = SequenceSamples(held, None, self, batch=1, seed=0, steps=HELD)
        return Material(
            partial(SequenceSamples, kept, made, self), Held([samples[i] for i in range(HELD)], partial(bicubic, self))
        )


def bicubic(task: VideoUpscalingTask, window: Tensor) -> Tensor:
    """(B, 5, 1, h, w) -> (B, 1, 1, H, W): the middle frame, enlarged."""
    return upsample(window[:, MIDDLE], task.degradation.scale, offset=task.degradation.offset)[:, None]


class SequenceSamples(Samples):
    """Shrunk windows (B, 5, 1, patch, patch) and middle frames (B, 1, 1, s*patch, s*patch).

    Args:
        made: windows in made-up motion (N, 5, side, side), or None.
    """

    def __init__(
        self,
        footage: Sequence[Scene],
        made: NDArray[np.uint8] | None,
        task: VideoUpscalingTask,
        *,
        batch: int,
        seed: int,
        steps: int,
    ) -> None:
        self._footage, self._made, self._task = footage, made, task
        self._counts = list(accumulate(len(scene) - FRAMES + 1 for scene in footage))
        super().__init__(batch=batch, seed=seed, steps=steps)

    def _sample(self, rng: np.random.Generator) -> Pair:
        task = self._task
        window = torch.from_numpy(self._window(rng)).float()[:, None] / 255
        low = degrade(window, task.degradation, generator=_generator(task.degradation, rng))
        outer = task.degradation.margin
        inner = outer // task.degradation.scale
        target = window[MIDDLE, None, :, outer : task.side - outer, outer : task.side - outer]
        return low[..., inner : inner + task.patch, inner : inner + task.patch], target

    def _window(self, rng: np.random.Generator) -> Codes:
        """(5, side, side), flipped, turned and played backwards at random."""
        if self._made is not None and rng.random() < self._task.layered:
            window = self._made[int(rng.integers(len(self._made)))]
        else:
            window = self._filmed(rng)
        backwards, upside_down = (slice(None, None, int(step)) for step in rng.choice([1, -1], 2))
        turned: Codes = np.rot90(window[backwards, upside_down], int(rng.integers(4)), (1, 2)).copy()
        return turned

    def _filmed(self, rng: np.random.Generator) -> Codes:
        """(5, side, side) somewhere in the footage, every window equally likely."""
        number = int(rng.integers(self._counts[-1]))
        index = bisect_right(self._counts, number)
        scene, side = self._footage[index], self._task.side
        start = number - (self._counts[index - 1] if index else 0)
        frames = squares(scene, range(start, start + FRAMES), side=side, halved=self._task.halved, rng=rng)
        return np.stack([luma_codes(frame[..., ::-1]) for frame in frames])


def _generator(degradation: Degradation, rng: np.random.Generator) -> torch.Generator | None:
    """For what of a degradation is drawn at random."""
    if not degradation.noise_sigma and degradation.quality is None:
        return None
    return torch.Generator().manual_seed(int(rng.integers(1 << 31)))


@dataclass(frozen=True, slots=True)
class Part:
    """Consecutive frames of a scene."""

    scene: Scene
    first: int
    length: int

    def __len__(self) -> int:
        return self.length

    @property
    def size(self) -> tuple[int, int]:
        """See Scene."""
        return self.scene.size

    def __getitem__(self, number: int) -> Codes:
        """See Scene."""
        return self.scene[self.first + number]


def _parted(scene: Scene, data: Path) -> tuple[list[Scene], list[Scene]]:
    """The end of a scene, to validate on, and what comes before it."""
    end = max(FRAMES, round(END * len(scene)))
    start = len(scene) - end
    if start < FRAMES:
        raise InputError(f"{data} holds one scene of {len(scene)} frames; training needs {2 * FRAMES} or more")
    return [Part(scene, start, end)], [Part(scene, 0, start)]


def _made(stills: Sequence[Path], scratch: Path, task: VideoUpscalingTask) -> NDArray[np.uint8]:
    """Windows in made-up motion (N, 5, side, side), kept in scratch: they take longer to make than to learn from."""
    path = scratch / f"made-{task.made}-{task.side}-{named(state_of(stills))}.npy"
    if not path.is_file():
        rng = np.random.default_rng(0)
        save_whole(path, np.stack([_layered(stills, task.side, rng) for _ in range(task.made)]))
    return np.asarray(np.load(path, mmap_mode="r"))


def _layered(stills: Sequence[Path], side: int, rng: np.random.Generator) -> Codes:
    pace = float(np.exp(rng.uniform(*np.log(PACES))))
    times = [(i - MIDDLE) * pace for i in range(FRAMES)]
    return np.stack([luma_codes(frame[..., ::-1]) for frame in layered(stills, times, side=side, rng=rng)])
