"""vidrestore deblur: removes blur."""

from pathlib import Path
from typing import Annotated

import typer

from ...api.wish import Wish
from ...base.settings import NOISE, Deblurring, DeblurringQuality
from .. import options
from ..asked import Asked, runs

DEBLURRING = Deblurring()
_classical = options.panel("Known blur (sparse, wiener, landweber, pocs)")


def ask(
    source: Annotated[Path, typer.Argument(metavar="INPUT", help="A video, a folder of pictures, or a picture.")],
    target: Annotated[
        Path | None, typer.Argument(metavar="OUTPUT", help="The same kinds.", show_default="INPUT_deblurred beside it")
    ] = None,
    model: Annotated[
        str,
        typer.Option(
            "--model",
            "-m",
            help="auto (unblur-video, of a picture unblur; with --psf or --estimate sparse), unblur, sparse, wiener, "
            "landweber, pocs, or a file.",
        ),
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
            "--estimate",
            help="Find each frame's blur: straight motion, Gaussian, a turned, zoomed or shaken camera; else it stays.",
        ),
    ] = DEBLURRING.estimate,
    noise: Annotated[
        float | None,
        _classical(help="Standard deviation of the noise, white at 255; more is smoother.", show_default=f"{NOISE:g}"),
    ] = DEBLURRING.noise,
    *,
    restoring: options.Restoring,
) -> Asked:
    """Remove the blur from a video, frame by frame, keeping every frame, time stamp, colour and track.

    Example: vidrestore deblur in.mp4 out.mp4 -m wiener --psf motion:15,30

    Example: vidrestore deblur shaken.jpg sharp.png --estimate

    Example: vidrestore deblur *.mkv --output-dir sharp/
    """
    wish = Wish(deblur=Deblurring(model, strength, psf, estimate, noise, only_blurred, quality))
    return Asked(source=source, target=target, wish=wish, ending="deblurred", restoring=restoring)


deblur = runs(ask)
