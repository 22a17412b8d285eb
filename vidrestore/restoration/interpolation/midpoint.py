"""Halving: a network that makes the middle of two pictures, asked again between what it has made."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import partial
from itertools import repeat

import torch
from torch import Tensor

from ...engine.infer import Inference
from ...errors import UsageError
from .interpolator import GAP, Begun

MIDDLE = Fraction(1, 2)


class Halving:
    """An `Interpolator` for the times k / 2**n: the middle, then the middles of the halves, as deep as asked.

    Args:
        inference: a processor of two pictures that makes the one midway, `SepConv` say, ready to run.
    """

    def __init__(self, inference: Inference) -> None:
        needs = inference.processor.needs
        if needs.times != (MIDDLE,) or (needs.before, needs.after) != (0, 1):
            raise ValueError(f"{needs = }: one picture midway between two is wanted")
        self.inference = inference

    ahead, confidence = 0, None

    @property
    def device(self) -> torch.device:
        return self.inference.engine.device

    def begin(self, first: Tensor, second: Tensor, lasts: Fraction = GAP, *, now: bool = True) -> Begun:
        """As `Installed`: all hangs on the times."""
        return partial(self, first, second)

    def __call__(self, first: Tensor, second: Tensor, times: Sequence[Fraction]) -> Iterator[Tensor]:
        """As `Interpolator`; equal pictures give that picture, to the last bit.

        Raises:
            UsageError: a time that no number of halvings reaches.
        """
        for time in times:
            if time.denominator & (time.denominator - 1):
                raise UsageError(
                    f"this model makes the middle of two frames, and the middles of the halves, but nothing at {time} "
                    "of the way: ask for -x 2, 4 or 8, or take -m flow, which makes any"
                )
        if torch.equal(first, second):
            yield from repeat(first, len(times))
            return
        made = {Fraction(0): first, Fraction(1): second}
        for time in times:
            yield self._at(time, made)

    def _at(self, time: Fraction, made: dict[Fraction, Tensor]) -> Tensor:
        """The picture at k / 2**n, out of its neighbours at (k - 1) / 2**n and (k + 1) / 2**n."""
        if time not in made:
            apart = Fraction(1, time.denominator)
            made[time] = self._middle(self._at(time - apart, made), self._at(time + apart, made))
        return made[time]

    def _middle(self, first: Tensor, second: Tensor) -> Tensor:
        run, device = self.inference, self.device
        run.plan_for((first.shape[-2], first.shape[-1]))
        return run([(first.to(device), second.to(device))])[0, 0].clamp(0, 1).to(first.device)
