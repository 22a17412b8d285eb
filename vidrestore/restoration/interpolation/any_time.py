"""AnyTime: a network that makes the picture at any time between two, out of these alone."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial
from itertools import islice, repeat

import torch
from torch import Tensor

from ...base.settings import Quality, Settings
from ...engine import choose
from ...engine.infer import Inference
from ...models.foreign.between import NcnnBetween
from ...models.networks.interpolation.rife import Rife
from .interpolator import GAP, Begun

LARGE = 1 << 22
"""Pixels of a picture above which motion is searched at half of its size: 3840x2160, but not 2560x1440."""
LONGEST = 32.0
"""Pixels that motion may still be wrong by after the coarsest search; from RIFE 4.0, as trained."""

Window = tuple[Tensor, ...]


class AnyTime:
    """An `Interpolator` of `Rife`, or of a network that sees the same.

    Motion of a large picture is searched at half of its size; and so it is of a pair of pictures between which it
    turns out to be too long.

    Args:
        quality: fast: at half of the size that balanced takes; best: the mean of two looks, the second with left and
            right exchanged. Networks of ncnn search at one size only.
    """

    ahead, confidence = 0, None

    def __init__(self, network: Rife | NcnnBetween, settings: Settings, quality: Quality = "balanced") -> None:
        self._engine = choose(settings)
        if settings.precision == "auto" and self._engine.name == "openvino":
            # Its bf16 rounds motion as well as layers, and is hardly faster; see docs/models.md.
            settings = replace(settings, precision="fp32")
            self._engine = choose(settings)
        self._network, self._settings, self._quality = network, settings, quality
        self._ready: dict[tuple[int, float], Inference] = {}
        self._first = 2 if quality == "fast" else 1

    @property
    def device(self) -> torch.device:
        return self._engine.device

    @property
    def inference(self) -> Inference:
        """What ran first, or would."""
        return next(iter(self._ready.values()), None) or self._at(self._first, LONGEST)

    def begin(self, first: Tensor, second: Tensor, lasts: Fraction = GAP, *, now: bool = True) -> Begun:
        """As `Installed`: all hangs on the times."""
        return partial(self, first, second)

    def __call__(self, first: Tensor, second: Tensor, times: Sequence[Fraction]) -> Iterator[Tensor]:
        """As `Interpolator`; equal pictures give that picture, to the last bit."""
        if torch.equal(first, second):
            yield from repeat(first, len(times))
            return
        size = (first.shape[-2], first.shape[-1])
        coarseness = 2 * self._first if size[0] * size[1] > LARGE else self._first
        pair = first.to(self.device), second.to(self.device)
        windows: Iterator[Window] = ((*pair, torch.full_like(pair[0], float(time))) for time in times)
        while batch := list(islice(windows, self._at(coarseness, LONGEST).plan_for(size).batch)):
            made = self._made(batch, coarseness, LONGEST)
            if lost := [number for number, picture in enumerate(made) if picture.isnan().any()]:
                made[lost] = self._made([batch[number] for number in lost], 2 * coarseness, math.inf)
            yield from made.to(first.device)

    def _made(self, batch: list[Window], coarseness: int, longest: float) -> Tensor:
        """(B, 3, H, W); not a number where motion is too long."""
        run = self._at(coarseness, longest)
        run.plan_for((batch[0][0].shape[-2], batch[0][0].shape[-1]))
        made = run(batch)[:, 0]
        if self._quality != "best":
            return made
        turned = run([tuple(picture.flip(-1) for picture in window) for window in batch])[:, 0]
        return (made + turned.flip(-1)) / 2

    def _at(self, coarseness: int, longest: float) -> Inference:
        """The network that searches so coarsely; compiled when it is first asked for."""
        if isinstance(self._network, NcnnBetween):
            coarseness, longest = 1, math.inf
        if (coarseness, longest) not in self._ready:
            network = self._network.at(coarseness, longest) if isinstance(self._network, Rife) else self._network
            self._ready[coarseness, longest] = Inference(network, self._engine, self._settings)
        return self._ready[coarseness, longest]
