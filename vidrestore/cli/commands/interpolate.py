"""vidrestore interpolate: raises the frame rate, or slows down."""

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...base.numbers import fraction_or_zero
from ...base.settings import Duplicates, Moment, OnCut, Quality, Retiming, SlowAudio
from ...errors import UsageError
from .. import options
from ..errors import shows_errors
from ..groups import grouped
from ..many.run import run_files

if TYPE_CHECKING:
    from ...restoration.interpolation.timing import Timing
    from ...scenes.list import Scene

RETIMING = Retiming()
FACTOR = Fraction(2)
MOST = 1000
"""Frames for each one of the source: a mistake beyond."""
FIND_CUTS, NO_CUTS = "auto", "none"
_timing, _motion = options.panel("Timing (one of)"), options.panel("Motion")


@shows_errors
@grouped
def interpolate(
    source: Annotated[Path, typer.Argument(metavar="INPUT", help="A video or a folder of pictures.")],
    target: Annotated[
        Path | None,
        typer.Argument(
            metavar="OUTPUT", help="The same kinds.", show_default="INPUT_fps_x2, INPUT_60fps or INPUT_slow4 beside it"
        ),
    ] = None,
    factor: Annotated[
        str | None,
        _timing(
            "--factor",
            "-x",
            help="Multiply the frame rate by 2, 4, 5/2; the source's frames keep their times.",
            show_default=str(FACTOR),
        ),
    ] = None,
    fps: Annotated[str | None, _timing(help="This rate exactly: 60, 60000/1001, 59.94.")] = None,
    slow_motion: Annotated[str | None, _timing(help="Slow down 2, 4 times, at the source's rate.")] = None,
    model: Annotated[
        str, _motion("--model", "-m", help="auto, flow, sepconv, rife (see `models get`), or a file.")
    ] = RETIMING.model,
    quality: Annotated[Quality, _motion(help="Thoroughness of the search for motion.")] = RETIMING.quality,
    on_cut: Annotated[
        OnCut, _motion(help="Between shots: hold the last frame, show the nearest, or blend both.")
    ] = RETIMING.on_cut,
    cuts: Annotated[
        str,
        _motion(
            metavar="auto|none|FILE.csv", help="auto finds the cuts; none: all is one shot; or a scene list (CSV)."
        ),
    ] = FIND_CUTS,
    duplicates: Annotated[
        Duplicates,
        _motion(help="Repeated pictures (animation on twos, pulldown): keep, or retime: motion in their place."),
    ] = RETIMING.duplicates,
    audio: Annotated[SlowAudio, _timing(help="In slow motion: drop, or stretch and keep its pitch.")] = RETIMING.audio,
    *,
    restoring: options.Restoring,
) -> None:
    """Raise the frame rate, or slow a video down, with new frames along its motion; cuts stay cuts.

    The source's own frames are not touched; sound, subtitles and chapters keep their time. Slow motion leaves them out
    (but see --audio stretch).

    Example: vidrestore interpolate in.mp4 out.mp4 --fps 60

    Example: vidrestore interpolate films/ --output-dir smooth/ --name '{name}_60.mkv' --fps 60
    """
    from ...restoration.interpolation.stage import interpolate as stage

    timing, ending = timing_of(factor, fps, slow_motion)
    scenes = scenes_of(cuts, restoring.reading().start)
    how = Retiming(model, quality, on_cut, duplicates, audio)
    step = stage(timing, how, settings=restoring.compute.settings(), scenes=scenes)
    run_files(source, target, lambda _: (step,), restoring, ending=ending)


def scenes_of(cuts: str, begin: Moment | None) -> "tuple[Scene, ...] | None":
    """What --cuts says, as `interpolation.stage.interpolate` takes it: None: to be found; empty: there are none.

    Args:
        begin: where reading begins.
    """
    from ...scenes.list import read_scenes

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


def timing_of(factor: str | None, fps: str | None, slow_motion: str | None) -> "tuple[Timing, str]":
    """What is asked for, and what it adds to the name of a result."""
    from ...restoration.interpolation.timing import ByFactor, ToRate
    from ...restoration.interpolation.timing import slow_motion as slowed

    given = {"-x": factor, "--fps": fps, "--slow-motion": slow_motion}
    if len(words := [f"{name} {text}" for name, text in given.items() if text is not None]) > 1:
        raise UsageError(f"{' and '.join(words)} are two timings; give one")
    if (target := options.frame_rate(fps, "--fps")) is not None:
        return ToRate(target), f"{float(target):.5g}fps"
    if slow_motion is not None:
        slower = _times("--slow-motion", slow_motion)
        return slowed(slower), f"slow{float(slower):.5g}"
    times = FACTOR if factor is None else _times("-x", factor)
    return ByFactor(times), f"fps_x{float(times):.5g}"


def _times(option: str, text: str) -> Fraction:
    """2, 5/2 or 2.5."""
    times = fraction_or_zero(text)
    if not 1 <= times <= MOST:
        raise UsageError(f"{option} {text} is not possible; write a number from 1 to {MOST}, such as 2, 4 or 5/2")
    return times
