"""Row: one measured figure; and how it is measured."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Literal

Unit = Literal["ms", "s", "fps", "GFLOP/s"]


@dataclass(frozen=True, slots=True)
class Row:
    """One figure, and what helps to judge it."""

    group: str
    name: str
    value: float
    unit: Unit
    facts: Mapping[str, float] = field(default_factory=dict)
    """Further figures by what they are, units included."""

    @property
    def key(self) -> str:
        """What tells it from every other row."""
        return f"{self.group}: {self.name}"


@dataclass(frozen=True, slots=True)
class Effort:
    """How long it may take."""

    repeats: int = 5
    """Of each thing, of which the median counts."""
    frames: int = 96
    """Of a video that goes through a whole pipeline."""


QUICK = Effort(repeats=2, frames=24)


@dataclass(frozen=True, slots=True)
class Cost:
    """Medians, in seconds."""

    wall: float
    processor: float
    """Of all threads together."""


def measure(cases: Mapping[str, Callable[[], object]], *, repeats: int) -> dict[str, Cost]:
    """What each takes. They take turns, so that other work on the machine meets all alike; a first turn is not counted.

    Args:
        repeats: turns.
    """
    for case in cases.values():
        case()
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in cases}
    for _ in range(repeats):
        for name, case in cases.items():
            wall, processor = time.perf_counter(), time.process_time()
            case()
            seconds[name].append((time.perf_counter() - wall, time.process_time() - processor))
    return {name: Cost(*map(median, zip(*turns, strict=True))) for name, turns in seconds.items()}


def per_frame(group: str, costs: Mapping[str, Cost], *, frames: int = 1) -> list[Row]:
    """What cases took that did `frames` frames each: ms of one, and of the processor beside it."""
    return [
        Row(group, name, 1000 * cost.wall / frames, "ms", {"processor ms": 1000 * cost.processor / frames})
        for name, cost in costs.items()
    ]
