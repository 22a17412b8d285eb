"""Benchmark of the start: a whole command on one frame, 960x540 to 1920x1080, the first time and again."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from statistics import median

from .material import scratch, write_clip
from .row import Effort, Row

SIZE = (540, 960)
"""Height and width of the source."""


def start(effort: Effort) -> list[Row]:
    """Seconds from the command to its end: an upper bound of the time to the first frame."""
    with scratch() as folder:
        source = write_clip(folder / "source.mp4", frames=2, height=SIZE[0], width=SIZE[1])
        words = [sys.executable, "-m", "vidrestore", "upscale", str(source), str(folder / "target.mp4"), "-yq"]
        words += ["--end", "1f", "--preset", "veryfast"]
        environment = os.environ | {"VIDRESTORE_CACHE": str(folder / "cache")}
        runs = [_run(words, environment) for _ in range(1 + effort.repeats)]
    first, again = runs[0], tuple(map(median, zip(*runs[1:], strict=True)))
    return [
        Row("start", f"one frame, {when}", wall, "s", {"processor s": processor})
        for when, (wall, processor) in (("the first time", first), ("again", again))
    ]


def _run(words: list[str], environment: Mapping[str, str]) -> tuple[float, float]:
    """Seconds on the clock, and of all processors together."""
    began, before = time.perf_counter(), os.times()
    subprocess.run(words, check=True, env=environment, capture_output=True)
    after = os.times()
    spent = after.children_user - before.children_user + after.children_system - before.children_system
    return time.perf_counter() - began, spent
