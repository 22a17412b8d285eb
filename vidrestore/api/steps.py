"""The wish of restore: several steps, and which network serves which."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.settings import Cleaning, Deblurring, Enlarging, Retiming
from ..errors import UsageError
from .wish import Wish

if TYPE_CHECKING:
    from ..restoration.interpolation.timing import Timing
    from ..scenes.list import Scene

OPTIONS = {"clean": "--clean", "deblur": "--deblur", "interpolate": "-x or --fps", "upscale": "--scale"}
"""What asks for a step."""
SAME_SIZE = ("clean", "deblur")
"""Steps that a network of another program may serve which keeps the size."""


def wish_for(
    *,
    clean: bool,
    deblur: bool,
    timing: "Timing | None",
    scale: int | None,
    models: Sequence[str],
    scenes: "tuple[Scene, ...] | None",
) -> Wish:
    """Several steps, each with the network that is for it.

    Raises:
        UsageError: no step at all; and as `step_models`.
        ModelError: as `step_models`.
    """
    asked = {"clean": clean, "deblur": deblur, "interpolate": timing is not None, "upscale": scale is not None}
    if not any(asked.values()):
        raise UsageError("nothing to do: give one or more of --clean, --deblur, -x or --fps, and --scale")
    model = step_models(models, [step for step, wanted in asked.items() if wanted])
    return Wish(
        clean=Cleaning(model["clean"]) if clean else None,
        deblur=Deblurring(model["deblur"]) if deblur else None,
        timing=timing,
        retiming=Retiming(model.get("interpolate", "auto")),
        upscale=None if scale is None else Enlarging(model["upscale"], scale),
        scenes=scenes,
    )


def step_models(names: Sequence[str], asked: Sequence[str]) -> dict[str, str]:
    """Which network serves each step that is asked for; auto where none is named.

    Raises:
        UsageError: a network for a step that is not asked for, or two for one.
        ModelError: a name that nothing has, or a file that is damaged.
    """
    found: dict[str, str] = {}
    for name in names:
        fit = [step for step in _steps(name) if step in asked]
        if not fit:
            raise UsageError(
                f"-m {name} is for {' or '.join(OPTIONS[step] for step in _steps(name))}; give that with it"
            )
        if len(fit) > 1:
            raise UsageError(
                f"-m {name} keeps the size: leave out one of --clean and --deblur, so that its step is clear"
            )
        if fit[0] in found:
            raise UsageError(f"-m {found[fit[0]]} and -m {name} are for one step, {OPTIONS[fit[0]]}; give one of them")
        found[fit[0]] = name
    return {step: found.get(step, "auto") for step in asked}


def _steps(name: str) -> tuple[str, ...]:
    """What a network may be for."""
    from ..models.weights import catalogue, manifest
    from ..restoration.chain import parts
    from ..restoration.network import task_of

    if len(parts(name)) > 1:
        return ("upscale",)
    if not (task := task_of(name)):
        raise manifest.unknown(name, [*manifest.rows(), *catalogue.rows()])
    foreign = manifest.is_file(name) and manifest.is_foreign(Path(name))
    return SAME_SIZE if foreign and task in SAME_SIZE else (task,)
