"""Runner: frames through a network, on an engine, each restored in its place."""

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, replace
from operator import attrgetter
from time import perf_counter

from torch import Tensor

from ..base.facts import Facts
from ..base.settings import Settings
from ..frame.frame import Frame
from ..models.processor import Processor
from .base import Engine
from .convert import NetworkFrame, from_network, to_network
from .infer import Inference
from .window import windows

Keep = Callable[[int, Frame], bool]
"""Whether a frame, counted from 0, is to be handed on as it came; asked once of each, in order."""
HELD = 2
"""Times as many frames as a batch has may wait for it to fill, where some are handed on as they came."""
_Wanted = tuple[tuple[NetworkFrame, ...], bool]
"""A window, and whether its frame is to be restored."""
_tensor = attrgetter("tensor")


def facts_of(inference: Inference, *, seconds: float, frames: int) -> Facts:
    """How a network was run so far."""
    engine, limit = inference.engine, inference.settings.max_memory
    return Facts(
        engine=engine.name,
        device=str(engine.device),
        precision=engine.precision,
        tile=inference.plan.tile,
        batch=inference.plan.batch,
        halvings=inference.halvings,
        over=0 if limit is None else max(0, inference.most - limit),
        seconds=seconds,
        frames=frames,
        notes=(inference.note,) if inference.note else (),
    )


@dataclass(slots=True)
class Runner:
    """A network that restores frames in their place; new frames between them are the work of `retime`.

    Raises:
        ValueError: the network makes other frames than the current one.
    """

    inference: Inference
    seconds: float = 0.0
    """Spent in the network so far."""
    frames: int = 0
    """Restored so far, or handed on as they came."""

    def __post_init__(self) -> None:
        if any((needs := self.inference.processor.needs).times):
            raise ValueError(f"{needs.times = }: frames are restored in their place here")

    @property
    def facts(self) -> Facts:
        return facts_of(self.inference, seconds=self.seconds, frames=self.frames)

    def run(self, frames: Iterable[Frame], keep: Keep | None = None) -> Generator[Frame, None, None]:
        """Each frame restored.

        Args:
            frames: pictures on the CPU or the engine's device; those that come out are on the engine's device, planes
                holding float code values.
            keep: these frames come out untouched, `native` included; they still are in the windows of others.

        Raises:
            ResourceError: memory does not suffice for the smallest tile.
            UsageError: the tile asked for leaves nothing inside the network's halo.
        """
        needs = self.inference.processor.needs
        inputs = to_network(frames, needs=needs, device=self.inference.engine.device)
        batch: list[_Wanted] = []
        size, waiting = (0, 0), 0
        for number, window in enumerate(windows(inputs, before=needs.before, after=needs.after)):
            frame = window[needs.before].frame
            if batch and frame.size != size:
                yield from self._restored(batch)
                batch, waiting = [], 0
            size = frame.size
            wanted = keep is None or not keep(number, frame)
            batch.append((window, wanted))
            waiting += wanted
            # Frames that are handed on do not wait where nothing before them does.
            if not waiting or waiting >= (most := self.inference.plan_for(size).batch) or len(batch) >= HELD * most:
                yield from self._restored(batch)
                batch, waiting = [], 0
        if batch:
            yield from self._restored(batch)

    def _restored(self, batch: list[_Wanted]) -> Iterator[Frame]:
        needs = self.inference.processor.needs
        pictures: Iterator[Tensor] = iter(())
        if tensors := [tuple(map(_tensor, window)) for window, wanted in batch if wanted]:
            start = perf_counter()
            pictures = iter(self.inference(tensors))
            self.seconds += perf_counter() - start
        self.frames += len(batch)
        for window, wanted in batch:
            now = window[needs.before]
            if wanted:
                picture = from_network(now, next(pictures)[0], space=needs.space, scale=needs.scale)
                yield replace(now.frame, picture=picture, native=None)
            else:
                yield now.frame


def run(
    processor: Processor, frames: Iterable[Frame], *, engine: Engine, settings: Settings, keep: Keep | None = None
) -> Generator[Frame, None, None]:
    """As `Runner.run`, of a processor that is compiled for this alone."""
    return Runner(Inference(processor, engine, settings)).run(frames, keep)
