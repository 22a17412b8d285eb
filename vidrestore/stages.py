"""The restorations as stages of a pipeline: a model's name in, a Stage out; nothing is loaded before the run starts."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import repeat

from . import interpolators, weights
from .engine import Ran, choose, run
from .errors import UsageError
from .frame import Frame
from .pipeline import Stage
from .placing import cut_by_list
from .repeats import mark_repeats
from .retime import retime
from .scenes import Scene
from .settings import Retiming, Settings
from .shots import mark_cuts
from .timing import Timing

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


def interpolate(
    timing: Timing, retiming: Retiming, *, settings: Settings, scenes: Sequence[Scene] | None = None
) -> Stage:
    """New frames between those of each shot, at the times that `timing` says.

    Args:
        scenes: where the shots are, by frame numbers of the source; None: they are found.

    Raises:
        UsageError: sound is to be stretched where time is not.
        ModelError: an unknown model, or one without weights.
    """
    if retiming.audio == "stretch" and timing.stretch == 1:
        raise UsageError("--audio stretch is for --slow-motion; elsewhere the sound is copied as it is")

    chosen = interpolators.find(retiming.model, retiming.quality, settings)

    def start(ran: Ran) -> Callable[[Iterable[Frame]], Iterator[Frame]]:
        between = chosen.start(ran)

        def stage(frames: Iterable[Frame]) -> Iterator[Frame]:
            shots = mark_cuts(frames) if scenes is None else _cut_as_listed(frames, scenes, ran)
            marked = mark_repeats(shots) if retiming.duplicates == "retime" else zip(shots, repeat(False))
            return retime(marked, timing=timing, between=between, on_cut=retiming.on_cut, ran=ran)

        return stage

    stretches = retiming.audio == "stretch"
    notes = (chosen.note,) if chosen.note else ()
    return Stage("interpolate", 1, start, chosen.name, notes, timing=timing, stretches_sound=stretches)


def _cut_as_listed(frames: Iterable[Frame], scenes: Sequence[Scene], ran: Ran) -> Iterator[Frame]:
    """The frames with the cuts of a list; scenes of it that never come are said afterwards."""
    count = 0
    for frame in cut_by_list(frames, scenes):
        count += 1
        yield frame
    if missed := sum(scene.first >= count for scene in scenes):
        ran.notes.append(f"scenes of the list that are not in the video, which has {count} frames: {missed}")
