"""Long exposures: moments of a moving scene, averaged as light.

The mean of consecutive frames is a row of ghosts where things move by more than a pixel; with moments interpolated
between the frames it is a streak, as document 001's data has it, which comes from a camera of 240 frames a second.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

DIM = 0.6
"""Share of the brightest light up to which nothing glows."""
Interpolator = Callable[[Tensor, Tensor, Sequence[Fraction]], Iterable[Tensor]]
"""Makes pictures between two, at given times."""
GAMMA = 2.2
"""Of the pictures, by which their codes become light; Nah et al. 2017 take the same."""


def moments(frames: Sequence[Tensor], *, each: int, between: Interpolator) -> list[Tensor]:
    """Consecutive frames (3, H, W) with `each` - 1 pictures between any two of them."""
    times = [Fraction(n, each) for n in range(1, each)]
    made: list[Tensor] = [frames[0]]
    for first, second in pairwise(frames):
        made += [*between(first, second, times), second]
    return made


def exposures(scene: Sequence[Tensor], counts: Sequence[int], *, gamma: float = GAMMA) -> Iterator[Tensor]:
    """The mean of the middle `count` of the moments of a scene, for each of `counts`.

    Args:
        scene: an odd number of pictures of one size, clamped to [0, 1]; the middle one is what the results should be,
            sharp.
        counts: odd, rising, at most as many as there are moments.
        gamma: 1 averages the codes as they are.
    """
    middle, reach = len(scene) // 2, 0
    light = scene[middle].clamp(0, 1) ** gamma
    for count in counts:
        while 2 * reach + 1 < count:
            reach += 1
            for picture in (scene[middle - reach], scene[middle + reach]):
                light = light + picture.clamp(0, 1) ** gamma
        yield (light / count) ** (1 / gamma)


def exposed(moments: NDArray[np.uint8], gamma: float, glow: float) -> NDArray[np.float32]:
    """The mean of all moments (N, H, W, 3), as light: (H, W, 3) in [0, 1].

    Args:
        glow: how much brighter than its code the brightest light is: it clips afterwards, as lamps do.
    """
    light = glowing(light_of(moments, gamma), glow).mean(0)
    return np.asarray(np.clip(light, 0, 1) ** (1 / gamma), np.float32)


def light_of(codes: NDArray[np.uint8], gamma: float) -> NDArray[np.float32]:
    """Codes of 8 bits as light, 0 to 1."""
    return np.asarray((codes.astype(np.float32) / 255) ** gamma, np.float32)


def glowing(light: NDArray[np.float32], glow: float) -> NDArray[np.float32]:
    """Light of which what is bright is up to 1 + `glow` times as bright."""
    return np.asarray(light * (1 + glow * np.clip((light - DIM) / (1 - DIM), 0, 1) ** 2), np.float32)


def as_picture(codes: NDArray[np.uint8]) -> Tensor:
    """(H, W, 3) of 8 bits -> (3, H, W) float32 in [0, 1]."""
    return torch.from_numpy(codes.astype(np.float32)).permute(2, 0, 1) / 255


def as_codes(picture: Tensor) -> NDArray[np.uint8]:
    """(3, H, W) in [0, 1] -> (H, W, 3) of 8 bits, rounded."""
    return np.ascontiguousarray((picture * 255).round().clamp(0, 255).to(torch.uint8).permute(1, 2, 0).numpy())
