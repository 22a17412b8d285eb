"""vidrestore deblur: removes blur."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...base.settings import NOISE, Deblurring, DeblurringQuality
from .. import options
from ..errors import shows_errors
from ..groups import grouped
from ..many.run import run_files
from ..run import is_picture

if TYPE_CHECKING:
    from ...restoration.stage import Stage

DEBLURRING = Deblurring()
_classical = options.panel("Known blur (wiener, landweber, pocs)")


@shows_errors
@grouped
def deblur(
    source: Annotated[Path, typer.Argument(metavar="INPUT", help="A video, a folder of pictures, or a picture.")],
    target: Annotated[
        Path | None, typer.Argument(metavar="OUTPUT", help="The same kinds.", show_default="INPUT_deblurred beside it")
    ] = None,
    model: Annotated[
        str, typer.Option("--model", "-m", help="auto (unblur), wiener, landweber, pocs, or a file (see upscale).")
    ] = DEBLURRING.model,
    quality: Annotated[
        DeblurringQuality,
        typer.Option(
            help="Of a network; best: four looks, mirrored, four times as slow; auto: that for a single picture."
        ),
    ] = DEBLURRING.quality,
    strength: Annotated[float, typer.Option(help="Share of the change that is shown: 0 to 1.")] = DEBLURRING.strength,
    only_blurred: Annotated[
        float | None,
        typer.Option(
            metavar="THRESHOLD",
            help="Leave frames that are less blurred untouched, 0 to 1: sharp ones have 0.25 to 0.45, blurred ones "
            "0.45 to 0.7; --json tells each frame's.",
            show_default="all are deblurred",
        ),
    ] = DEBLURRING.only_blurred,
    psf: Annotated[
        str | None,
        _classical(help="gaussian:SIGMA, motion:LENGTH,ANGLE, disk:RADIUS (pixels, degrees), or a picture of it."),
    ] = DEBLURRING.psf,
    estimate: Annotated[
        bool,
        _classical(
            "--estimate", help="Find the blur in the first frame that is not left untouched: motion, or Gaussian."
        ),
    ] = DEBLURRING.estimate,
    noise: Annotated[
        float | None,
        _classical(help="Standard deviation of the noise, white at 255; more is smoother.", show_default=f"{NOISE:g}"),
    ] = DEBLURRING.noise,
    *,
    restoring: options.Restoring,
) -> None:
    """Remove the blur from a video, frame by frame, keeping every frame, time stamp, colour and track.

    Example: vidrestore deblur in.mp4 out.mp4 -m wiener --psf motion:15,30

    Example: vidrestore deblur *.mkv --output-dir sharp/
    """
    from ...restoration.deblurring.stage import deblur as stage

    how = Deblurring(model, strength, psf, estimate, noise, only_blurred, quality)
    settings = restoring.compute.settings()

    def steps(path: Path) -> "tuple[Stage, ...]":
        return (stage(how, settings=settings, still=is_picture(path)),)

    run_files(source, target, steps, restoring, ending="deblurred")
