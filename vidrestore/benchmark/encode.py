"""Benchmark of encoding 1920x1080, with sound copied."""

from fractions import Fraction
from functools import partial
from pathlib import Path

from ..base.settings import Encoding
from ..frame.frame import Frame
from ..video.facts.info import VideoInfo
from ..video.facts.probe import probe
from ..video.writer import Writer, plan
from .material import RATE, planes, scratch, write_clip
from .row import Effort, Row, measure, per_frame

HEIGHT, WIDTH = 1080, 1920
PRESETS = ("veryfast", "medium")
PICTURES = 32
"""In memory, shown again and again."""


def encode(effort: Effort) -> list[Row]:
    """ms per frame."""
    with scratch() as folder:
        source = write_clip(folder / "source.mp4", frames=effort.frames, height=HEIGHT // 2, width=WIDTH // 2)
        info, target = probe(source), folder / "target.mp4"
        pictures = planes(min(PICTURES, effort.frames), height=HEIGHT, width=WIDTH)
        frames = [
            Frame(pictures[i % len(pictures)], Fraction(i, RATE), Fraction(1, RATE)) for i in range(effort.frames)
        ]
        cases = {
            f"libx264 {preset} {WIDTH}x{HEIGHT}": partial(write, info, target, frames, preset) for preset in PRESETS
        }
        costs = measure(cases, repeats=effort.repeats)
    return per_frame("encode", costs, frames=effort.frames)


def write(info: VideoInfo, target: Path, frames: list[Frame], preset: str) -> None:
    """All frames, and the sound of `info`'s file, to a file that is replaced."""
    height, width = frames[0].size
    encoding = Encoding(codec="libx264", preset=preset)
    planned = plan(info, target, encoding, width=width, height=height, overwrite=True)
    with Writer(planned, info) as writer:
        for frame in frames:
            writer.write(frame)
