"""Benchmark of decoding H.264, exact time stamps included."""

from functools import partial
from pathlib import Path

from ..video.facts.probe import probe
from ..video.reader import Reader
from .material import scratch, write_clip
from .row import Effort, Row, measure, per_frame

SIZES = ((540, 960), (1080, 1920))


def decode(effort: Effort) -> list[Row]:
    """ms per frame."""
    with scratch() as folder:
        clips = {
            f"h264 {width}x{height}": write_clip(
                folder / f"{height}.mp4", frames=effort.frames, height=height, width=width
            )
            for height, width in SIZES
        }
        costs = measure({name: partial(_read, clip) for name, clip in clips.items()}, repeats=effort.repeats)
    return per_frame("decode", costs, frames=effort.frames)


def _read(clip: Path) -> int:
    return sum(1 for _ in Reader(probe(clip)))
