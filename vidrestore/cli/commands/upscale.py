"""vidrestore upscale: enlarges."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from ...base.settings import Source
from .. import options
from ..errors import shows_errors
from ..groups import grouped
from ..run import is_picture, quality_of, run_job

MODEL = "auto"
SCALE = 2


@shows_errors
@grouped
def upscale(
    source: Annotated[Path, typer.Argument(metavar="INPUT", help="A video, a folder of pictures, or a picture.")],
    target: Annotated[
        Path | None, typer.Argument(metavar="OUTPUT", help="The same kinds.", show_default="INPUT_xSCALE beside it")
    ] = None,
    scale: Annotated[str, typer.Option("--scale", "-s", metavar="2|3|4", help="Times as wide and high.")] = str(SCALE),
    model: Annotated[
        str,
        typer.Option(
            "--model",
            "-m",
            help="A network of `models list`, two as A+B, auto; or a file: .pth, .safetensors, .param, .onnx.",
        ),
    ] = MODEL,
    kind: Annotated[
        Source,
        typer.Option(
            "--source",
            help="Which networks auto takes: those for clean or for compressed video; auto looks at the video.",
        ),
    ] = "auto",
    *,
    restoring: options.Restoring,
) -> None:
    """Enlarge a video, keeping every frame, time stamp, colour and track.

    Example: vidrestore upscale in.mp4 out.mp4 --scale 2
    """
    from ...restoration.upscale import upscale as stage
    from ...video.encode.destination import beside

    times = options.scale(scale)
    step = stage(
        model,
        scale=times,
        settings=restoring.compute.settings(),
        still=is_picture(source),
        source=kind,
        quality_of=partial(quality_of, source, restoring),
    )
    run_job(source, target or beside(source, f"x{times}"), (step,), restoring)
