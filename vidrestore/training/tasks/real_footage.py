"""The task of cleaning or enlarging users' videos: five damaged frames, and the middle one as it was."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...frame.resize import upsample
from ..data.chain import Shares
from ..data.drawings import drawings
from ..data.encoded_scenes import FRAMES, Encoded, encoded_scenes, encoded_stills
from ..data.footage import Codes, beside, held_back, scenes
from ..data.samples import Samples
from ..validate import Held, Pair
from .task import Material
from .video_upscaling import MIDDLE

HELD = 64
"""Samples that validation sees."""
ZERO, SPAN = (16.0, 128.0, 128.0), (219.0, 224.0, 224.0)
"""Code values of black and no colour, and from there to white or all colour: of Y, U and V."""
LEAST = (0.0, -0.5, -0.5)
"""Of Y, U and V."""
MISTOLD, OCTAVES = 0.3, 0.4
"""Share of the windows whose steps are changed, and by how much: what is estimated is not exact."""
PLACES = 8
"""Of which one becomes the patch, as often as it has a share in their error.

Log-mse counts a patch by the inverse of its error. Both together count every pixel of a frame alike, as its PSNR does;
patches taken evenly would be learned for what is flat, where hardly any of a frame's error lies.
"""


@dataclass(frozen=True, slots=True)
class RealFootageTask:
    """Windows of five through the chain of degradations (chain.py); every twelfth scene is held back.

    Scored by PSNR, clean and compressed samples together: luma beside bicubic, or at scale 1 YUV beside the input.
    """

    shares: Shares = Shares()  # noqa: RUF009 - frozen
    scale: int = 2
    patch: int = 64
    """Side of a patch in input pixels, a multiple of 4."""
    rounds: int = 12
    """Times that each scene is encoded anew."""
    layered: int = 150
    """Clips made of still pictures in made-up motion, where `data` holds any."""
    ends: float = 0.0
    """Share of windows that reach out of their shot, half of them to both sides: a single picture."""
    told: bool = False
    """Windows have the quantiser's step as a plane beside the pictures (see Needs)."""
    drawn: int = 0
    """Drawings beside those stills (drawings.py)."""

    @property
    def command(self) -> str:
        """See Task."""
        return "upscale" if self.scale > 1 else "clean"

    def open(self, data: Path, scratch: Path) -> Material:
        """See Task. The first time everything is encoded, which takes minutes. InputError: too few frames."""
        side = self.patch * self.scale
        found = scenes(data, scratch, least=FRAMES, side=side + 2 * self.scale)
        held, kept = held_back(found, data)
        make = partial(encoded_scenes, folder=scratch / "encoded", shares=self.shares, scale=self.scale)
        clips = make(kept, rounds=self.rounds)
        if (stills := [*beside(found, data), *drawings(scratch / "drawn", self.drawn)]) and self.layered:
            clips += encoded_stills(
                stills, scratch / "encoded", self.shares, scale=self.scale, side=2 * side, count=self.layered
            )
        samples = RealSamples(make(held, rounds=2), self, batch=1, seed=0, steps=HELD)
        return Material(
            partial(RealSamples, clips, self),
            Held([samples[i] for i in range(HELD)], partial(bicubic, self), LEAST if self.scale == 1 else LEAST[:1]),
        )


def bicubic(task: RealFootageTask, window: Tensor) -> Tensor:
    """(B, 5, C, h, w) -> (B, 1, C, H, W): the middle frame, enlarged."""
    if task.scale == 1:
        return window[:, MIDDLE, None, :3]
    return upsample(window[:, MIDDLE, :1], task.scale)[:, None]


