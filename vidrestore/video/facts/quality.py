"""How compressed and how noisy a video is: told from its packets and its first frames."""

from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from math import pi, sqrt
from pathlib import Path
from statistics import median
from typing import Literal

import numpy as np
from av.error import FFmpegError
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from ..container import open_container, picture_stream
from ..decode.pixel_format import depth_of
from ..decode.quantiser import ask_for_quantiser, step_of_packet
from ..decode.quantiser import step_of as quantiser_step
from ..time.timeline import packets
from .compression import UNKNOWN, compression_of, guessed_step, step_of

Kind = Literal["clean", "compressed", "noisy", "compressed and noisy"]

PACKETS = 250
"""Of the pictures, whose sizes are counted: some seconds, a key frame among them."""
FRAMES, TOLD = 3, 12
"""In which noise is measured, and whose quantisers are looked at."""
NOISY = 2.0
"""Standard deviation in 8-bit codes."""
SIDE = 1080
"""Rows and columns of a frame that are looked at."""
BLOCK = 16
CALM = 0.1
"""Share of blocks, those where least goes on, that tell the noise."""

UNCLIPPED, MOST = (24, 230), 0.9
"""Luma that shows noise, and the share of a block that must have it: black bars and white skies show none."""


@dataclass(frozen=True, slots=True)
class SourceQuality:
    """What was found; the keys of `source_quality` in reports are these names."""

    kind: Kind
    compression: float
    """0 as good as not at all to 1; from 0.5 on it counts as compressed."""
    noise: float
    """Standard deviation in 8-bit codes, where least goes on in the pictures."""


def typical_step(quality: SourceQuality | None) -> float:
    """Of the quantiser, in 8-bit codes, for frames whose decoder does not tell it; None: nothing is known."""
    return UNKNOWN if quality is None else step_of(quality.compression)


def source_quality(path: Path, *, follow_references: bool = False) -> SourceQuality:
    """Look at the packets of a video's first seconds and at its first frames.

    Raises:
        UsageError, InputError: as `container.opened`.
    """
    lumas: list[NDArray[np.float32]] = []
    steps: list[float] = []
    count = size = 0
    with open_container(path, follow_references=follow_references) as container:
        stream = picture_stream(container, path)
        ask_for_quantiser(stream.codec_context)
        pixels = stream.codec_context.width * stream.codec_context.height
        codec = stream.codec_context.codec
        for packet in islice(packets(container, stream), PACKETS):
            count, size = count + 1, size + packet.size
            if len(lumas) >= FRAMES and len(steps) in (0, TOLD):
                continue
            with suppress(FFmpegError):  # what is damaged is counted where the video is read
                table = step_of_packet(packet)
                for frame in packet.decode():
                    lumas += [_luma(frame)] if len(lumas) < FRAMES else []
                    step = table or quantiser_step(frame)
                    steps += [] if step is None or len(steps) == TOLD else [step]
    found = max(map(noise, lumas), default=0.0)
    if not codec.lossy:
        return with_kind(0.0, found)
    step = median(steps) if steps else guessed_step(8 * size / max(1, count * pixels), codec.canonical_name, lumas)
    return with_kind(compression_of(step), found)


def with_kind(compression: float, noise: float) -> SourceQuality:
    """The two numbers with their kind."""
    words = [word for word, holds in (("compressed", compression >= 0.5), ("noisy", noise >= NOISY)) if holds]
    kind: Kind = " and ".join(words) or "clean"  # type: ignore[assignment]
    return SourceQuality(kind, round(compression, 3), round(noise, 2))


def noise(luma: NDArray[np.float32]) -> float:
    """Standard deviation of the noise in (H, W), on luma's own scale (Immerkaer 1996, in the calmest blocks)."""
    height, width = (n // BLOCK * BLOCK for n in (luma.shape[0] - 2, luma.shape[1] - 2))
    if height <= 0 or width <= 0:
        return 0.0
    down = luma[:-2] - 2 * luma[1:-1] + luma[2:]
    second = np.abs(down[:, :-2] - 2 * down[:, 1:-1] + down[:, 2:])
    inside = ((luma > UNCLIPPED[0]) & (luma < UNCLIPPED[1])).astype(np.float32)
    amount, share = (_means(each[:height, :width]) for each in (second, inside))
    told = amount[share > MOST]
    return float(np.quantile(told, CALM)) * sqrt(pi / 2) / 6 if told.size else 0.0


def _means(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of blocks."""
    height, width = picture.shape
    blocks = picture.reshape(height // BLOCK, BLOCK, width // BLOCK, BLOCK)
    return np.asarray(blocks.mean((1, 3)), np.float32)


def _luma(frame: VideoFrame) -> NDArray[np.float32]:
    """(H, W) on the scale of 8 bits."""
    deep = depth_of(frame.format.name) > 8
    codes = frame.reformat(format="gray16le" if deep else "gray").to_ndarray()[:SIDE, :SIDE]
    return np.asarray(codes / (256 if deep else 1), np.float32)
