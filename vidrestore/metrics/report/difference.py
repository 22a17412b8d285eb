"""Difference pictures of the worst frames, amplified."""

import re
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ...video.writer import appearing
from ..compare.results import Comparison, Kept

_OURS = re.compile(r"worst_\d+_frame_\d{8}_[a-z0-9_]+_[-+.0-9a-z]+\.png")
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


def write_differences(comparison: Comparison, folder: Path, *, overwrite: bool) -> list[Path]:
    """A PNG for each pair that was kept, named by its rank, frame and score, in `folder`: made, or rid of earlier ones.

    Raises:
        UsageError, ResourceError, VidrestoreError: as `appearing` does; all of them are written, or none.
    """
    metric = comparison.metrics[0]

    def outdated(_: Path) -> Iterator[str]:
        names = (path.name for path in folder.iterdir()) if folder.is_dir() else ()
        yield from filter(_OURS.fullmatch, names)

    paths = []
    with appearing(folder, outdated=outdated, overwrite=overwrite) as new:
        for rank, kept in enumerate(comparison.kept, 1):
            name = f"worst_{rank}_frame_{kept.row.frame:08d}_{metric}_{kept.row.scores[metric]:.4g}.png"
            (new / name).write_bytes(png(difference(kept)))
            paths.append(folder / name)
    return paths