class RealSamples(Samples):
    """Windows (B, 5, C, patch, patch) and middle frames (B, 1, C, s*patch, s*patch); C is 3 (YUV) at scale 1, else 1.

    Each is flipped, turned and played backwards at random. Windows may have the step's plane beside.
    """

    def __init__(self, clips: Sequence[Encoded], task: RealFootageTask, *, batch: int, seed: int, steps: int) -> None:
        self._clips, self._task = clips, task
        super().__init__(batch=batch, seed=seed, steps=steps)

    def _sample(self, rng: np.random.Generator) -> Pair:
        clip, task = self._clips[int(rng.integers(len(self._clips)))], self._task
        low, high = clip.low, clip.high
        middle = int(rng.integers(MIDDLE, len(low) - MIDDLE))
        y, x = self._place(low[middle], high[middle], rng)
        cut = _square if task.scale > 1 else _square_of_420
        window = cut(low[middle - MIDDLE : middle + MIDDLE + 1], y, x, task.patch)
        target = cut(high[middle, None], y * task.scale, x * task.scale, task.patch * task.scale)
        backwards, mirrored, quarters = (int(n) for n in (*rng.choice([1, -1], 2), rng.integers(4)))
        window = np.rot90(window[::backwards, :, ::mirrored], quarters, (2, 3))
        target = np.rot90(target[:, :, ::mirrored], quarters, (2, 3))
        seen = _as_seen(window)
        if task.told:
            steps = clip.steps[middle - MIDDLE : middle + MIDDLE + 1][::backwards]
            seen = torch.cat((seen, _planes(steps, task.patch, rng)), 1)
        if rng.random() < task.ends:
            seen[_absent(rng)] = torch.nan
        return seen, _as_seen(target)

    def _place(self, low: Codes, high: Codes, rng: np.random.Generator) -> tuple[int, int]:
        """Where the patch begins, y and x, both even."""
        side, scale = self._task.patch, self._task.scale
        height, width = low.shape if scale > 1 else (low.shape[0] * 2 // 3, low.shape[1])
        places = [tuple(2 * int(rng.integers((n - side) // 2 + 1)) for n in (height, width)) for _ in range(PLACES)]
        errors = np.array([_error(low, high, y, x, side, scale) for y, x in places]) + 1e-6
        y, x = places[int(rng.choice(PLACES, p=errors / errors.sum()))]
        return y, x


def _planes(steps: NDArray[np.float32], side: int, rng: np.random.Generator) -> Tensor:
    """(F, 1, side, side), as the engine gives them. Unknown ones count as none, and some are told not quite right."""
    if rng.random() < MISTOLD:
        steps = steps * np.float32(2 ** (rng.normal() * OCTAVES))
    told = torch.from_numpy(np.nan_to_num(steps) / 255).float()
    return told[:, None, None, None].expand(-1, 1, side, side)


def _absent(rng: np.random.Generator) -> list[int]:
    """Frames of a window that lie beyond the ends of a shot."""
    if rng.random() < 0.5:
        return [n for n in range(2 * MIDDLE + 1) if n != MIDDLE]
    count, after = int(rng.integers(1, MIDDLE + 1)), bool(rng.integers(2))
    return list(range(2 * MIDDLE + 1 - count, 2 * MIDDLE + 1) if after else range(count))


def _error(low: Codes, high: Codes, y: int, x: int, side: int, scale: int) -> float:
    """Mean square of the difference in luma, the low one enlarged."""
    given = low[y : y + side, x : x + side].astype(np.float32)
    truth = high[y * scale : (y + side) * scale, x * scale : (x + side) * scale].astype(np.float32)
    if scale > 1:
        given = np.asarray(cv2.resize(given, truth.shape[::-1], interpolation=cv2.INTER_CUBIC), np.float32)
    return float(np.square(given - truth).mean())


def _as_seen(codes: Codes) -> Tensor:
    """(F, C, side, side) of video range, as a network sees them."""
    zero, span = (torch.tensor(each[: codes.shape[1]]).view(-1, 1, 1) for each in (ZERO, SPAN))
    return (torch.from_numpy(codes.copy()).float() - zero) / span


def _square(frames: Codes, y: int, x: int, side: int) -> Codes:
    """Luma (F, H, W) -> (F, 1, side, side)."""
    return frames[:, None, y : y + side, x : x + side]


def _square_of_420(frames: Codes, y: int, x: int, side: int) -> Codes:
    """4:2:0 codes (F, H * 3 / 2, W) -> (F, 3, side, side), chroma repeated; y, x and side are even."""
    height, width = frames.shape[1] * 2 // 3, frames.shape[2]
    chroma = frames[:, height:].reshape(-1, 2, height // 2, width // 2)
    chroma = chroma[:, :, y // 2 : (y + side) // 2, x // 2 : (x + side) // 2].repeat(2, 2).repeat(2, 3)
    return np.concatenate((_square(frames, y, x, side), chroma), 1)
