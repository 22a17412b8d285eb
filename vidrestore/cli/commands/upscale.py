"""vidrestore upscale: enlarges."""

from pathlib import Path
from typing import Annotated

import typer

from ...api.wish import Wish
from ...base.settings import Enlarging, EnlargingQuality, Source
from .. import options
from ..asked import Asked, runs

ENLARGING = Enlarging()


def ask(
    source: Annotated[Path, typer.Argument(metavar="INPUT", help="A video, a folder of pictures, or a picture.")],
    target: Annotated[
        Path | None, typer.Argument(metavar="OUTPUT", help="The same kinds.", show_default="INPUT_xSCALE beside it")
    ] = None,
    scale: Annotated[str, typer.Option("--scale", "-s", metavar="2|3|4|8", help="Times as wide and high.")] = str(
        ENLARGING.scale
    ),
    model: Annotated[
        str,
        typer.Option(
            "--model",
            "-m",
            help="A network of `models list`, two as A+B, auto; or a file: .pth, .safetensors, .param, .onnx.",
        ),
    ] = ENLARGING.model,
    kind: Annotated[
        Source,
        typer.Option(
            "--source",
            help="Which networks auto takes: those for clean or for compressed video; auto looks at the video.",
        ),
    ] = ENLARGING.source,
    quality: Annotated[
        EnlargingQuality,
        typer.Option(help="best: four looks, mirrored, four times as slow; for a picture by a larger network, too."),
    ] = ENLARGING.quality,
    *,
    restoring: options.Restoring,
) -> Asked:
    """Enlarge a video, keeping every frame, time stamp, colour and track.

    Example: vidrestore upscale in.mp4 out.mp4 --scale 2

    Example: vidrestore upscale in.png out.png -s 4 --quality best

    Example: vidrestore upscale *.mkv --output-dir larger/
    """
    times = options.scale(scale)
    wish = Wish(upscale=Enlarging(model, times, kind, quality))
    return Asked(source=source, target=target, wish=wish, ending=f"x{times}", restoring=restoring)


upscale = runs(ask)
