"""vidrestore restore: several steps in one pass"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...base.settings import Deblurring, Encoding, Reading, Retiming, Settings
from ...errors import UsageError
from .. import options
from ..errors import shows_errors
from ..run import Shell, run_job
from .interpolate import FIND_CUTS, scenes_of, timing_of

if TYPE_CHECKING:
    from ...restoration.job import Stage
    from ...scenes.list import Scene

STEPS = "Steps (one or more, done in this order)"


@shows_errors
def restore(
    source: Annotated[Path, typer.Argument(metavar="INPUT", help="A video, a folder of pictures, or a picture.")],
    target: Annotated[
        Path | None,
        typer.Argument(metavar="OUTPUT", help="The same kinds.", show_default="INPUT_restored beside it"),
    ] = None,
    deblur: Annotated[bool, typer.Option("--deblur", help="Remove motion blur.", rich_help_panel=STEPS)] = False,
    factor: Annotated[
        str | None,
        typer.Option("--factor", "-x", help="Multiply the frame rate by 2, 4, 5/2.", rich_help_panel=STEPS),
    ] = None,
    fps: Annotated[
        str | None, typer.Option("--fps", help="This frame rate exactly: 60, 59.94.", rich_help_panel=STEPS)
    ] = None,
    cuts: Annotated[
        str,
        typer.Option(
            "--cuts",
            metavar="auto|none|FILE.csv",
            help="Of -x and --fps: auto finds the cuts; none: all is one shot; or a scene list (CSV).",
            rich_help_panel=STEPS,
        ),
    ] = FIND_CUTS,
    scale: Annotated[
        str | None,
        typer.Option("--scale", "-s", metavar="2|3|4", help="Times as wide and high.", rich_help_panel=STEPS),
    ] = None,
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
    """Deblur, raise the frame rate and enlarge in one pass: decoded once, encoded once, nothing in between.

    Each step with its defaults; the commands deblur, interpolate and upscale have more to choose.

    Example: vidrestore restore in.mp4 out.mp4 --deblur --fps 60 --scale 2
    """
    from ...video.encode.destination import beside
    from ...video.pictures.folder import is_pictures

    times = None if scale is None else options.scale(scale)
    begin = options.moment("--start", start)
    if cuts != FIND_CUTS and factor is None and fps is None:
        raise UsageError(f"--cuts {cuts} is for new frames; give -x or --fps with it")
    scenes = scenes_of(cuts, begin)
    settings = options.settings(
        device=device, engine=engine, precision=precision, tile=tile, batch=batch, max_memory=max_memory
    )
    run_job(
        source,
        target or beside(source, "restored"),
        _steps(
            deblur,
            factor,
            fps,
            times,
            settings,
            scenes,
            still=is_pictures(source) and not source.is_dir(),
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


def _steps(
    deblur: bool,
    factor: str | None,
    fps: str | None,
    scale: int | None,
    settings: Settings,
    scenes: "tuple[Scene, ...] | None",
    *,
    still: bool,
) -> "tuple[Stage, ...]":
    from ...restoration import stages

    steps: list[Stage] = []
    if deblur:
        steps.append(stages.deblur(Deblurring(), settings=settings, still=still))
    if factor is not None or fps is not None:
        timing, _ = timing_of(factor, fps, None)
        steps.append(stages.interpolate(timing, Retiming(), settings=settings, scenes=scenes))
    if scale is not None:
        steps.append(stages.upscale("auto", scale=scale, settings=settings, still=still))
    if not steps:
        raise UsageError("nothing to do: give one or more of --deblur, -x or --fps, and --scale")
    return tuple(steps)
