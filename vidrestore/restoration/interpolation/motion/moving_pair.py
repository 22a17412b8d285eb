"""MovingPair: two pictures, what happens between them, and a Moment of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from . import exposure, overlay, pattern
from . import veil as veils
from .acceleration import Acceleration
from .confidence import confidence
from .paths import Motion, Paths, at, find
from .presets import Search
from .warp import Flow, Picture, warp

FAR, LONG = 16.0, 64.0
"""Pixels of disagreement and of motion that count as 1 in the evidence."""

SURE = 0.9
"""Confidence in a motion from which it is not searched again: that costs as much time once more."""


@dataclass(frozen=True, slots=True)
class MovingPair:
    """Two pictures of one size, and all that is known of what happens between them."""

    first: Picture
    second: Picture
    motion: Motion
    light: exposure.Exposure | None = None
    """How the second's differs."""
    front: overlay.Overlay | None = None
    """What stands still in front of it all."""
    far: Motion | None = None
    """Another answer of the search, where the first is not believed everywhere."""
    acceleration: Acceleration | None = None
    """None: what moves is taken to move evenly."""
    veil: veils.Veil | None = None
    """What stands still behind that, and is half transparent."""

    @property
    def behind(self) -> Motion:
        """Of all but what stands still in front."""
        return self.motion if self.front is None else self.front.motion

    def at(self, time: float) -> Moment:
        """How they look at a time between 0 and 1."""
        one, other = self.first, self.second
        if self.veil is not None:
            one, other = self.veil.taken_from(one), self.veil.taken_from(other)
        if self.front is not None:
            one, other = self.front.taken_from(one), self.front.taken_from(other)
        if self.light is not None:
            one, other = self.light.first_at(one, time), self.light.second_at(other, time)
        paths = at(self.behind, one, other, time, self.far)
        ahead = None if self.acceleration is None else self.acceleration.offset(paths.best, time)
        return Moment(self, time, one, other, paths, ahead)


@dataclass(frozen=True)
class Moment:
    """Both pictures of a `MovingPair` on their way to a time between them."""

    pair: MovingPair
    time: float
    one: Picture
    """The first, without what stands still in front, in the light of that time."""
    other: Picture
    paths: Paths
    ahead: Flow | None = None
    """How far what is at each pixel lies ahead of where even motion would have it."""

    def window(self) -> Iterator[Picture]:
        """The seven pictures that `models.networks.interpolation.fusion.Fusion` looks at.

        The second pair weighs a tenth of the first: bicubic is good enough for it.
        """
        paths = self.paths
        yield from self._moved(paths.best, paths.best, cv2.INTER_LANCZOS4)
        yield from self._moved(paths.forward, paths.backward, cv2.INTER_CUBIC)
        yield self.one
        yield self.other
        disagreement = _length(paths.forward - paths.backward) / FAR
        motion = np.sqrt(np.minimum(_length(paths.best) / LONG, 1))
        yield np.dstack((np.minimum(disagreement, 1), motion, np.full_like(motion, self.time)))

    def mixed(self) -> Picture:
        """Both moved along the best motion, the one nearer in time weighing more; bicubic, for speed."""
        return self._by_time(*self._moved(self.paths.best, self.paths.best, cv2.INTER_CUBIC))

    def blended(self) -> Picture:
        """Both as they are, the one nearer in time weighing more."""
        return self._by_time(self.pair.first, self.pair.second)

    def finished(self, made: Picture) -> Picture:
        """What was made of moved pictures, and what stands still in front of it."""
        front, half = self.pair.front, self.pair.veil
        made = made if half is None else half.laid_over(made)
        return made if front is None else front.laid_over(made, self.pair.first, self.pair.second, self.time)

    @cached_property
    def confidence(self) -> float:
        """See `confidence.py`."""
        return confidence(self.one, self.other, self.paths.best, self.time)

    def _moved(self, flow: Flow, other_flow: Flow, interpolation: int) -> tuple[Picture, Picture]:
        if self.ahead is None:
            one = warp(self.one, flow, -self.time, interpolation)
            other = warp(self.other, other_flow, 1 - self.time, interpolation)
        else:
            one = warp(self.one, cv2.scaleAdd(flow, -self.time, -self.ahead), 1, interpolation)
            other = warp(self.other, cv2.scaleAdd(other_flow, 1 - self.time, -self.ahead), 1, interpolation)
        front = self.pair.front
        return (one, other) if front is None else front.seen(one, other, (flow, other_flow), self.time)

    def _by_time(self, one: Picture, other: Picture) -> Picture:
        return np.asarray(cv2.addWeighted(one, 1 - self.time, other, self.time, 0), np.float32)


def between(first: Picture, second: Picture, search: Search) -> MovingPair:
    """Find out what happens between two pictures."""
    motion, wide, light = _searched(first, second, search)
    half = None if light is not None else veils.find(first, second, wide)
    one, other = first, second
    if half is not None:
        one, other = half.taken_from(first), half.taken_from(second)
        motion, wide, light = _searched(one, other, search)
    front = overlay.find(one, other, motion, wide, light)
    far = None
    if front is None and light is None and confidence(one, other, motion.forward, 0) < SURE:
        far = find(grey(one), grey(other), search, far=True)
    return MovingPair(first, second, motion, light, front, far, veil=half)


def _searched(first: Picture, second: Picture, search: Search) -> tuple[Motion, Motion, exposure.Exposure | None]:
    """The motion, that of the surroundings of each pixel, and how the light changes."""
    codes = grey(first), grey(second)
    motion = pattern.settled(*codes, find(*codes, search))
    return motion, overlay.around(motion), exposure.find(first, second, motion.forward)


def grey(image: Picture) -> NDArray[np.uint8]:
    """Luma in 8 bits, as the search sees it: (H, W)."""
    return np.asarray(cv2.convertScaleAbs(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), alpha=255), np.uint8)


def _length(flow: Flow) -> NDArray[np.float32]:
    x, y = flow[..., 0], flow[..., 1]
    return np.asarray(np.sqrt(x * x + y * y), np.float32)  # the last bit of cv2.magnitude hangs on where memory lies
