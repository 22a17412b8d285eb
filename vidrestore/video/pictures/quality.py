"""How compressed and how noisy pictures are: told from the files' sizes and the first pictures."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..decode.quantiser import step_of_picture
from ..facts.compression import compression_of, guessed_step
from ..facts.quality import FRAMES, SIDE, SourceQuality, noise, with_kind
from .decode import decode_picture
from .folder import FORMATS, list_pictures
from .formats.header import read_header

LOSSY = {".webp": "vp8"}
"""Suffix -> the codec whose bits a pixel mean the same. JPEG tells its steps, and other formats lose nothing, though
their pictures may have been compressed before."""
LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def picture_quality(path: Path) -> SourceQuality:
    """Look at the first pictures of a folder, or at the one picture that `path` is.

    Raises:
        InputError: there is none, or one cannot be read.
    """
    found = [_of_picture(each) for each in list_pictures(path)[:FRAMES]]
    return with_kind(max(compression for compression, _ in found), max(noise for _, noise in found))


def _of_picture(path: Path) -> tuple[float, float]:
    """Compression and noise."""
    header = read_header(path)
    width, height = header.size
    codec = LOSSY.get(path.suffix.lower())
    bits = 8 * path.stat().st_size / (width * height)
    luma = _luma(decode_picture(path, header))
    step = step_of_picture(path)
    if step is None:
        step = 0.0 if codec is None else guessed_step(bits, codec, [luma])
    return compression_of(step), noise(luma)


def _luma(samples: NDArray[np.generic]) -> NDArray[np.float32]:
    """(H, W) on the scale of 8 bits."""
    white = FORMATS[str(samples.dtype)][2]
    part = samples[:SIDE, :SIDE].astype(np.float32) * np.float32(255 / white)
    return np.asarray(part if part.ndim == 2 else part[..., :3] @ LUMA, np.float32)
