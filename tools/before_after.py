"""Make docs/before_after.png: one Kodak picture shrunk three times, enlarged by bicubic and by espcn-x3.

    python tools/before_after.py ../shared/data/eval/kodak/kodim23.png 408 98

Kodak's pictures are released for unrestricted usage.
"""

import sys
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import torch

from vidrestore import weights
from vidrestore.engine import choose, run
from vidrestore.frame import Frame
from vidrestore.ops.imresize import imresize
from vidrestore.settings import Settings

SCALE = 3
SIDE = 156
"""Pixels a side of the crop, of the original; a multiple of SCALE."""
ZOOM = 2


def main(path: str, left: str, top: str) -> None:
    picture = cv2.imread(path)[..., ::-1]
    h, w = (n // SCALE * SCALE for n in picture.shape[:2])
    original = torch.from_numpy(picture[:h, :w].copy()).permute(2, 0, 1)
    small = imresize(original, 1 / SCALE)
    settings = Settings()
    network = weights.load(weights.manifest()[f"espcn-x{SCALE}"])
    frame = Frame(small.float() / 255, Fraction(0), Fraction(1))
    (restored,) = run(network, [frame], engine=choose(settings), settings=settings)
    assert isinstance(restored.picture, torch.Tensor)
    after = (restored.picture * 255).round().clamp(0, 255).to(torch.uint8)
    x, y = int(left) // SCALE * SCALE, int(top) // SCALE * SCALE
    panels = []
    for name, image in (("bicubic", imresize(small, SCALE)), (f"espcn-x{SCALE}", after), ("original", original)):
        crop = image[:, y : y + SIDE, x : x + SIDE].permute(1, 2, 0).numpy()[..., ::-1]
        large = np.ascontiguousarray(crop.repeat(ZOOM, 0).repeat(ZOOM, 1))
        cv2.rectangle(large, (0, 0), (96, 24), (0, 0, 0), cv2.FILLED)
        cv2.putText(large, name, (8, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255), 1, cv2.LINE_AA)
        panels.append(large)
    target = Path(__file__).resolve().parent.parent / "docs" / "before_after.png"
    target.parent.mkdir(exist_ok=True)
    cv2.imwrite(str(target), np.hstack(panels))
    print(target)


if __name__ == "__main__":
    main(*sys.argv[1:])
