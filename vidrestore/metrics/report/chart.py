"""Charts as data: lines and ticks of one panel per metric."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ..compare.kinds import KINDS
from ..compare.results import Comparison

COLUMNS = 800
"""Points a line has at the most: where there are more frames, each shows the range of several."""
TICKS = 5

Line = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Panel:
    """One metric. Positions run from 0 to 1, to the right and up."""

    title: str
    lines: tuple[Line, ...]
    """Broken where frames have no score, or an infinite one."""
    x_ticks: tuple[tuple[float, str], ...]
    """Positions and frame numbers."""
    y_ticks: tuple[tuple[float, str], ...]
    scenes: tuple[float, ...]
    """Where scenes begin."""


def panels(comparison: Comparison) -> list[Panel]:
    """In the order of the metrics."""
    frames = [row.frame for row in comparison.rows]
    first, last = frames[0], max(frames[-1], frames[0] + 1)

    def x(frame: float) -> float:
        return (frame - first) / (last - first)

    x_ticks = tuple((x(tick), f"{tick:g}") for tick in ticks(first, last) if tick == int(tick))
    scenes = tuple(x(scene.first) for scene in comparison.scenes if first < scene.first <= last)
    made = []
    for metric in comparison.metrics:
        scores = [row.scores[metric] for row in comparison.rows]
        y_ticks = _y_ticks(scores)
        low, high = (y_ticks[0], y_ticks[-1]) if y_ticks else (0.0, 1.0)
        lines = tuple(
            tuple((x(frame), (score - low) / (high - low)) for frame, score in run) for run in _runs(frames, scores)
        )
        labels = tuple(((tick - low) / (high - low), f"{tick:g}") for tick in y_ticks)
        made.append(Panel(_title(comparison, metric), lines, x_ticks, labels, scenes))
    return made


def ticks(low: float, high: float) -> list[float]:
    """Round numbers from at most `low` to at least `high`, about TICKS of them, a step of 1, 2 or 5 apart."""
    step = _step((high - low) / TICKS)
    return [round(k * step, 12) for k in range(math.floor(low / step), math.ceil(high / step) + 1)]


def _step(about: float) -> float:
    power: float = 10.0 ** math.floor(math.log10(about))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= about * 0.999)


def _y_ticks(scores: Sequence[float | None]) -> list[float]:
    finite = [score for score in scores if score is not None and math.isfinite(score)]
    if not finite:
        return []
    low, high = min(finite), max(finite)
    return ticks(low, high) if high - low > 1e-9 * max(abs(high), 1) else [low - 1, low, low + 1]


def _runs(frames: Sequence[int], scores: Sequence[float | None]) -> list[list[tuple[float, float]]]:
    """Stretches of finite scores; with many frames the lowest and highest of each few."""
    together = max(1, 2 * len(frames) // COLUMNS)
    runs: list[list[tuple[float, float]]] = [[]]
    for start in range(0, len(frames), together):
        known = [score for score in scores[start : start + together] if score is not None and math.isfinite(score)]
        if known:
            ends = [min(known), max(known)][: min(together, 2)]
            runs[-1] += [(frames[start], end) for end in ends]
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _title(comparison: Comparison, metric: str) -> str:
    kind, mean = KINDS[metric], comparison.summary(metric).mean
    shown = "no score" if mean is None else "no error in any frame" if math.isinf(mean) else f"mean {mean:.4g}"
    return f"{metric}: {shown}{f' {kind.unit}' if kind.unit and mean is not None and math.isfinite(mean) else ''}"
