"""Benchmark of the whole of `upscale`, 960x540 to 1920x1080, beside its stages alone."""

import os
from collections.abc import Callable
from pathlib import Path

from ..base.settings import Encoding, Reading, Settings
from ..engine import choose, run
from ..frame.frame import Frame
from ..models.weights import files, manifest
from ..restoration.job import prepare
from ..restoration.pipeline import restore
from ..restoration.report import Report
from ..restoration.upscale import upscale
from ..video.facts.probe import probe
from ..video.reader import Reader
from .encode import write
from .material import planes, scratch, write_clip
from .row import Effort, Row, measure

PRESET, MODEL, SCALE = "veryfast", "espcn", 2
HEIGHT, WIDTH = 540, 960
ALONE = 24
"""Frames that each stage is measured on alone: they are all in memory."""


def whole(effort: Effort) -> list[Row]:
    """fps; busy: share of the time that each stage worked; of limit: share of cores / processor time of the stages."""
    with scratch() as folder:
        source = write_clip(folder / "source.mp4", frames=effort.frames, height=HEIGHT, width=WIDTH)
        target = folder / "target.mp4"
        reports: list[Report] = []
        cases = _alone(source, target, min(ALONE, effort.frames))
        cases["whole"] = lambda: reports.append(_restored(source, target))
        costs = measure(cases, repeats=effort.repeats)
    report = sorted(reports[1:], key=lambda each: each.seconds)[len(reports[1:]) // 2]
    fps = effort.frames / costs["whole"].wall
    counted = {"decode": effort.frames, "network": min(ALONE, effort.frames), "encode": min(ALONE, effort.frames)}
    alone = {name: costs[name].processor / frames for name, frames in counted.items()}
    limit = cores() / sum(alone.values())
    facts = {"limit fps": limit, "of limit": fps / limit}
    facts |= {f"{name} alone, processor ms": 1000 * seconds for name, seconds in alone.items()}
    facts |= {f"{name} busy": seconds / report.seconds for name, seconds in report.stages.items()}
    facts["processor ms"] = 1000 * costs["whole"].processor / effort.frames
    facts["peak MiB"] = report.peak_memory / (1 << 20)
    return [Row("pipeline", f"upscale {WIDTH}x{HEIGHT} to {SCALE * WIDTH}x{SCALE * HEIGHT}", fps, "fps", facts)]


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _alone(source: Path, target: Path, count: int) -> dict[str, Callable[[], object]]:
    settings, info = Settings(), probe(source)
    network, engine = files.load(manifest.find(MODEL, task="upscale", scale=SCALE)), choose(settings)
    frames = [frame for frame, _ in zip(Reader(info), range(count), strict=False)]
    large = [
        Frame(picture, frame.pts, frame.duration)
        for frame, picture in zip(frames, planes(count, height=SCALE * HEIGHT, width=SCALE * WIDTH), strict=True)
    ]
    return {
        "decode": lambda: sum(1 for _ in Reader(info)),
        "network": lambda: sum(1 for _ in run(network, frames, engine=engine, settings=settings)),
        "encode": lambda: write(info, target, large, PRESET),
    }


def _restored(source: Path, target: Path) -> Report:
    stages = (upscale(MODEL, scale=SCALE, settings=Settings()),)
    encoding = Encoding(codec="libx264", preset=PRESET)
    return restore(prepare(source, target, stages, reading=Reading(), encoding=encoding, overwrite=True))
