"""Crops of pictures in several states, side by side with their names: the documents' pictures."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from torch import Tensor

DOCS = Path(__file__).resolve().parents[2] / "docs"
LEFT, LINE = 8, 24
"""Pixels before a name, and the height of the bar behind it."""


def save(name: str, pictures: dict[str, Tensor], *, left: int, top: int, width: int, height: int, zoom: int) -> None:
    """Write docs/`name`: the same crop of each.

    Args:
        pictures: what is written into the corner, and (3, H, W) of 8 bits.
    """
    save_rows(name, [{label: p[:, top : top + height, left : left + width] for label, p in pictures.items()}], zoom)


def save_rows(name: str, rows: Sequence[Mapping[str, Tensor]], zoom: int) -> None:
    """Write docs/`name`: crops of one size, row under row, each with its name."""
    DOCS.mkdir(exist_ok=True)
    picture = np.vstack([np.hstack([_panel(*each, zoom) for each in row.items()]) for row in rows])
    cv2.imwrite(str(DOCS / name), picture, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    print(DOCS / name)


def _panel(label: str, crop: Tensor, zoom: int) -> np.ndarray:
    pixels = crop.permute(1, 2, 0).numpy()[..., ::-1]
    large = np.ascontiguousarray(pixels.repeat(zoom, 0).repeat(zoom, 1))
    font, size = cv2.FONT_HERSHEY_SIMPLEX, 0.5
    (length, _), _ = cv2.getTextSize(label, font, size, 1)
    size *= min(1, (large.shape[1] - 2 * LEFT) / length)
    cv2.rectangle(large, (0, 0), (max(96, LEFT + length + LEFT), LINE), (0, 0, 0), cv2.FILLED)
    cv2.putText(large, label, (LEFT, LINE - 4), font, size, (255, 255, 255), 1, cv2.LINE_AA)
    return large
