"""Scenes with the damage of real footage, made once and kept in files."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ...video.encode.round_trip import Codec, compress
from ..tasks.video_upscaling import PACES
from .chain import Shares, damaged, draw, planes
from .footage import Codes, Scene, named, save_whole, state_of
from .layered_motion import layered

FRAMES = 12
"""Frames in a row that are encoded together, so that I, P and B pictures differ as they do in life."""
MULTIPLE = 8
"""Of the sides of what is encoded: halved it can still be halved in 4:2:0."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """Consecutive frames in a file, as a user has them, and as they were, beside it.

    Luma (FRAMES, h, w) where they were enlarged since, all of 4:2:0 as in chain.py where not.
    """

    path: Path

    @property
    def low(self) -> NDArray[np.uint8]:
        """A view into the file."""
        return np.asarray(np.load(self.path, mmap_mode="r"))

    @property
    def high(self) -> NDArray[np.uint8]:
        """A view into the file."""
        return np.asarray(np.load(_beside(self.path), mmap_mode="r"))

    @property
    def steps(self) -> NDArray[np.float32]:
        """Of the quantiser of each frame, in 8-bit codes; 0 where nothing was lost by one, NaN where it is unknown."""
        return np.asarray(np.load(_steps(self.path)), np.float32)


def encoded_scenes(footage: Sequence[Scene], folder: Path, shares: Shares, *, scale: int, rounds: int) -> list[Encoded]:
    """Each scene `rounds` times, from another frame and with another draw of the chain each time.

    Args:
        folder: where they are kept; what lies there is not made again.
    """
    return list(_filmed(footage, folder, shares, scale, rounds))


def encoded_stills(
    stills: Sequence[Path], folder: Path, shares: Shares, *, scale: int, side: int, count: int
) -> list[Encoded]:
    """Still pictures in layers that move over each other (layered_motion.py), `side` pixels large, through the chain.

    Raises:
        InputError: one cannot be read.
    """
    return list(_layered(stills, folder, shares, scale, side, count))


def _filmed(footage: Sequence[Scene], folder: Path, shares: Shares, scale: int, rounds: int) -> Iterator[Encoded]:
    for scene in footage:
        for number in range(rounds):
            name = named(repr((shares, scale, number)).encode(), np.ascontiguousarray(scene[0]).data)
            rng = np.random.default_rng(int(name, 16))
            first = int(rng.integers(len(scene) - FRAMES + 1))
            path = folder / f"{name}.npy"
            if not path.is_file():
                _save(path, [as_420(scene[first + i]) for i in range(FRAMES)], shares, scale, rng)
            yield Encoded(path)


def _layered(
    stills: Sequence[Path], folder: Path, shares: Shares, scale: int, side: int, count: int
) -> Iterator[Encoded]:
    for number in range(count):
        name = named(repr((shares, scale, side, number)).encode(), state_of(stills))
        path = folder / f"layered-{name}.npy"
        if not path.is_file():
            rng = np.random.default_rng(int(name, 16))
            pace = float(np.exp(rng.uniform(*np.log(PACES))))
            times = [(i - FRAMES // 2) * pace for i in range(FRAMES)]
            frames = layered(stills, times, side=side, rng=rng)
            _save(path, [as_420(frame) for frame in frames], shares, scale, rng)
        yield Encoded(path)


def as_420(rgb: Codes) -> Codes:
    """RGB (H, W, 3) -> 4:2:0 codes, BT.601, cut to multiples of MULTIPLE."""
    height, width = (n // MULTIPLE * MULTIPLE for n in rgb.shape[:2])
    cut = np.ascontiguousarray(rgb[:height, :width])
    return np.asarray(cv2.cvtColor(cut, cv2.COLOR_RGB2YUV_I420), np.uint8)


def encoded(pictures: Sequence[Codes], codec: Codec) -> list[Codes]:
    """RGB pictures in a row (H, W, 3), H and W even, as they come back from an encoder in 4:2:0, BT.601."""
    planes = [
        np.asarray(cv2.cvtColor(np.ascontiguousarray(each), cv2.COLOR_RGB2YUV_I420), np.uint8) for each in pictures
    ]
    decoded = compress(planes, codec).frames
    return [np.asarray(cv2.cvtColor(each, cv2.COLOR_YUV2RGB_I420), np.uint8) for each in decoded]


def _save(path: Path, frames: Sequence[Codes], shares: Shares, scale: int, rng: np.random.Generator) -> None:
    """All files, the one that is looked for last."""
    (low, steps), before = damaged(frames, draw(rng, shares), scale=scale, rng=rng)
    high = frames if scale > 1 else before
    save_whole(_steps(path), np.asarray(steps, np.float32))
    for target, pictures in ((_beside(path), high), (path, low)):
        save_whole(target, np.stack([planes(each)[0] if scale > 1 else each for each in pictures]))


def _beside(path: Path) -> Path:
    return path.with_suffix(".high.npy")


def _steps(path: Path) -> Path:
    return path.with_suffix(".steps.npy")
