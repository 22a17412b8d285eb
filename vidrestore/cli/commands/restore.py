"""vidrestore restore: several steps in one pass."""

from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...base.settings import Cleaning, Deblurring, Retiming
from ...errors import UsageError
from .. import options
from ..errors import shows_errors
from ..groups import grouped
from ..many.run import run_files
from ..run import is_picture, quality_of
from ..step_models import step_models
from .interpolate import FIND_CUTS, scenes_of, timing_of

if TYPE_CHECKING:
    from ...restoration.stage import Stage

_steps = options.panel("Steps (one or more, done in this order)")


@shows_errors
@grouped
def restore(
    source: Annotated[Path, typer.Argument(metavar="INPUT", help="A video, a folder of pictures, or a picture.")],
    target: Annotated[
        Path | None, typer.Argument(metavar="OUTPUT", help="The same kinds.", show_default="INPUT_restored beside it")
    ] = None,
    clean: Annotated[bool, _steps("--clean", help="Remove compression artefacts and noise.")] = False,
    deblur: Annotated[bool, _steps("--deblur", help="Remove motion blur.")] = False,
    factor: Annotated[str | None, _steps("--factor", "-x", help="Multiply the frame rate by 2, 4, 5/2.")] = None,
    fps: Annotated[str | None, _steps(help="This frame rate exactly: 60, 59.94.")] = None,
    cuts: Annotated[
        str,
        _steps(
            metavar="auto|none|FILE.csv",
            help="Of --clean, -x and --fps: auto finds the cuts; none: all is one shot; or a scene list (CSV).",
        ),
    ] = FIND_CUTS,
    scale: Annotated[str | None, _steps("--scale", "-s", metavar="2|3|4", help="Times as wide and high.")] = None,
    models: Annotated[
        list[str] | None,
        _steps(
            "--model",
            "-m",
            help="A network or a file, for the step that it is for; several may be given, one a step.",
            show_default="each step's auto",
        ),
    ] = None,
    *,
    restoring: options.Restoring,
) -> None:
    """Clean, deblur, raise the frame rate and enlarge in one pass: decoded once, encoded once, nothing in between.

    The commands clean, deblur, interpolate and upscale have more to choose for their step.

    Example: vidrestore restore in.mp4 out.mp4 --deblur --fps 60 --scale 2

    Example: vidrestore restore *.mkv --output-dir restored/ --clean --scale 2
    """
    from ...restoration.clean import clean as cleaning
    from ...restoration.deblurring.stage import deblur as deblurring
    from ...restoration.interpolation.stage import interpolate
    from ...restoration.upscale import upscale

    times = None if scale is None else options.scale(scale)
    timing = None if factor is None and fps is None else timing_of(factor, fps, None)[0]
    if cuts != FIND_CUTS and timing is None and not clean:
        raise UsageError(f"--cuts {cuts} is for new frames and cleaning; give -x, --fps or --clean with it")
    scenes = scenes_of(cuts, restoring.reading().start)
    settings = restoring.compute.settings()
    asked = {"clean": clean, "deblur": deblur, "interpolate": timing is not None, "upscale": times is not None}
    if not any(asked.values()):
        raise UsageError("nothing to do: give one or more of --clean, --deblur, -x or --fps, and --scale")
    model = step_models(models or [], [step for step, wanted in asked.items() if wanted])

    def steps(path: Path) -> "tuple[Stage, ...]":
        found: list[Stage] = []
        look, still = cache(partial(quality_of, path, restoring)), is_picture(path)
        if clean:
            found.append(cleaning(Cleaning(model["clean"]), settings=settings, scenes=scenes, quality_of=look))
        if deblur:
            found.append(deblurring(Deblurring(model["deblur"]), settings=settings, still=still))
        if timing is not None:
            found.append(interpolate(timing, Retiming(model["interpolate"]), settings=settings, scenes=scenes))
        if times is not None:
            found.append(upscale(model["upscale"], scale=times, settings=settings, still=still, quality_of=look))
        return tuple(found)

    run_files(source, target, steps, restoring, ending="restored")
