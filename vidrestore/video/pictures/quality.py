"""How compressed and how noisy pictures are: told from the files' sizes and the first pictures."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..facts.quality import FRAMES, SIDE, SourceQuality, compression_of, noise, with_kind
from .decode import decode_picture
from .folder import FORMATS, list_pictures
from .formats.header import read_header

LOSSY = {".jpg": "mjpeg", ".jpeg": "mjpeg", ".webp": "vp8"}
"""Suffix -> the codec whose bits a pixel mean the same. Other formats lose nothing, though their pictures may have been
compressed before."""
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
    return 0.0 if codec is None else compression_of(bits, codec), noise(_luma(decode_picture(path, header)))


def _luma(samples: NDArray[np.generic]) -> NDArray[np.float32]:
    """(H, W) on the scale of 8 bits."""
    white = FORMATS[str(samples.dtype)][2]
    part = samples[:SIDE, :SIDE].astype(np.float32) * np.float32(255 / white)
    return np.asarray(part if part.ndim == 2 else part[..., :3] @ LUMA, np.float32)
