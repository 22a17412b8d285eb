"""Comparisons as JSON, as CSV, and as tables for people."""

import csv
import io
import math
from dataclasses import asdict

from ...base.text import visible
from ...scenes.list import Scene
from ..compare.results import Comparison, Row
from ..compare.summary import Summary

Number = float | str | None


def as_dict(comparison: Comparison) -> dict[str, object]:
    """What `metrics --json` prints: strict JSON, in which infinity is the string "inf" and no score is null."""
    facts = {
        name: getattr(comparison, name)
        for name in ("reference", "distorted", "width", "height", "aligned", "offset", "luma", "border", "seconds")
    }
    return facts | {
        "frames": len(comparison.rows),
        "fps": len(comparison.rows) / comparison.seconds,
        "metrics": _summaries(comparison, None),
        "worst": {metric: comparison.worst(metric) for metric in comparison.metrics},
        "scenes": [
            {"first": scene.first, "last": scene.last, "metrics": _summaries(comparison, scene)}
            for scene in comparison.scenes
        ],
        "per_frame": [_as_dict(row) for row in comparison.rows],
        "warnings": list(comparison.warnings),
    }


def _as_dict(row: Row) -> dict[str, Number]:
    facts: dict[str, Number] = {"frame": row.frame, "time": row.time}
    if row.name:
        facts["name"] = row.name
    return facts | {metric: number(score) for metric, score in row.scores.items()}


def as_csv(comparison: Comparison) -> str:
    """One row per pair: frame, time, file (empty for a video), and the scores; inf as `inf`, no score as nothing."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["frame", "time", "name", *comparison.metrics])
    for row in comparison.rows:
        table.writerow(
            [row.frame, f"{row.time:.6f}", visible(row.name), *(row.scores[name] for name in comparison.metrics)]
        )
    return text.getvalue()


Table = list[list[str]]
"""Rows of cells; the first is the header."""


def summary_table(comparison: Comparison) -> Table:
    """One row a metric."""
    rows = [["metric", "mean", "min", "5 %", "95 %", "max", "worst frames"]]
    for metric in comparison.metrics:
        summary = comparison.summary(metric)
        values = (summary.mean, summary.min, summary.p5, summary.p95, summary.max)
        rows.append([metric, *map(shown, values), comparison.worst_names(metric)])
    return rows


def scene_table(comparison: Comparison) -> Table:
    """Means, one row a scene."""
    rows = [["frames", *comparison.metrics]]
    for scene in comparison.scenes:
        means = (comparison.summary(metric, scene=scene).mean for metric in comparison.metrics)
        rows.append([f"{scene.first} to {scene.last}", *map(shown, means)])
    return rows


def shown(score: float | None) -> str:
    """A score in a table."""
    return "-" if score is None else f"{score:.5g}"


def _summaries(comparison: Comparison, scene: Scene | None) -> dict[str, dict[str, Number]]:
    return {metric: _plain(comparison.summary(metric, scene=scene)) for metric in comparison.metrics}


def _plain(summary: Summary) -> dict[str, Number]:
    return {name: number(value) for name, value in asdict(summary).items()}


def number(value: float | None) -> Number:
    """A score as strict JSON takes it."""
    return "inf" if value is not None and math.isinf(value) else value
