"""run(): frames through a processor, on an engine."""

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field, replace
from time import perf_counter

from torch import Tensor

from ..base.settings import Settings
from ..frame.frame import Frame
from ..models.processor import Processor
from .base import Engine
from .convert import Seen, restored, see
from .infer import Inference
from .window import windows


@dataclass(slots=True)
class Ran:
    """What a run did; `run` fills it as it goes."""

    engine: str = ""
    device: str = ""
    precision: str = ""
    tile: int = 0
    """Input pixels a side; 0 is the whole picture. Of the last network, where several follow one another."""
    batch: int = 1
    halvings: int = 0
    """How often the tile was halved because memory ran out."""
    over: int = 0
    """Bytes beyond `Settings.max_memory` that were held at most."""
    seconds: float = 0.0
    """Spent in the network, prepare and finish included."""
    blur: list[tuple[float, float]] = field(default_factory=list)
    """Of each frame, before and after, by `metrics.blur`, where that was looked at."""
    untouched: int = 0
    """Frames that were sharp enough to be left as they were."""
    notes: list[str] = field(default_factory=list)
    """What the user should know of it afterwards, one line each."""
    counted: list[str] = field(default_factory=list)
    """The same, where only the end of the video tells: of a trial it would be wrong."""

    def began(self, engine: Engine) -> None:
        """Where it is computed."""
        self.engine, self.device, self.precision = engine.name, str(engine.device), engine.precision

    def note(self, inference: Inference) -> None:
        """How the last batch was computed."""
        self.tile, self.batch, self.halvings = inference.plan.tile, inference.plan.batch, inference.halvings
        self.over = max(self.over, inference.most - (inference.settings.max_memory or inference.most))


Keep = Callable[[Frame], bool]
"""Whether a frame is to be handed on as it came; asked once of each, in order."""
HELD = 2
"""Times as many frames as a batch has may wait for it to fill, where some are handed on as they came."""


def run(
    processor: Processor,
    frames: Iterable[Frame],
    *,
    engine: Engine,
    settings: Settings,
    ran: Ran | None = None,
    keep: Keep = lambda _: False,
) -> Generator[Frame, None, None]:
    """Each frame restored, in its place; new frames between them are the work of `retime`.

    Args:
        frames: pictures on the CPU or the engine's device; those that come out are on the engine's device, planes
            holding float code values.
        ran: filled in with what was done.
        keep: these frames come out untouched, `native` included; they still are in the windows of others.

    Raises:
        ResourceError: memory does not suffice for the smallest tile.
        UsageError: the tile asked for leaves nothing inside the network's halo.
        ValueError: a network that makes other frames than the current one.
    """
    needs = processor.needs
    if any(needs.times):
        raise ValueError(f"{needs.times = }: frames are restored in their place here")
    ran = Ran() if ran is None else ran
    ran.began(engine)
    inference = Inference(processor, engine, settings)
    seen = see(frames, space=needs.space, device=engine.device)
    neighbourhoods = windows(seen, before=needs.before, after=needs.after)
    wanted = ((window, not keep(window[needs.before].frame)) for window in neighbourhoods)
    for batch in _batches(wanted, lambda size: inference.plan_for(size).batch):
        outputs: Iterator[Tensor] = iter(())
        if seeing := [tuple(each.tensor for each in window) for window, is_wanted in batch if is_wanted]:
            start = perf_counter()
            outputs = iter(inference(seeing))
            ran.seconds += perf_counter() - start
        ran.note(inference)
        for window, is_wanted in batch:
            current = window[needs.before]
            if is_wanted:
                picture = restored(current, next(outputs)[0], space=needs.space, scale=needs.scale)
                yield replace(current.frame, picture=picture, native=None)
            else:
                yield current.frame


Wanted = tuple[tuple[Seen, ...], bool]
"""A window, and whether its frame is to be restored."""


def _batches(windows: Iterable[Wanted], count: Callable[[tuple[int, int]], int]) -> Iterator[list[Wanted]]:
    """Consecutive windows of one size, up to `count` of that size to be restored.

    Windows that are not come between them, and at once where nothing before them waits.
    """
    batch: list[Wanted] = []
    for window, is_wanted in windows:
        size = window[0].frame.size
        if batch and batch[0][0][0].frame.size != size:
            yield batch
            batch = []
        batch.append((window, is_wanted))
        waiting = sum(each for _, each in batch)
        if not waiting or waiting >= (most := count(size)) or len(batch) >= HELD * most:
            yield batch
            batch = []
    if batch:
        yield batch
