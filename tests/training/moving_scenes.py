"""Folders of pictures that move, to train on."""

from pathlib import Path

import cv2
import numpy as np

SIDE = 160


def texture(seed: int, side: int) -> np.ndarray:
    """(side, side, 3) uint8, smooth and without repetition."""
    noise = np.random.default_rng(seed).random((side, side, 3))
    blurred = cv2.GaussianBlur(noise, (0, 0), 3)
    return np.uint8(cv2.normalize(blurred, None, 0, 255, cv2.NORM_MINMAX))


def write_scene(folder: Path, *, seed: int, step: tuple[int, int], frames: int = 5) -> None:
    """A texture that moves `step` (x, y) pixels a frame."""
    folder.mkdir(parents=True)
    big = texture(seed, SIDE + 60)
    for i in range(frames):
        x, y = (30 + i * s for s in step)
        cv2.imwrite(str(folder / f"frame_{i + 1:08}.png"), big[y : y + SIDE, x : x + SIDE])


def film(folder: Path, frames: int, *, seed: int = 0, size: tuple[int, int] = (96, 128)) -> Path:
    """A folder of numbered pictures: sharp noise that moves by two pixels a frame."""
    folder.mkdir(parents=True)
    height, width = size
    small = np.random.default_rng(seed).integers(0, 256, (height // 2 + frames, width // 2 + frames, 3), dtype=np.uint8)
    whole = cv2.resize(small, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    for i in range(frames):
        cv2.imwrite(str(folder / f"{i + 1:04}.png"), whole[i : i + height, 2 * i : 2 * i + width])
    return folder
