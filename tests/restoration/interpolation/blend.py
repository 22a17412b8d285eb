"""A stand-in for what makes frames between frames: their average, weighted by time."""

from collections.abc import Sequence
from fractions import Fraction
from functools import partial

import torch
from torch import Tensor

from vidrestore.restoration.interpolation.interpolator import GAP, Begun


class Blend:
    """An Interpolator; `asked` holds the times of each call."""

    device, inference, confidence, ahead = torch.device("cpu"), None, None, 0

    def __init__(self) -> None:
        self.asked: list[list[Fraction]] = []

    def begin(self, first: Tensor, second: Tensor, lasts: Fraction = GAP, *, now: bool = True) -> Begun:
        return partial(self, first, second)

    def __call__(self, first: Tensor, second: Tensor, times: Sequence[Fraction]) -> list[Tensor]:
        assert times and all(0 < time < 1 for time in times) and list(times) == sorted(set(times))
        assert first.shape == second.shape and first.dtype == second.dtype
        self.asked.append(list(times))
        return [first + (second - first) * float(time) for time in times]
