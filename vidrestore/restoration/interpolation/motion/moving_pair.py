"""MovingPair: two pictures, what happens between them, and how they look when they are moved to a time between."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from . import exposure, overlay
from .paths import Motion, Paths, at, find
from .presets import Search
from .warp import Flow, Picture, warp

FAR, LONG = 16.0, 64.0
"""Pixels of disagreement and of motion that count as 1 in the evidence."""


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

    def window(self, time: float) -> Iterator[Picture]:
        """The seven pictures that `models.networks.fusion.Fusion` looks at, for a time between 0 and 1."""
        one, other, paths = self._at(time)
        yield from self._moved(one, other, (paths.best, paths.best), time, cv2.INTER_LANCZOS4)
        yield from self._moved(one, other, (paths.forward, paths.backward), time, cv2.INTER_LANCZOS4)
        yield one
        yield other
        disagreement = _length(paths.forward - paths.backward) / FAR
        motion = np.sqrt(np.minimum(_length(paths.best) / LONG, 1))
        yield np.dstack((np.minimum(disagreement, 1), motion, np.full_like(motion, time)))

    def mixed(self, time: float) -> Picture:
        """Both moved along the best motion, the one nearer in time weighing more; bicubic, for speed."""
        one, other, paths = self._at(time)
        one, other = self._moved(one, other, (paths.best, paths.best), time, cv2.INTER_CUBIC)
        return np.asarray(cv2.addWeighted(one, 1 - time, other, time, 0), np.float32)

    def finished(self, made: Picture, time: float) -> Picture:
        """What was made of moved pictures, and what stands still in front of it."""
        return made if self.front is None else self.front.laid_over(made, self.first, self.second, time)

    def _at(self, time: float) -> tuple[Picture, Picture, Paths]:
        """Both pictures without what is in front, in the light of that time, and the motion there."""
        one, other, motion = self.first, self.second, self.motion
        if self.front is not None:
            one, other, motion = self.front.taken_from(one), self.front.taken_from(other), self.front.motion
        if self.light is not None:
            one, other = self.light.first_at(one, time), self.light.second_at(other, time)
        return one, other, at(motion, one, other, time)

    def _moved(
        self, one: Picture, other: Picture, flows: tuple[Flow, Flow], time: float, interpolation: int
    ) -> tuple[Picture, Picture]:
        one, other = warp(one, flows[0], -time, interpolation), warp(other, flows[1], 1 - time, interpolation)
        return (one, other) if self.front is None else self.front.seen(one, other, flows, time)


def between(first: Picture, second: Picture, search: Search) -> MovingPair:
    """Find out what happens between two pictures."""
    motion = find(grey(first), grey(second), search)
    light = exposure.find(first, second, motion.forward)
    return MovingPair(first, second, motion, light, overlay.find(first, second, motion, light))


def grey(image: Picture) -> NDArray[np.uint8]:
    """Luma in 8 bits, as the search sees it: (H, W)."""
    return np.asarray(cv2.convertScaleAbs(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), alpha=255), np.uint8)


def _length(flow: Flow) -> NDArray[np.float32]:
    x, y = flow[..., 0], flow[..., 1]
    return np.asarray(np.sqrt(x * x + y * y), np.float32)  # the last bit of cv2.magnitude hangs on where memory lies
