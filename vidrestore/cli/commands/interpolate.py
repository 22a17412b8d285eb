"""vidrestore interpolate"""

from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...base.numbers import fraction
from ...base.settings import Encoding, Moment, Reading, Retiming
from ...errors import UsageError
from .. import options
from ..errors import shows_errors
from ..run import Shell, run_job

if TYPE_CHECKING:
    from ...restoration.interpolation.timing import Timing
    from ...scenes.list import Scene

RETIMING = Retiming()
FACTOR = Fraction(2)
MOST = 1000
"""Frames for each one of the source: a mistake beyond."""
FIND_CUTS, NO_CUTS = "auto", "none"
TIMING, MOTION = "Timing (one of)", "Motion"


class QualityOption(StrEnum):
    FAST = "fast"
    BALANCED = "balanced"
    BEST = "best"


class OnCutOption(StrEnum):
    HOLD = "hold"
    NEAREST = "nearest"
    BLEND = "blend"


class DuplicatesOption(StrEnum):
    KEEP = "keep"
    RETIME = "retime"


class AudioOption(StrEnum):
    DROP = "drop"
    STRETCH = "stretch"


@shows_errors
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
        typer.Option(
            "--factor",
            "-x",
            help="Multiply the frame rate by 2, 4, 5/2; the source's frames keep their times.",
            show_default=str(FACTOR),
            rich_help_panel=TIMING,
        ),
    ] = None,
    fps: Annotated[
        str | None,
        typer.Option("--fps", help="This rate exactly: 60, 60000/1001, 59.94.", rich_help_panel=TIMING),
    ] = None,
    slow_motion: Annotated[
        str | None,
        typer.Option("--slow-motion", help="Slow down 2, 4 times, at the source's rate.", rich_help_panel=TIMING),
    ] = None,
    model: Annotated[
        str, typer.Option("--model", "-m", help="auto, flow, sepconv, or a file of weights.", rich_help_panel=MOTION)
    ] = RETIMING.model,
    quality: Annotated[
        QualityOption,
        typer.Option("--quality", help="Thoroughness of the search for motion (flow).", rich_help_panel=MOTION),
    ] = QualityOption(RETIMING.quality),
    on_cut: Annotated[
        OnCutOption,
        typer.Option(
            "--on-cut",
            help="Between shots: hold the last frame, show the nearest, or blend both.",
            rich_help_panel=MOTION,
        ),
    ] = OnCutOption(RETIMING.on_cut),
    cuts: Annotated[
        str,
        typer.Option(
            "--cuts",
            metavar="auto|none|FILE.csv",
            help="auto finds the cuts; none: all is one shot; or a scene list (CSV).",
            rich_help_panel=MOTION,
        ),
    ] = FIND_CUTS,
    duplicates: Annotated[
        DuplicatesOption,
        typer.Option(
            "--duplicates",
            help="Repeated pictures (animation on twos, pulldown): keep, or retime: motion in their place.",
            rich_help_panel=MOTION,
        ),
    ] = DuplicatesOption(RETIMING.duplicates),
    audio: Annotated[
        AudioOption,
        typer.Option("--audio", help="In slow motion: drop, or stretch and keep its pitch.", rich_help_panel=TIMING),
    ] = AudioOption(RETIMING.audio),
    overwrite: options.Overwrite = False,
    resume: options.Resume = False,
    start: options.Start = None,
    end: options.End = None,
    rate: options.Rate = None,
    deinterlace: options.Deinterlace = options.DeinterlaceName.OFF,
    decoder: options.Decoder = options.DecoderName.CPU,
    follow_references: options.FollowReferences = options.READING.follow_references,
    codec: options.Codec = options.ENCODING.codec,
    crf: options.Crf = options.ENCODING.crf,
    preset: options.Preset = options.ENCODING.preset,
    pix_fmt: options.PixFmt = options.ENCODING.pix_fmt,
    encoder_option: options.EncoderOption = None,
    lossless: options.Lossless = options.ENCODING.lossless,
    device: options.Device = options.SETTINGS.device,
    engine: options.Engine = options.EngineName.AUTO,
    precision: options.Precision = options.PrecisionName.AUTO,
    tile: options.Tile = "auto",
    batch: options.Batch = "auto",
    max_memory: options.MaxMemory = None,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
    progress: options.Progress = options.ProgressName.AUTO,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Raise the frame rate, or slow a video down, with new frames along its motion; cuts stay cuts.

    The source's own frames are not touched; sound, subtitles and chapters keep their time. Slow motion leaves them out
    (but see --audio stretch).

    Example: vidrestore interpolate in.mp4 out.mp4 --fps 60
    """
    from ...restoration.stages import interpolate as stage
    from ...video.encode.destination import beside

    timing, suffix = timing_of(factor, fps, slow_motion)
    begin = options.moment("--start", start)
    scenes = scenes_of(cuts, begin)
    run_job(
        source,
        target or beside(source, suffix),
        (
            stage(
                timing,
                Retiming(model, quality.value, on_cut.value, duplicates.value, audio.value),
                settings=options.settings(
                    device=device, engine=engine, precision=precision, tile=tile, batch=batch, max_memory=max_memory
                ),
                scenes=scenes,
            ),
        ),
        reading=Reading(
            begin,
            options.moment("--end", end),
            deinterlace.value,
            options.rate(rate),
            decoder.value,
            follow_references,
        ),
        encoding=Encoding(codec, crf, preset, pix_fmt, lossless, options.pairs(encoder_option)),
        shell=Shell(overwrite, dry_run, as_json, progress, quiet, verbose, resume=resume),
    )


def scenes_of(cuts: str, begin: Moment | None) -> "tuple[Scene, ...] | None":
    """What --cuts says, as `stages.interpolate` takes it: None: to be found; empty: there are none.

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
    if (target := options.rate(fps, "--fps")) is not None:
        return ToRate(target), f"{float(target):.5g}fps"
    if slow_motion is not None:
        slower = _times("--slow-motion", slow_motion)
        return slowed(slower), f"slow{float(slower):.5g}"
    times = FACTOR if factor is None else _times("-x", factor)
    return ByFactor(times), f"fps_x{float(times):.5g}"


def _times(option: str, text: str) -> Fraction:
    """2, 5/2 or 2.5."""
    try:
        times = fraction(text)
    except (ValueError, ZeroDivisionError):
        times = Fraction(0)
    if not 1 <= times <= MOST:
        raise UsageError(f"{option} {text} is not possible; write a number from 1 to {MOST}, such as 2, 4 or 5/2")
    return times
