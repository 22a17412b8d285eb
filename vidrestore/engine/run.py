"""run(): frames through a processor, on an engine."""

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field, replace
from time import perf_counter

from ..frame import Frame
from ..processor import Processor
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
    notes: list[str] = field(default_factory=list)
    """What the user should know of it afterwards, one line each."""


def run(
    processor: Processor, frames: Iterable[Frame], *, engine: Engine, settings: Settings, ran: Ran | None = None
) -> Generator[Frame, None, None]:
    """Each frame restored, in its place; new frames between them are the work of `retime`.

    Args:
        frames: pictures on the CPU or the engine's device; those that come out are on the engine's device, planes
            holding float code values.
        ran: filled in with what was done.

    Raises:
        ResourceError: memory does not suffice for the smallest tile.
        UsageError: the tile asked for leaves nothing inside the network's halo.
        ValueError: a network that makes other frames than the current one.
    """
    needs = processor.needs
    if any(needs.times):
        raise ValueError(f"{needs.times = }: frames are restored in their place here")
    ran = Ran() if ran is None else ran
    ran.engine, ran.device, ran.precision = engine.name, str(engine.device), engine.precision
    inference = Inference(processor, engine, settings)
    seen = see(frames, space=needs.space, device=engine.device)
    neighbourhoods = windows(seen, before=needs.before, after=needs.after)
    for batch in _batches(neighbourhoods, lambda size: inference.plan_for(size).batch):
        start = perf_counter()
        outputs = inference([tuple(each.tensor for each in window) for window in batch])
        ran.seconds += perf_counter() - start
        ran.tile, ran.batch, ran.halvings = inference.plan.tile, inference.plan.batch, inference.halvings
        for window, out in zip(batch, outputs, strict=True):
            current = window[needs.before]
            picture = restored(current, out[0], space=needs.space, scale=needs.scale)
            yield replace(current.frame, picture=picture, native=None)


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
