"""Made-up motion: pictures cut into layers that move smoothly over each other.

Footage is compressed and blurred by its own motion; a network that learns from it alone spoils clean pictures.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from .footage import Codes, read_picture

FINER = 2
"""Layers are laid over each other at this many times the size, and reduced: soft edges, as a lens makes them."""
SPEEDS = (3.0, 8.0, 20.0)
"""Greatest motion of a layer in pixels, one drawn for each; slow layers are as likely as fast ones."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A picture of FINER times the size, where it is to be seen, and how far it goes."""

    picture: NDArray[np.float32]
    mask: NDArray[np.float32] | None
    """None: everywhere."""
    turn: float
    """Radians in a unit of time, about the middle."""
    growth: float
    """Factor in a unit of time, about the middle."""
    shift: NDArray[np.float64]
    """Pixels in a unit of time."""

    def at(self, image: NDArray[np.float32], time: float, interpolation: int) -> NDArray[np.float32]:
        """The picture or the mask where it is at `time`, 0 at rest."""
        height, width = image.shape[:2]
        turn, growth = self.turn * time, self.growth**time
        linear = growth * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        middle = np.array([width / 2, height / 2])
        offset = middle - linear @ middle + self.shift * time
        matrix = np.column_stack((linear, offset))
        moved = cv2.warpAffine(image, matrix, (width, height), flags=interpolation, borderMode=cv2.BORDER_REFLECT)
        return np.asarray(moved, np.float32)


def layered(pictures: Sequence[Path], times: Sequence[float], *, side: int, rng: np.random.Generator) -> list[Codes]:
    """Two or three random layers at each of `times`, around 0: (side, side, 3) each, RGB.

    Raises:
        InputError: a picture cannot be read.
    """
    layers = [_layer(pictures, side * FINER, covers=n == 0, rng=rng) for n in range(int(rng.integers(2, 4)))]
    noise = float(rng.choice([0.0, 0.0, 1.0, 2.0]))
    return [_laid(layers, time, side, noise, rng) for time in times]


def _laid(layers: Sequence[Layer], time: float, side: int, noise: float, rng: np.random.Generator) -> Codes:
    whole = np.zeros((1, 1, 3), np.float32)
    for layer in layers:
        picture = layer.at(layer.picture, time, cv2.INTER_CUBIC)
        if layer.mask is None:
            whole = picture
        else:
            share = layer.at(layer.mask, time, cv2.INTER_LINEAR)[..., None]
            whole = np.asarray(whole + (picture - whole) * share, np.float32)
    reduced = cv2.resize(whole, (side, side), interpolation=cv2.INTER_AREA)
    noisy = reduced + rng.normal(0, noise, reduced.shape)
    return np.asarray(np.clip(np.rint(noisy), 0, 255), np.uint8)


def _layer(pictures: Sequence[Path], side: int, *, covers: bool, rng: np.random.Generator) -> Layer:
    speed = rng.uniform(0, FINER * float(rng.choice(SPEEDS)))
    towards = rng.uniform(0, 2 * np.pi)
    bend = 0.02 * min(1, speed / (4 * FINER))
    return Layer(
        _patch(pictures[int(rng.integers(len(pictures)))], side, rng),
        None if covers else _blobs(side, rng),
        turn=rng.normal(0, bend),
        growth=1 + rng.normal(0, bend),
        shift=speed * np.array([np.cos(towards), np.sin(towards)]),
    )


def _patch(path: Path, side: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """A random square of a picture, enlarged where it is too small."""
    picture = read_picture(path)
    scale = max(1.0, side / min(picture.shape[:2])) * rng.uniform(1, 1.3)
    picture = np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC), np.uint8)
    y, x = (int(rng.integers(n - side + 1)) for n in picture.shape[:2])
    return picture[y : y + side, x : x + side].astype(np.float32)


def _blobs(side: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """One to three star-shaped patches, 1 inside and 0 outside; most of them with round corners."""
    mask = np.zeros((side, side), np.float32)
    for _ in range(int(rng.integers(1, 4))):
        corners = int(rng.integers(5, 15))
        angles = np.linspace(0, 2 * np.pi, corners, endpoint=False)
        reach = rng.uniform(0.08, 0.3) * side * rng.uniform(0.5, 1.4, corners)
        middle = rng.uniform(0.2, 0.8, 2) * side
        points = middle + np.column_stack((np.cos(angles), np.sin(angles))) * reach[:, None]
        cv2.fillPoly(mask, [points.astype(np.int32)], 1.0)
    if rng.random() < 0.7:
        mask = cv2.GaussianBlur(mask, (0, 0), rng.uniform(2, 9))
    return (mask > 0.5).astype(np.float32)
