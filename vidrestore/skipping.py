"""Skip: of which frames a stage need not make the pictures, since an interrupted run has left what comes of them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import count
from typing import Protocol

from .engine import Keep
from .frame import Frame
from .timing import SOURCE_TIMES, Timing

MARGIN = Fraction(1, 100)
"""Seconds that a frame must be over: one may be shown a little before its time (timing.SLACK)."""


@dataclass(frozen=True, slots=True)
class Skip:
    """The first frames that a stage makes; their times count all the same."""

    count: int = 0
    """So many of them."""
    until: Fraction | None = None
    """And those that are over by then."""

    def keep(self, *, back: int = 0) -> Keep:
        """For `engine.run`, of frames that a stage makes one by one; `back` so many more are made."""
        asked = count()

        def kept(frame: Frame) -> bool:
            over = self.until is not None and not back and frame.pts + frame.duration <= self.until
            return next(asked) < self.count - back or over

        return kept


NOTHING = Skip()


class Reaching(Protocol):
    """A stage, as far as it matters here."""

    @property
    def timing(self) -> Timing: ...

    @property
    def reach(self) -> int | None:
        """See `pipeline.Stage`."""


def skips(stages: Iterable[Reaching], done: int, shown: Callable[[int], Fraction | None]) -> list[Skip]:
    """What each of some stages need not make.

    Args:
        done: frames of the result that are there.
        shown: when frame so many of the result, from 0, is shown, in seconds; None: that is not known.
    """
    found, skip = [], Skip(done)
    for stage in reversed(list(stages)):
        found.append(skip)
        skip = _before(stage, skip, shown)
    return found[::-1]


def _before(stage: Reaching, skip: Skip, shown: Callable[[int], Fraction | None]) -> Skip:
    """What the stage before need not make."""
    if stage.reach is None:
        return Skip()
    if stage.timing == SOURCE_TIMES:
        until = skip.until if stage.reach == 0 else None
        return Skip(max(0, skip.count - stage.reach), until)
    when = shown(skip.count) if skip.count else None
    return Skip() if when is None else Skip(until=when / stage.timing.stretch - MARGIN)
