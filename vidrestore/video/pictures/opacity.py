"""How opaque the pixels of a picture are, taken from its source and enlarged beside the colours."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ...frame.resize import upsample
from .decode import decode_opacity
from .formats.picture_header import PictureHeader

KEPT = (".png", ".tif", ".tiff", ".webp")
"""Suffixes of pictures that hold it."""


def with_opacity(samples: NDArray[Any], source: Path, header: PictureHeader) -> NDArray[Any]:
    """(H, W, 3) samples of 8 or 16 bits -> (H, W, 4), with what the source has; unchanged where sizes do not fit.

    Raises:
        InputError: the source is damaged.
        ResourceError: memory does not suffice.
    """
    opacity = decode_opacity(source, header)
    (height, width), (down, across) = opacity.shape, samples.shape[:2]
    scale = down // height
    if (scale * height, scale * width) != (down, across):
        return samples
    white, most = (255 if each.dtype == np.uint8 else 65535 for each in (samples, opacity))
    share = torch.from_numpy(opacity.astype(np.float32))[None, None] / most
    enlarged = upsample(share, scale) if scale > 1 else share
    codes = (enlarged[0, 0] * white).round().clamp(0, white).numpy().astype(samples.dtype)
    return np.dstack((samples, codes))
