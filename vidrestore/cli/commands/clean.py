"""vidrestore clean: removes compression artefacts and noise."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...base.settings import Cleaning
from .. import options
from ..errors import shows_errors
from ..groups import grouped
from ..many.run import run_files
from ..run import quality_of
from .interpolate import FIND_CUTS, scenes_of

if TYPE_CHECKING:
    from ...restoration.stage import Stage

CLEANING = Cleaning()


@shows_errors
@grouped
def clean(
    source: Annotated[Path, typer.Argument(metavar="INPUT", help="A video, a folder of pictures, or a picture.")],
    target: Annotated[
        Path | None,
        typer.Argument(metavar="OUTPUT", help="The same kinds.", show_default="INPUT_clean beside it"),
    ] = None,
    model: Annotated[
        str,
        typer.Option(
            "--model", "-m", help="auto (clean, or denoise where noise is strong), a name, or a file (see upscale)."
        ),
    ] = CLEANING.model,
    strength: Annotated[
        float | None,
        typer.Option(
            "--strength",
            help="Share of the change that is shown: 0 to 1.",
            show_default="1, and 0 for a video that is clean",
        ),
    ] = CLEANING.strength,
    cuts: Annotated[
        str,
        typer.Option(
            "--cuts",
            metavar="auto|none|FILE.csv",
            help="auto finds the cuts; none: all is one shot; or a scene list (CSV).",
        ),
    ] = FIND_CUTS,
    *,
    restoring: options.Restoring,
) -> None:
    """Remove blocks, ringing and noise from a video, keeping every frame, time stamp, colour and track.

    How much a video needs is seen in its packets and pictures; one that is clean comes out as it was.

    Example: vidrestore clean in.mp4 out.mp4

    Example: vidrestore clean films/ --recursive --output-dir cleaned/
    """
    from ...restoration.clean import clean as stage

    how, settings = Cleaning(model, strength), restoring.compute.settings()
    scenes = scenes_of(cuts, restoring.reading().start)

    def steps(path: Path) -> "tuple[Stage, ...]":
        return (stage(how, settings=settings, scenes=scenes, quality_of=partial(quality_of, path, restoring)),)

    run_files(source, target, steps, restoring, ending="clean")
