"""Where a result is wrong: difference pictures, amplified so that they can be seen."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import ResourceError
from ..files import write_whole
from .results import Comparison, Kept

AMPLIFIED = 8
"""An error of 32 codes and more is white."""

Bytes = NDArray[np.uint8]


def difference(kept: Kept) -> Bytes:
    """(H, W, 3) |result - reference| times AMPLIFIED, per channel; black where the two are equal."""
    return np.asarray(cv2.convertScaleAbs(cv2.absdiff(kept.distorted, kept.reference), alpha=AMPLIFIED))


def png(rgb: Bytes) -> bytes:
    """A picture, red first, as a PNG file."""
    _, encoded = cv2.imencode(".png", rgb[..., ::-1])
    return bytes(encoded)


def write_differences(comparison: Comparison, folder: Path) -> list[Path]:
    """A PNG for each pair that was kept, named by its rank, frame and score, in `folder`: made, or rid of earlier ones.

    Raises:
        ResourceError: it cannot be written.
    """
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise ResourceError(f"{folder} cannot be made: {error.strerror}") from error
    for earlier in folder.glob("worst_*_frame_*.png"):
        earlier.unlink()
    metric = comparison.metrics[0]
    paths = []
    for rank, kept in enumerate(comparison.kept, 1):
        path = folder / f"worst_{rank}_frame_{kept.row.frame:08d}_{metric}_{kept.row.scores[metric]:.4g}.png"
        write_whole(path, png(difference(kept)))
        paths.append(path)
    return paths
