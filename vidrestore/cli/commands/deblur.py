"""vidrestore deblur"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ...base.settings import NOISE, Deblurring, Encoding, Reading
from .. import options
from ..errors import shows_errors
from ..run import Shell, run_job

DEBLURRING = Deblurring()
CLASSICAL = "Known blur (wiener, landweber)"


class QualityOption(StrEnum):
    AUTO = "auto"
    BALANCED = "balanced"
    BEST = "best"


@shows_errors
def deblur(
    source: Annotated[Path, typer.Argument(metavar="INPUT", help="A video, a folder of pictures, or a picture.")],
    target: Annotated[
        Path | None,
        typer.Argument(metavar="OUTPUT", help="The same kinds.", show_default="INPUT_deblurred beside it"),
    ] = None,
    model: Annotated[
        str, typer.Option("--model", "-m", help="auto (unblur), wiener, landweber, or a file of weights.")
    ] = DEBLURRING.model,
    quality: Annotated[
        QualityOption,
        typer.Option(
            "--quality",
            help="Of a network; best: four looks, mirrored, four times as slow; auto: that for a single picture.",
        ),
    ] = QualityOption(DEBLURRING.quality),
    strength: Annotated[
        float, typer.Option("--strength", help="Share of the change that is shown: 0 to 1.")
    ] = DEBLURRING.strength,
    only_blurred: Annotated[
        float | None,
        typer.Option(
            "--only-blurred",
            metavar="THRESHOLD",
            help="Leave frames that are less blurred untouched, 0 to 1: sharp ones have 0.25 to 0.45, blurred ones "
            "0.45 to 0.7; --json tells each frame's.",
            show_default="all are deblurred",
        ),
    ] = DEBLURRING.only_blurred,
    psf: Annotated[
        str | None,
        typer.Option(
            "--psf",
            help="gaussian:SIGMA, motion:LENGTH,ANGLE, disk:RADIUS (pixels, degrees), or a picture of it.",
            rich_help_panel=CLASSICAL,
        ),
    ] = DEBLURRING.psf,
    estimate: Annotated[
        bool,
        typer.Option(
            "--estimate",
            help="Find the blur in the first frame that is not left untouched: motion, or Gaussian.",
            rich_help_panel=CLASSICAL,
        ),
    ] = DEBLURRING.estimate,
    noise: Annotated[
        float | None,
        typer.Option(
            "--noise",
            help="Standard deviation of the noise, white at 255; more is smoother.",
            show_default=f"{NOISE:g}",
            rich_help_panel=CLASSICAL,
        ),
    ] = DEBLURRING.noise,
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
    """Remove the blur from a video, frame by frame, keeping every frame, time stamp, colour and track.

    Example: vidrestore deblur in.mp4 out.mp4 -m wiener --psf motion:15,30
    """
    from ...restoration.stages import deblur as stage
    from ...video.encode.destination import beside
    from ...video.pictures.folder import is_pictures

    settings = options.settings(
        device=device, engine=engine, precision=precision, tile=tile, batch=batch, max_memory=max_memory
    )
    how = Deblurring(model, strength, psf, estimate, noise, only_blurred, quality.value)
    run_job(
        source,
        target or beside(source, "deblurred"),
        (stage(how, settings=settings, still=is_pictures(source) and not source.is_dir()),),
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
