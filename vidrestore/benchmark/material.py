"""Videos to measure with, the same on every machine: detail at every scale that moves, and a tone.

And the folder that they lie in as files.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np
import torch
import torch.nn.functional as F
from av.video.frame import VideoFrame
from torch import Tensor
from torch.utils.dlpack import from_dlpack

from ..base.stop import check, held
from ..frame.frame import Colour, Planes

RATE = 25
SOUND = 48000
STEP = 3
"""Pixels that the picture moves to the left from frame to frame."""


GRAIN = 2
"""Code values of luma by which frames differ at most, as noise does: what codecs spend their bits on."""


@contextmanager
def scratch() -> Iterator[Path]:
    """A temporary folder, which is gone afterwards whenever a stop comes."""
    with held():
        folder = TemporaryDirectory()
    try:
        check()
        yield Path(folder.name)
    finally:
        with held():
            folder.cleanup()


def planes(frames: int, *, height: int, width: int) -> list[Planes]:
    """4:2:0 pictures in 8 bits; both sides even."""
    random = torch.Generator().manual_seed(3)

    def grainy(plane: Tensor) -> Tensor:
        return plane + torch.randint(0, GRAIN + 1, plane.shape, dtype=torch.uint8, generator=random)

    y = _octaves(height, width + STEP * 2 * frames, seed=0)
    u, v = (_octaves(height // 2, width // 2 + STEP * frames, seed=seed) for seed in (1, 2))

    def moved(plane: Tensor, by: int, wide: int) -> Tensor:
        return plane[:, by : by + wide].contiguous()

    return [
        Planes(
            grainy(moved(y, 2 * STEP * i, width)),
            moved(u, STEP * i, width // 2),
            moved(v, STEP * i, width // 2),
            Colour(),
        )
        for i in range(frames)
    ]


def _octaves(height: int, width: int, *, seed: int) -> Tensor:
    """(height, width) uint8: random grids from two pixels a cell to 256, each finer one half as strong."""
    random = torch.Generator().manual_seed(seed)
    total = torch.zeros(height, width)
    for octave in range(1, 9):
        cells = (-(-height >> octave) + 1, -(-width >> octave) + 1)
        grid = torch.randn(1, 1, *cells, generator=random) * 2 ** (octave / 1.5)
        total += F.interpolate(grid, size=(height, width), mode="bilinear")[0, 0]
    return (128 + total * (40 / total.std())).clamp(16, 235).to(torch.uint8)


def write_clip(path: Path, *, frames: int, height: int, width: int) -> Path:
    """H.264 in MP4 at 25 frames per second, and a tone of 440 Hz as AAC."""
    with av.open(str(path), "w") as output:
        video = output.add_stream("libx264", rate=RATE, options={"preset": "veryfast", "crf": "20"})
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        sound = output.add_stream("aac", rate=SOUND, layout="mono")
        for number, picture in enumerate(planes(frames, height=height, width=width)):
            frame = VideoFrame(width, height, "yuv420p")
            for place, plane in zip(frame.planes, (picture.y, picture.u, picture.v), strict=True):
                assert plane is not None
                from_dlpack(place).copy_(plane)
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            output.mux(video.encode(frame))
        output.mux(video.encode(None))
        tone = np.sin(np.arange(SOUND * frames // RATE) * (2 * np.pi * 440 / SOUND)).astype(np.float32) / 4
        for start in range(0, len(tone), 1024):
            samples = av.AudioFrame.from_ndarray(tone[None, start : start + 1024], format="fltp", layout="mono")
            samples.sample_rate, samples.pts, samples.time_base = SOUND, start, Fraction(1, SOUND)
            output.mux(sound.encode(samples))
        output.mux(sound.encode(None))
    return path
