"""Values in the words of users: 59.94, 5/2, auto; the command line and Python read them alike."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.numbers import fraction_or_zero
from ..base.settings import SLOWEST, Moment
from ..errors import UsageError

if TYPE_CHECKING:
    from ..restoration.interpolation.timing import Timing
    from ..scenes.list import Scene

Number = int | float | Fraction | str
"""5/2, 2.5 or Fraction(5, 2); of frame rates 59.94 means 60000/1001."""
FACTOR = Fraction(2)
MOST = 1000
"""Frames for each one of the source: a mistake beyond."""
FIND_CUTS, NO_CUTS = "auto", "none"


def frame_rate(value: Number | None, option: str = "--rate") -> Fraction | None:
    """Frames per second: 25, 60000/1001, or a decimal such as 59.94 or 23.98, which means 60000/1001 or 24000/1001."""
    if value is None:
        return None
    text = str(value)
    value = fraction_or_zero(text)
    if not SLOWEST <= value <= 1000:
        raise UsageError(f"{option} {text} is not a frame rate; write 25, 60000/1001 or 59.94")
    for ntsc in (Fraction(full * 1000, 1001) for full in (24, 30, 48, 60, 90, 120, 240)):
        if "." in text and abs(value / ntsc - 1) < Fraction(1, 5_000):
            return ntsc
    return value


def scenes_of(cuts: str, begin: Moment | None) -> tuple[Scene, ...] | None:
    """What --cuts says, as `interpolation.stage.interpolate` takes it: None: to be found; empty: there are none.

    Args:
        begin: where reading begins.
    """
    from ..scenes.list import read_scenes

    if cuts == FIND_CUTS:
        return None
    if cuts == NO_CUTS:
        return ()
    if not (path := Path(cuts)).exists():
        raise UsageError(f"--cuts {cuts}: there is no such file; give {FIND_CUTS}, {NO_CUTS} or a scene list (CSV)")
    scenes = read_scenes(path)
    if scenes and begin:
        raise UsageError(f"--cuts {cuts} counts frames from the start of the video; leave --start out")
    return scenes


def timing_of(factor: Number | None, fps: Number | None, slow_motion: Number | None = None) -> tuple[Timing, str]:
    """What is asked for, and what it adds to the name of a result."""
    from ..restoration.interpolation.timing import ByFactor, ToRate
    from ..restoration.interpolation.timing import slow_motion as slowed

    given = {"-x": factor, "--fps": fps, "--slow-motion": slow_motion}
    if len(words := [f"{name} {text}" for name, text in given.items() if text is not None]) > 1:
        raise UsageError(f"{' and '.join(words)} are two timings; give one")
    if (target := frame_rate(fps, "--fps")) is not None:
        return ToRate(target), f"{float(target):.5g}fps"
    if slow_motion is not None:
        slower = _times("--slow-motion", slow_motion)
        return slowed(slower), f"slow{float(slower):.5g}"
    times = FACTOR if factor is None else _times("-x", factor)
    return ByFactor(times), f"fps_x{float(times):.5g}"


def _times(option: str, text: Number) -> Fraction:
    """2, 5/2 or 2.5."""
    times = fraction_or_zero(str(text))
    if not 1 <= times <= MOST:
        raise UsageError(f"{option} {text} is not possible; write a number from 1 to {MOST}, such as 2, 4 or 5/2")
    return times
