"""Interpolator: what makes the pictures between two."""

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import Protocol

import torch
from torch import Tensor

from ...engine.infer import Inference


class Interpolator(Protocol):
    """Pictures between two consecutive ones of a shot."""

    def __call__(self, first: Tensor, second: Tensor, times: Sequence[Fraction]) -> Iterable[Tensor]:
        """One picture for each of `times`, which lie strictly between 0 (`first`) and 1 (`second`), in order.

        Args:
            first, second: RGB, (3, H, W) float32, both of one size, on the CPU, or where the network computes. In
                [0, 1] but for the colours that video can hold beyond it.

        Returns:
            The same, one for each time, on the device of `first`; each is made when it is asked for.

        Raises:
            UsageError: a time this method cannot make.
            ResourceError: memory does not suffice.
        """


GAP = Fraction(1)
"""How long a gap lasts where nothing is said of it, in any unit."""
Begun = Callable[[Sequence[Fraction]], Iterable[Tensor]]
"""Makes the pictures between two at the times that it is given."""


class Installed(Interpolator, Protocol):
    """An interpolator that says where it computes, and may begin before it is asked for pictures."""

    @property
    def ahead(self) -> int:
        """How many pairs are best begun before the pictures of the one before them are taken."""

    def begin(self, first: Tensor, second: Tensor, lasts: Fraction = GAP, *, now: bool = True) -> Begun:
        """Take two pictures, as `__call__` does; what is returned makes pictures between them when it is called.

        What does not hang on the times begins at once, in other threads, where that is faster.

        Args:
            lasts: the time from the first to the second, in any unit that is the same for the gaps beside it.
            now: False: perhaps no picture will be asked for.
        """

    @property
    def device(self) -> torch.device:
        """Where pictures are best given to it."""

    @property
    def inference(self) -> Inference | None:
        """Its network; None: it has none."""

    @property
    def confidence(self) -> float | None:
        """Of the picture that was made last: in how much of it, 0 to 1, its motion is believable. None: unknown."""
