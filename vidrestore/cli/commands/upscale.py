"""vidrestore upscale: enlarges."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...base.settings import Source
from .. import options
from ..errors import shows_errors
from ..groups import grouped
from ..many.run import run_files
from ..run import is_picture, quality_of

if TYPE_CHECKING:
    from ...restoration.stage import Stage

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

    Example: vidrestore upscale *.mkv --output-dir larger/
    """
    from ...restoration.upscale import upscale as stage

    times, settings = options.scale(scale), restoring.compute.settings()

    def steps(path: Path) -> "tuple[Stage, ...]":
        look = partial(quality_of, path, restoring)
        still = is_picture(path)
        return (stage(model, scale=times, settings=settings, still=still, source=kind, quality_of=look),)

    run_files(source, target, steps, restoring, ending=f"x{times}")
