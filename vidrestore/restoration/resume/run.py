"""Going on with an interrupted run: which run it was, and of which frames no picture is needed any more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import Protocol

from ... import __version__
from ...base.settings import Reading
from ...scenes.list import Scene
from ...video.encode.target import Target
from ...video.facts.info import VideoInfo
from ...video.resume.unfinished import FORMAT, source_state
from ..interpolation.timing import SOURCE_TIMES, Timing
from ..stage import Skip, Stage

MARGIN = Fraction(1, 100)
"""Seconds that a frame must be over: one may be shown a little before its time (timing.SLACK)."""


def identity(info: VideoInfo, reading: Reading, stages: Iterable[Stage], target: Target) -> dict[str, str]:
    """What is being made, as names and values: the same for the run that goes on.

    What follows from the input and from these values, by the same version, is not said again.
    """
    values: dict[str, object] = {
        "format": FORMAT,
        "version": __version__,
        "input": source_state(info.path),
        "start": _moment(reading.start),
        "end": _moment(reading.end),
        "deinterlace": reading.deinterlace,
        "input rate": reading.rate,
        "decoder": reading.decoder,
        "follow references": reading.follow_references,
        "steps": ", ".join(stage.name for stage in stages),
        "container": target.container,
        "codec": target.codec,
        "pix_fmt": target.pix_fmt,
        "size": f"{target.width}x{target.height}",
        "rate": target.rate,
        "pictures": f"{target.suffix} {target.pictures.depth} {target.pictures.quality}",
    }
    for stage in stages:
        values |= {f"{stage.name} {option}": value for option, value in stage.key.items()}
    values |= {f"encoder option {option}": value for option, value in target.options.items()}
    return {name: str(value) for name, value in values.items()}


def cuts_key(scenes: Sequence[Scene] | None) -> str:
    """A list of shots by frame numbers, as `Stage.key` has it; None: they are found."""
    return "found" if scenes is None else " ".join(f"{scene.first}-{scene.last}" for scene in scenes)


def _moment(moment: Fraction | int | None) -> str:
    """Frame 30 is not second 30."""
    return f"frame {moment}" if isinstance(moment, int) else str(moment)


class Reaching(Protocol):
    """A stage, as far as it matters here."""

    @property
    def timing(self) -> Timing: ...

    @property
    def reach(self) -> int | None:
        """See `stage.Stage`."""


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


def source_skip(stages: Sequence[Reaching], spared: Sequence[Skip], over: Callable[[int], Fraction | None]) -> Skip:
    """What the source need not give where stages are spared so much; `over` as for `skips`."""
    return _before(stages[0], spared[0], over) if stages else Skip()


def _before(stage: Reaching, skip: Skip, over: Callable[[int], Fraction | None]) -> Skip:
    """What the stage before need not make."""
    if stage.reach is None:
        return Skip()
    if stage.timing == SOURCE_TIMES:
        return skip.before(stage.reach)
    when = over(skip.count - 1) if skip.count else None
    return Skip() if when is None else Skip(until=when / stage.timing.stretch - MARGIN, before_gap=stage.reach > 0)
