"""Crops of one picture in several states, side by side with their names: the documents' pictures."""

from pathlib import Path

import cv2
import numpy as np
from torch import Tensor

DOCS = Path(__file__).resolve().parents[2] / "docs"


def save(name: str, pictures: dict[str, Tensor], *, left: int, top: int, width: int, height: int, zoom: int) -> None:
    """Write docs/`name`.

    Args:
        pictures: what is written into the corner, and (3, H, W) of 8 bits.
    """
    panels = []
    for label, picture in pictures.items():
        crop = picture[:, top : top + height, left : left + width].permute(1, 2, 0).numpy()[..., ::-1]
        large = np.ascontiguousarray(crop.repeat(zoom, 0).repeat(zoom, 1))
        cv2.rectangle(large, (0, 0), (96, 24), (0, 0, 0), cv2.FILLED)
        cv2.putText(large, label, (8, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255), 1, cv2.LINE_AA)
        panels.append(large)
    DOCS.mkdir(exist_ok=True)
    cv2.imwrite(str(DOCS / name), np.hstack(panels))
    print(DOCS / name)
