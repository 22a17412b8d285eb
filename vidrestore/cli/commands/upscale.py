"""vidrestore upscale"""

from pathlib import Path
from typing import Annotated

import typer

from ...base.settings import Encoding, Reading
from .. import options
from ..errors import shows_errors
from ..run import Shell, run_job

MODEL = "auto"
SCALE = 2


@shows_errors
def upscale(
    source: Annotated[Path, typer.Argument(metavar="INPUT", help="A video, a folder of pictures, or a picture.")],
    target: Annotated[
        Path | None, typer.Argument(metavar="OUTPUT", help="The same kinds.", show_default="INPUT_xSCALE beside it")
    ] = None,
    scale: Annotated[str, typer.Option("--scale", "-s", metavar="2|3|4", help="Times as wide and high.")] = str(SCALE),
    model: Annotated[
        str,
        typer.Option("--model", "-m", help="A network of `models list`, two as A+B, a weight file, or auto: the best."),
    ] = MODEL,
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
    """Enlarge a video, keeping every frame, time stamp, colour and track.

    Example: vidrestore upscale in.mp4 out.mp4 --scale 2
    """
    from ...restoration.stages import upscale as stage
    from ...video.encode.destination import beside
    from ...video.pictures.folder import is_pictures

    times = options.scale(scale)
    settings = options.settings(
        device=device, engine=engine, precision=precision, tile=tile, batch=batch, max_memory=max_memory
    )
    run_job(
        source,
        target or beside(source, f"x{times}"),
        (stage(model, scale=times, settings=settings, still=is_pictures(source) and not source.is_dir()),),
        reading=Reading(
            options.moment("--start", start),
            options.moment("--end", end),
            deinterlace.value,
            options.rate(rate),
            decoder.value,
            follow_references,
        ),
        encoding=Encoding(codec, crf, preset, pix_fmt, lossless, options.pairs(encoder_option)),
        shell=Shell(overwrite, dry_run, as_json, progress, quiet, verbose, resume=resume),
    )
