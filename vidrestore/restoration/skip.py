"""Skip: of which frames a stage need not make the pictures, since an interrupted run has left what comes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import count
from typing import TYPE_CHECKING, Protocol

from ..frame.frame import Frame
from .interpolation.timing import SOURCE_TIMES, Timing

if TYPE_CHECKING:
    from ..engine import Keep

MARGIN = Fraction(1, 100)
"""Seconds that a frame must be over: one may be shown a little before its time (timing.SLACK)."""


@dataclass(frozen=True, slots=True)
class Skip:
    """The first frames that a stage makes; their times count all the same."""

    count: int = 0
    """So many of them."""
    until: Fraction | None = None
    """And those that are over by then."""

    def keep(self) -> Keep:
        """For `engine.run`, of frames that a step makes one by one."""
        asked = count()

        def kept(frame: Frame) -> bool:
            over = self.until is not None and frame.pts + frame.duration <= self.until
            return next(asked) < self.count or over

        return kept

    def before(self, reach: int) -> Skip:
        """Of the step before one that makes frames one by one and looks back so many."""
        return Skip(max(0, self.count - reach), None if reach else self.until)


NOTHING = Skip()


class Reaching(Protocol):
    """A stage, as far as it matters here."""

    @property
    def timing(self) -> Timing: ...

    @property
    def reach(self) -> int | None:
        """See `job.Stage`."""


def skips(stages: Iterable[Reaching], done: int, over: Callable[[int], Fraction | None]) -> list[Skip]:
    """What each of some stages need not make.

    Args:
        done: frames of the result that are there.
        over: when frame so many of them, from 0, is over, in seconds; None: that is not known.
    """
    found, skip = [], Skip(done)
    for stage in reversed(list(stages)):
        found.append(skip)
        skip = _before(stage, skip, over)
    return found[::-1]


def _before(stage: Reaching, skip: Skip, over: Callable[[int], Fraction | None]) -> Skip:
    """What the stage before need not make."""
    if stage.reach is None:
        return Skip()
    if stage.timing == SOURCE_TIMES:
        return skip.before(stage.reach)
    when = over(skip.count - 1) if skip.count else None
    return Skip() if when is None else Skip(until=when / stage.timing.stretch - MARGIN)
