"""vidrestore clean: removes compression artefacts and noise."""

from pathlib import Path
from typing import Annotated

import typer

from ...api.wish import Wish
from ...api.words import FIND_CUTS, scenes_of
from ...base.settings import Cleaning
from .. import options
from ..asked import Asked, runs

CLEANING = Cleaning()


def ask(
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
) -> Asked:
    """Remove blocks, ringing and noise from a video, keeping every frame, time stamp, colour and track.

    How much a video needs is seen in its packets and pictures; one that is clean comes out as it was.

    Example: vidrestore clean in.mp4 out.mp4

    Example: vidrestore clean films/ --recursive --output-dir cleaned/
    """
    wish = Wish(clean=Cleaning(model, strength), scenes=scenes_of(cuts, restoring.reading().start))
    return Asked(source=source, target=target, wish=wish, ending="clean", restoring=restoring)


clean = runs(ask)
