"""Stage: one step of a restoration, described before its network is loaded. Imports nothing heavy."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Protocol

from ..base.facts import Facts
from ..errors import UsageError
from ..frame.frame import Frame
from ..video.facts.quality import SourceQuality
from .interpolation.timing import LONGER, SOURCE_TIMES, Timing


@dataclass(frozen=True, slots=True)
class Skip:
    """The first frames that a stage makes, of which no picture is needed; their times count all the same."""

    count: int = 0
    """So many of them."""
    until: Fraction | None = None
    """And those that are over by then."""
    before_gap: bool = False
    """The step that follows fills the gap after them, for which it looks at the last of these too, unless the gap lasts
    more than LONGER times as long as that: it is needed."""
    absent: int = 0
    """So many frames of the source do not come at all, and what is made of them is not counted."""
    origin: Fraction = Fraction(0)
    """When the first of all frames appears, where some are absent."""

    @property
    def keep(self) -> Callable[[int, Frame], bool] | None:
        """For `engine.Runner`, of frames that a step makes one by one; None: all are needed."""
        return self.covers if self.count or self.until is not None else None

    def covers(self, number: int, frame: Frame) -> bool:
        """Whether a frame, counted from 0, is one of them."""
        if number < self.count or self.until is None:
            return number < self.count
        gap = LONGER * frame.duration if self.before_gap else 0
        return frame.pts + frame.duration + gap <= self.until

    def before(self, reach: int) -> Skip:
        """Of the step before one that makes frames one by one and looks back so many."""
        return replace(self, count=max(0, self.count - reach), until=None if reach else self.until)


NOTHING = Skip()


def told(frames: Iterable[Frame], step: float, least: float = 0.0) -> Iterator[Frame]:
    """Frames that all have a step: `step` where the decoder told none, and at least `least`."""
    return (replace(frame, step=max(least, step if frame.step is None else frame.step)) for frame in frames)


def check_strength(strength: float) -> None:
    """UsageError: it is no share of a change."""
    if not 0 <= strength <= 1:
        raise UsageError(f"--strength {strength:g} is not a share; give 0 to 1")


class Loaded(Protocol):
    """A stage with all that it needs in memory."""

    def run(self, frames: Iterable[Frame], skip: Skip = NOTHING) -> Iterator[Frame]:
        """The stage's frames; of those to `skip` it hands on some picture, of any size, at the right time."""

    @property
    def facts(self) -> Facts:
        """What it did so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage(ABC):
    """One step, checked; the target is planned before anything is loaded."""

    name: str
    model: str
    """The network used, or the method."""
    key: Mapping[str, str] = field(default_factory=dict)
    """Its options by name, as far as the result depends on them: an interrupted run goes on only with the same.
    Where and in which tiles it is computed may change."""
    scale: int = 1
    """Output height and width over input height and width."""
    notes: tuple[str, ...] = ()
    """What the user should know about it, one line each."""
    timing: Timing = SOURCE_TIMES
    """How many frames it makes of how many, and when they appear."""
    stretches_sound: bool = False
    """Where its timing stretches time: sound and subtitles are stretched with it; else they are left out."""
    reach: int | None = None
    """Frames that it looks back to, before the current one or before the gap it fills; None: unknown."""
    source_quality: SourceQuality | None = None
    """Of the source, where the choice of its network hung on it."""
    looks: bool = False
    """`Frame.cut` must be set in what it is given."""
    sees_step: bool = False
    """`Frame.step` should be, where the decoder can tell it."""

    def sent(self) -> Stage:
        """The same step for another machine: with what it reads from files in itself, but for networks."""
        return self

    @abstractmethod
    def load(self, *, measure: bool = False) -> Loaded:
        """The stage ready to run.

        Args:
            measure: also measure what only a detailed report tells: the blur of each frame.
        """
