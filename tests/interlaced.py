"""Interlaced and telecined clips for tests: a textured picture that moves, and videos woven of its moments."""

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import av
import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

HEIGHT, WIDTH = 96, 128
NTSC = Fraction(30000, 1001)


@lru_cache(maxsize=1)
def _texture() -> Tensor:
    noise = torch.rand((1, 1, 4 * HEIGHT, 8 * WIDTH), generator=torch.Generator().manual_seed(3))
    smooth = avg_pool2d(noise, 9, stride=1, padding=4)[0, 0]
    return ((smooth - smooth.min()) / (smooth.max() - smooth.min()) * 200 + 20).to(torch.uint8)


def moment(number: int) -> Tensor:
    """The scene at a moment, (96, 128) uint8: it moves by 3 pixels to the right and 1 down from one to the next."""
    x, y = 3 * number, number
    return _texture()[y : y + HEIGHT, x : x + WIDTH]


def woven(first: Tensor, second: Tensor, *, bottom_first: bool = False) -> Tensor:
    """A frame of the one's first field and the other's second."""
    frame = first.clone()
    frame[0 if bottom_first else 1 :: 2] = second[0 if bottom_first else 1 :: 2]
    return frame


def interlaced(count: int, *, bottom_first: bool = False) -> list[Tensor]:
    """Frames whose fields are one moment apart."""
    return [woven(moment(2 * n), moment(2 * n + 1), bottom_first=bottom_first) for n in range(count)]


def telecined(film: Sequence[Tensor], *, bottom_first: bool = False) -> list[Tensor]:
    """Film spread over fields by 3:2 pulldown: 5 frames of 4."""
    fields = [frame for number, frame in enumerate(film) for _ in range(3 if number % 2 else 2)]
    return [woven(*fields[n : n + 2], bottom_first=bottom_first) for n in range(0, len(fields) - 1, 2)]


def write(
    path: Path, frames: Sequence[Tensor], *, rate: Fraction = Fraction(25), flags: str = "", key: int = 250
) -> Path:
    """Without loss. flags: "tff=1" or "bff=1" as x264 has it; key: the most frames from one key frame to the next."""
    params = ":".join(filter(None, (flags, f"keyint={key}:min-keyint={key}:scenecut=0")))
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=rate, options={"qp": "0", "x264-params": params})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number, luma in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(
                np.concatenate((luma.numpy(), np.full((HEIGHT // 2, WIDTH), 128, np.uint8))), format="yuv420p"
            )
            frame.pts, frame.time_base = number, 1 / rate
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path
