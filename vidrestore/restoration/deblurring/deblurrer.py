"""Deblurrer: frames restored, but for those that are sharp; how blurred they are before and after, where asked."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol

import torch
from torch import Tensor

from ...base.facts import Facts
from ...engine import Keep
from ...frame.colour import luma, luma_of_rgb
from ...frame.frame import Frame, Planes
from ...metrics.blur import blur
from ..stage import NOTHING, Skip


class Restorer(Protocol):
    """One frame for each, in order; those it is to keep as they came."""

    def run(self, frames: Iterable[Frame], keep: Keep | None = None) -> Iterator[Frame]: ...

    @property
    def facts(self) -> Facts: ...


@dataclass(slots=True)
class Deblurrer:
    """A deblurring stage, loaded. `engine.Runner` and Inverse do the work."""

    restorer: Restorer
    threshold: float | None
    """Frames that are less blurred than this pass untouched, see `metrics.blur`; None: all are restored."""
    measure: bool
    """Measure the blur of every frame, before and after; that before is measured for `threshold` anyway."""
    untouched: int = 0
    """Frames so far that were sharp enough."""
    blur: list[tuple[float, float]] = field(default_factory=list)
    """Of each frame so far, before and after."""
    _skip: Skip = NOTHING
    _waiting: deque[float | None] = field(default_factory=deque)
    """The blur of the frames that are being restored; None of those that are skipped."""

    @property
    def facts(self) -> Facts:
        did = self.restorer.facts
        return replace(did, blur=tuple(self.blur), untouched=self.untouched + did.untouched)

    def run(self, frames: Iterable[Frame], skip: Skip = NOTHING) -> Iterator[Frame]:
        """As `stage.Loaded`."""
        self._skip = skip
        self._waiting.clear()  # of a run that was left early
        if self.threshold is None and not self.measure:
            return self.restorer.run(frames, self._skip.keep)
        return self._measured(frames)

    def _measured(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        for frame in self.restorer.run(frames, self._keeps):
            if (before := self._waiting.popleft()) is not None:
                sharp = self._is_sharp(before)
                self.untouched += sharp
                self.blur.append((before, before if sharp else _blur(frame.picture)))
            yield frame

    def _keeps(self, number: int, frame: Frame) -> bool:
        value = None if self._skip.covers(number, frame) else _blur(frame.picture)
        self._waiting.append(value)
        return value is None or self._is_sharp(value)

    def _is_sharp(self, value: float) -> bool:
        return self.threshold is not None and value < self.threshold


def _blur(picture: Planes | Tensor) -> float:
    with torch.no_grad():
        y = luma(picture) if isinstance(picture, Planes) else luma_of_rgb(picture)
        return blur(y[0].float().cpu().numpy())
