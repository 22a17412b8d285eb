"""The restorations as stages of a pipeline: a model's name in, a Stage out; nothing is loaded before the run starts."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from . import weights
from .engine import Ran, choose, run
from .errors import UsageError
from .frame import Frame
from .pipeline import Stage
from .settings import Settings

SCALES = (2, 3, 4)


def upscale(model: str, *, scale: int, settings: Settings) -> Stage:
    """Super-resolution by `scale` with a model of the manifest, by its own name or its family's.

    Raises:
        UsageError: a scale there is no network for.
        ModelError: an unknown model, or one of another scale.
    """
    if scale not in SCALES:
        raise UsageError(f"--scale {scale} is not possible; choose one of {', '.join(map(str, SCALES))}")
    entry = weights.find(model, task="upscale", scale=scale)

    def start(ran: Ran) -> Callable[[Iterable[Frame]], Iterator[Frame]]:
        return partial(run, weights.load(entry), engine=choose(settings), settings=settings, ran=ran)

    return Stage("upscale", scale, start, entry.name, (entry.note,) if entry.note else ())
