"""vidrestore restore: several steps in one pass."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from ...api.steps import wish_for
from ...api.wish import Wish
from ...api.words import FIND_CUTS, scenes_of, timing_of
from ...base.settings import Moment
from ...errors import UsageError
from .. import options
from ..asked import Asked, runs

_steps = options.panel("Steps (one or more, done in this order)")


@dataclass(frozen=True, kw_only=True)
class Steps:
    """Which steps, and how."""

    clean: Annotated[bool, _steps("--clean", help="Remove compression artefacts and noise.")] = False
    deblur: Annotated[bool, _steps("--deblur", help="Remove motion blur.")] = False
    factor: Annotated[str | None, _steps("--factor", "-x", help="Multiply the frame rate by 2, 4, 5/2.")] = None
    fps: Annotated[str | None, _steps(help="This frame rate exactly: 60, 59.94.")] = None
    cuts: Annotated[
        str,
        _steps(
            metavar="auto|none|FILE.csv",
            help="Of --clean, -x and --fps: auto finds the cuts; none: all is one shot; or a scene list (CSV).",
        ),
    ] = FIND_CUTS
    scale: Annotated[str | None, _steps("--scale", "-s", metavar="2|3|4|8", help="Times as wide and high.")] = None
    models: Annotated[
        list[str] | None,
        _steps(
            "--model",
            "-m",
            help="A network or a file, for the step that it is for; several may be given, one a step.",
            show_default="each step's auto",
        ),
    ] = None

    def wish(self, start: Moment | None) -> Wish:
        """What they mean.

        Args:
            start: where reading begins.

        Raises:
            UsageError: they make no sense together, or ask for nothing.
            ModelError: as `step_models`.
        """
        if self.cuts != FIND_CUTS and not (self.factor or self.fps or self.clean):
            raise UsageError(f"--cuts {self.cuts} is for new frames and cleaning; give -x, --fps or --clean with it")
        timing = None if self.factor is None and self.fps is None else timing_of(self.factor, self.fps, None)[0]
        return wish_for(
            clean=self.clean,
            deblur=self.deblur,
            timing=timing,
            scale=None if self.scale is None else options.scale(self.scale),
            models=self.models or [],
            scenes=scenes_of(self.cuts, start),
        )


def ask(
    source: Annotated[Path, typer.Argument(metavar="INPUT", help="A video, a folder of pictures, or a picture.")],
    target: Annotated[
        Path | None, typer.Argument(metavar="OUTPUT", help="The same kinds.", show_default="INPUT_restored beside it")
    ] = None,
    *,
    steps: Steps,
    restoring: options.Restoring,
) -> Asked:
    """Clean, deblur, raise the frame rate and enlarge in one pass: decoded once, encoded once, nothing in between.

    The commands clean, deblur, interpolate and upscale have more to choose for their step.

    Example: vidrestore restore in.mp4 out.mp4 --deblur --fps 60 --scale 2

    Example: vidrestore restore *.mkv --output-dir restored/ --clean --scale 2
    """
    wish = steps.wish(restoring.reading().start)
    return Asked(source=source, target=target, wish=wish, ending="restored", restoring=restoring)


restore = runs(ask)
