"""run(): frames through a processor, on an engine."""

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from time import perf_counter

from torch import Tensor

from ..frame import Frame
from ..processor import Needs, Processor
from ..settings import Settings
from ..window import windows
from .base import Engine
from .convert import Seen, restored, see
from .infer import Inference


@dataclass(slots=True)
class Ran:
    """What a run did; `run` fills it as it goes."""

    engine: str = ""
    device: str = ""
    precision: str = ""
    tile: int = 0
    """Input pixels a side; 0 is the whole picture."""
    batch: int = 1
    halvings: int = 0
    """How often the tile was halved because memory ran out."""
    seconds: float = 0.0
    """Spent in the network, prepare and finish included."""


def run(
    processor: Processor, frames: Iterable[Frame], *, engine: Engine, settings: Settings, ran: Ran | None = None
) -> Generator[Frame, None, None]:
    """Each frame restored, and the new ones that `needs.times` asks for between it and the next.

    Where times lack 0 the source frame passes through as it is, before its new ones. A new frame needs two of one
    shot: after the last frame of a shot, the frame before it is repeated. So N frames always give N times as many as
    there are distinct times, 0 included; the frames' durations share out the source's.

    Args:
        frames: pictures on the CPU or the engine's device; those that come out are on the engine's device, planes
            holding float code values.
        ran: filled in with what was done.

    Raises:
        ResourceError: memory does not suffice for the smallest tile.
        UsageError: the tile asked for leaves nothing inside the network's halo.
        ValueError: a luma network that makes new frames, whose chroma nobody knows.
    """
    needs = processor.needs
    if needs.space == "luma" and needs.times != (Fraction(0),):
        raise ValueError(f"a luma network cannot make frames at {needs.times = }: their chroma is unknown")
    ran = Ran() if ran is None else ran
    ran.engine, ran.device, ran.precision = engine.name, str(engine.device), engine.precision
    inference = Inference(processor, engine, settings)
    seen = see(frames, space=needs.space, device=engine.device)
    neighbourhoods = windows(seen, before=needs.before, after=needs.after)
    for batch in _batches(neighbourhoods, lambda size: inference.plan_for(size).batch):
        start = perf_counter()
        complete = [tuple(s.tensor for s in window) for window in batch if _computes(window, needs)]
        outputs = iter(inference(complete) if complete else ())
        ran.seconds += perf_counter() - start
        ran.tile, ran.batch, ran.halvings = inference.plan.tile, inference.plan.batch, inference.halvings
        for window in batch:
            yield from _placed(window, next(outputs) if _computes(window, needs) else None, needs)


def _batches(
    neighbourhoods: Iterable[tuple[Seen, ...]], count: Callable[[tuple[int, int]], int]
) -> Iterator[list[tuple[Seen, ...]]]:
    """Consecutive windows of one size, up to `count` of that size."""
    batch: list[tuple[Seen, ...]] = []
    for window in neighbourhoods:
        size = window[0].frame.size
        if batch and batch[0][0].frame.size != size:
            yield batch
            batch = []
        batch.append(window)
        if len(batch) >= count(size):
            yield batch
            batch = []
    if batch:
        yield batch


def _ends_shot(window: tuple[Seen, ...], needs: Needs) -> bool:
    """Whether the next frame is missing from the window, which then repeats the current one."""
    return needs.after > 0 and window[needs.before] is window[needs.before + 1]


def _computes(window: tuple[Seen, ...], needs: Needs) -> bool:
    return 0 in needs.times or not _ends_shot(window, needs)


def _placed(window: tuple[Seen, ...], outputs: Tensor | None, needs: Needs) -> Iterator[Frame]:
    """The current frame and its new ones; outputs (K, C, scale*H, scale*W), None where nothing was computed."""
    seen = window[needs.before]
    source = seen.frame
    made = {} if outputs is None else dict(zip(needs.times, outputs, strict=True))
    current = source
    if 0 in made:
        picture = restored(seen, made[Fraction(0)], space=needs.space, scale=needs.scale)
        current = replace(source, picture=picture, native=None)
    times = sorted({Fraction(0), *needs.times})
    for time, following in zip(times, [*times[1:], Fraction(1)], strict=True):
        frame = current
        if time > 0:
            repeat = _ends_shot(window, needs)
            frame = replace(current, cut=False) if repeat else Frame(made[time], source.pts, source.duration)
        yield replace(frame, pts=source.pts + time * source.duration, duration=(following - time) * source.duration)
