"""interpolate(): new frames as a stage; Interpolate, the stage itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING

from ...base.facts import Facts
from ...base.settings import Retiming, Settings
from ...errors import UsageError
from ...frame.frame import Frame
from ...scenes.list import Scene
from ..resume.run import cuts_key
from ..stage import NOTHING, Skip, Stage
from . import choose
from .timing import ByFactor, Timing

if TYPE_CHECKING:
    from .retime import Retimer


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpolate(Stage):
    """New frames between those of each shot, at the times that `timing` says."""

    choice: choose.Choice
    retiming: Retiming
    scenes: tuple[Scene, ...] | None
    """The shots, by frame numbers; None: `Frame.cut` tells them."""

    def load(self, *, measure: bool = False) -> FrameInterpolator:
        from .retime import Retimer  # torch

        retimer = Retimer(self.timing, self.choice.load(), self.retiming.on_cut)
        return FrameInterpolator(retimer, self.scenes, finds_repeats=self.retiming.duplicates == "retime")


@dataclass(frozen=True, slots=True)
class FrameInterpolator:
    """Interpolate, loaded."""

    retimer: Retimer
    scenes: tuple[Scene, ...] | None
    finds_repeats: bool

    @property
    def facts(self) -> Facts:
        return self.retimer.facts

    def run(self, frames: Iterable[Frame], skip: Skip = NOTHING) -> Iterator[Frame]:
        """As `stage.Loaded`."""
        from ...scenes.assign import cut_by_list  # torch, as all here
        from .repeats import mark_repeats

        if self.scenes is not None:
            frames = cut_by_list(frames, self.scenes, first=skip.absent, say=self.retimer.counted.append)
        marked = mark_repeats(frames) if self.finds_repeats else zip(frames, repeat(False))
        return self.retimer.run(marked, skip=skip.count, absent=skip.absent, origin=skip.origin)


def interpolate(
    timing: Timing, retiming: Retiming, *, settings: Settings, scenes: Sequence[Scene] | None = None
) -> Interpolate:
    """New frames between those of each shot, at the times that `timing` says.

    Args:
        scenes: where the shots are, by frame numbers of the source; None: they are found; empty: all is one shot.

    Raises:
        UsageError: sound is to be stretched where time is not; times that the network cannot make.
        ModelError: an unknown model, or one without weights.
    """
    if retiming.audio == "stretch" and timing.stretch == 1:
        raise UsageError("--audio stretch is for --slow-motion; elsewhere the sound is copied as it is")
    choice = choose.find(retiming.model, retiming.quality, settings, retiming.on_doubt)
    if choice.halves and not (_is_power_of_two(timing) and retiming.duplicates == "keep"):
        raise UsageError(
            f"{choice.name} makes the middle of two frames and the middles of the halves: ask for -x 2, 4 or 8 "
            "(or --slow-motion so) and --duplicates keep, or take -m flow, which makes any time"
        )
    return Interpolate(
        name="interpolate",
        model=choice.name,
        key={
            "model": choice.key,
            "precision": settings.precision,
            "timing": str(timing),
            "quality": retiming.quality,
            "on-cut": retiming.on_cut,
            "on-doubt": retiming.on_doubt,
            "duplicates": retiming.duplicates,
            "audio": retiming.audio,
            "cuts": cuts_key(scenes),
        },
        notes=(choice.note,) if choice.note else (),
        timing=timing,
        stretches_sound=retiming.audio == "stretch",
        reach=None if retiming.duplicates == "retime" else choice.reach,
        looks=scenes is None,
        choice=choice,
        retiming=retiming,
        scenes=None if scenes is None else tuple(scenes),
    )


def _is_power_of_two(timing: Timing) -> bool:
    return isinstance(timing, ByFactor) and timing.factor.denominator == 1 and timing.factor.numerator.bit_count() == 1
