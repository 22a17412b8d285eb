"""FlowInterpolator: the picture at any time between two, along their motion."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from itertools import islice, repeat

import cv2
import numpy as np
import torch
from torch import Tensor

from ...base.settings import OnDoubt, Retiming
from ...engine.infer import Inference
from .interpolator import GAP, Begun
from .motion import acceleration
from .motion.confidence import DOUBT
from .motion.moving_pair import Moment, MovingPair, between
from .motion.presets import Search
from .motion.warp import Picture

RETIMING = Retiming()
HUGE = 1 << 22
"""Pixels above which one pair at most waits with its motion: 350 MB of 3840x2160."""


class FlowInterpolator:
    """An `Interpolator`: two pictures moved along the motion between them, and mixed.

    Where gaps that follow each other are begun in order, by the same pictures, the frames around a gap tell how its
    motion accelerates; at the ends of a shot it is taken for even.

    Args:
        search: how thoroughly motion is searched.
        fusion: `Fusion` of `models.networks`, ready to run; None mixes the two by their closeness in time.
        mirrored: let the network look a second time with left and right exchanged, and take the mean.
        on_doubt: what takes the place of a picture whose motion is not believable.
    """

    def __init__(
        self,
        search: Search,
        fusion: Inference | None = None,
        *,
        mirrored: bool = False,
        on_doubt: OnDoubt = RETIMING.on_doubt,
    ) -> None:
        self._search, self.inference, self._mirrored, self._on_doubt = search, fusion, mirrored, on_doubt
        self.confidence: float | None = None
        self.ahead = 1
        threads = max(1, cv2.getNumThreads())
        self._threads = ThreadPoolExecutor(threads, "motion")
        self._begun = deque[_Gap](maxlen=threads + 2)  # the oldest was asked for its pictures long ago

    @property
    def device(self) -> torch.device:
        """OpenCV's flow is found on the CPU."""
        return torch.device("cpu")

    def __call__(self, first: Tensor, second: Tensor, times: Sequence[Fraction]) -> Iterable[Tensor]:
        """As `Interpolator`; equal pictures give that picture, to the last bit."""
        return self.begin(first, second)(times)

    def begin(self, first: Tensor, second: Tensor, lasts: Fraction = GAP, *, now: bool = True) -> Begun:
        """As `Installed`: the motion is searched in threads, each of which has a pair."""
        if torch.equal(first, second):
            return partial(self._still, first)
        self.ahead = 1 if first[0].numel() > HUGE else max(1, cv2.getNumThreads())
        gap = _Gap(first, second, float(lasts), partial(self._threads.submit, _between, first, second, self._search))
        if self._begun:
            gap.follow(self._begun[-1])
            if len(self._begun) == self._begun.maxlen:
                self._begun[0].before = None  # else a long row of gaps that nobody asks for would stay
        self._begun.append(gap)
        if now:
            gap.search()
        return partial(self._moving, gap)

    def _still(self, picture: Tensor, times: Sequence[Fraction]) -> Iterator[Tensor]:
        self.confidence = 1.0
        return repeat(picture, len(times))

    def _moving(self, gap: _Gap, times: Sequence[Fraction]) -> Iterator[Tensor]:
        pair = gap.pair()
        height, width, _ = pair.first.shape
        moments = map(pair.at, map(float, times))
        batch = 1 if self.inference is None else self.inference.plan_for((height, width)).batch
        while taken := list(islice(moments, batch)):
            made = self._made([moment for moment in taken if self._believes(moment)])
            for moment in taken:
                self.confidence = moment.confidence
                yield _tensor(moment.finished(next(made))) if self._believes(moment) else self._instead(moment)

    def _believes(self, moment: Moment) -> bool:
        return self._on_doubt == "best" or moment.confidence >= DOUBT

    def _instead(self, moment: Moment) -> Tensor:
        return _tensor(moment.pair.first if self._on_doubt == "hold" else moment.blended())

    def _made(self, moments: list[Moment]) -> Iterator[Picture]:
        if self.inference is None:
            return (moment.mixed() for moment in moments)
        windows = [tuple(map(_tensor, moment.window())) for moment in moments]
        return map(_image, _fused(self.inference, windows, mirrored=self._mirrored) if windows else ())


@dataclass(slots=True)
class _Gap:
    """What is searched once between two pictures, and the gaps beside it."""

    first: Tensor
    second: Tensor
    lasts: float
    submit: Callable[[], Future[MovingPair]]
    before: _Gap | None = None
    after: _Gap | None = None
    found: Future[MovingPair] | None = None
    whole: MovingPair | None = None
    """With what the gaps beside it tell."""
    own: acceleration.Known | None = None
    """What it tells these: asked for by three gaps, computed once."""

    def follow(self, other: _Gap) -> None:
        """Stand behind another gap, where that ends with the picture that this one begins with."""
        if other.second is self.first:
            self.before, other.after = other, self

    def search(self) -> None:
        """Begin, if that has not happened."""
        self.found = self.found or self.submit()

    def pair(self) -> MovingPair:
        """All that is known of what happens; the gap before is let go of."""
        if self.whole is None:
            self.whole = self._alone()
            if self.before is not None and self.after is not None:
                around = self.before.known(), self.known(), self.after.known()
                lasts = self.before.lasts / self.lasts, self.after.lasts / self.lasts
                self.whole = replace(self.whole, acceleration=acceleration.find(*around, lasts))
            self.before = None
        return self.whole

    def known(self) -> acceleration.Known:
        """Its motion, as the gaps beside it compare theirs with it."""
        if self.own is None:
            self.own = acceleration.known(self._alone().behind)
        return self.own

    def _alone(self) -> MovingPair:
        self.search()
        assert self.found is not None
        return self.found.result()


def _between(first: Tensor, second: Tensor, search: Search) -> MovingPair:
    return between(_image(first), _image(second), search)


def _fused(fusion: Inference, windows: list[tuple[Tensor, ...]], *, mirrored: bool) -> Tensor:
    device = fusion.engine.device
    batch = [tuple(picture.to(device) for picture in pictures) for pictures in windows]
    made = fusion(batch)[:, 0]
    if mirrored:
        exchanged = fusion([tuple(picture.flip(-1) for picture in pictures) for pictures in batch])[:, 0]
        made = (made + exchanged.flip(-1)) / 2
    return made.cpu()


def _image(picture: Tensor) -> Picture:
    return np.ascontiguousarray(picture.permute(1, 2, 0).numpy())


def _tensor(image: Picture) -> Tensor:
    return torch.from_numpy(image).permute(2, 0, 1)
