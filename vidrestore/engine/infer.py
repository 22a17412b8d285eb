"""Inference: a batch of windows through a processor, in tiles that fit into memory."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from ..base.memory import is_out_of_memory
from ..base.settings import Settings
from ..errors import NotCompiledError, ResourceError
from ..models.processor import Needs, Processor
from .backends.layers import inference_copy
from .base import Core, Engine, as_tuple
from .choose import choose
from .memory import Plan, bytes_per_pixel, least_tile, plan
from .precisely import precisely
from .tile import in_tiles

TRIAL = 96
"""Pixels a side of the picture that a network is traced with, and its memory measured."""


@dataclass(slots=True)
class Inference:
    """A processor compiled for an engine, and the tile that has turned out to fit."""

    processor: Processor
    engine: Engine
    """Where it cannot run the processor, and none is asked for: another that can."""
    settings: Settings
    steps: Callable[[Tensor], Tensor] = field(init=False)
    """The processor's three, the middle one compiled."""
    cost: float = field(init=False)
    """Bytes per input pixel."""
    size: tuple[int, int] | None = field(init=False, default=None)
    """Of the frames that `plan` is for."""
    plan: Plan = field(init=False, default=Plan(tile=0, batch=1))
    note: str = field(init=False, default="")
    """What the user should know of how the processor is run."""
    halvings: int = field(init=False, default=0)
    most: int = field(init=False, default=0)
    """Bytes that the whole process was seen to hold of the engine's memory, after a batch, where they are limited."""

    def __post_init__(self) -> None:
        trial = _trial(self.processor.needs)
        plain = inference_copy(self.processor.core)
        self.cost = bytes_per_pixel(_steps(self.processor, lambda *x: as_tuple(plain(*x))), trial)
        seen = self.processor.prepare(trial)
        try:
            core = self.engine.compile(self.processor.core, seen)
        except NotCompiledError as error:
            if self.settings.engine != "auto":
                raise
            self.note = f"{error}, which is taken now"
            self.engine = choose(replace(self.settings, engine="torch"))
            core = self.engine.compile(self.processor.core, seen)
        self.steps = _steps(self.processor, core)

    def plan_for(self, size: tuple[int, int]) -> Plan:
        """How frames of this size (H, W) are computed."""
        if size != self.size:
            self.size = size
            self.plan = plan(
                self.processor.needs,
                size=size,
                cost=self.cost,
                free=self.engine.free_memory(),
                device=self.engine.device.type,
                settings=self.settings,
                used=self.engine.used_memory(),
                ways=self.engine.ways,
            )
        return self.plan

    def __call__(self, batch: list[tuple[Tensor, ...]]) -> Tensor:
        """Windows of (C, H, W) pictures -> (B, K, C, scale*H, scale*W), float32.

        Out of memory, the tile is halved, for good, and the batch repeated.

        Raises:
            ResourceError: the tile cannot shrink any more.
        """
        while True:
            try:
                made = self._compute(batch)
                if self.settings.max_memory is not None:
                    self.most = max(self.most, self.engine.used_memory())
                return made
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                reason = str(error).strip().splitlines()[-1:]
            # Only here is what the failed attempt held free again: the traceback held it.
            self.engine.release()
            self._halve(batch[0][0].shape[-2:], " ".join(reason))

    def _compute(self, batch: list[tuple[Tensor, ...]]) -> Tensor:
        with precisely():
            pictures = torch.stack([picture for window in batch for picture in window])
            windows = pictures.view(len(batch), -1, *pictures.shape[1:])
            if self.processor.needs.marks_absent:
                windows[_absent(batch, self.processor.needs)] = torch.nan
            return in_tiles(self.steps, windows, tile=self.plan.tile, needs=self.processor.needs)

    def _halve(self, size: torch.Size, reason: str) -> None:
        longest = max(size)
        tile = min(self.plan.tile or longest, longest)
        if tile // 2 < least_tile(self.processor.needs):
            raise ResourceError(
                f"out of memory with a tile of {tile} pixels, and {tile // 2} is too small ({reason}): "
                "free memory, or give --batch 1"
            )
        self.plan = Plan(tile // 2, self.plan.batch)
        self.halvings += 1


def _steps(processor: Processor, core: Core) -> Callable[[Tensor], Tensor]:
    return lambda window: processor.finish(window, *core(*processor.prepare(window)))


def _absent(batch: list[tuple[Tensor, ...]], needs: Needs) -> Tensor:
    """(B, T): which pictures are the same object as the one beside them, nearer to the middle (see window.py)."""
    count = needs.before + 1 + needs.after
    inner = [n + 1 if n < needs.before else max(n - 1, needs.before) for n in range(count)]
    return torch.tensor([
        [n != needs.before and window[n] is window[inner[n]] for n in range(count)] for window in batch
    ])  # fmt: skip


def _trial(needs: Needs) -> Tensor:
    side = -(-TRIAL // needs.multiple) * needs.multiple
    return torch.rand(1, needs.before + 1 + needs.after, needs.channels, side, side)
