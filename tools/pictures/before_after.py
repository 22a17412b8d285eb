"""Make docs/before_after.png: one Kodak picture shrunk three times, enlarged by bicubic and by espcn-x3.

    python tools/pictures/before_after.py ../shared/data/eval/kodak/kodim23.png 408 98

Kodak's pictures are released for unrestricted usage.
"""

import sys
from fractions import Fraction

import cv2
import panels
import torch

from vidrestore.base.settings import Settings
from vidrestore.engine import choose, run
from vidrestore.frame.frame import Frame
from vidrestore.frame.resize import imresize
from vidrestore.models.weights import files, manifest

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
    network = files.load(manifest.rows()[f"espcn-x{SCALE}"])
    frame = Frame(small.float() / 255, Fraction(0), Fraction(1))
    (restored,) = run(network, [frame], engine=choose(settings), settings=settings)
    assert isinstance(restored.picture, torch.Tensor)
    after = (restored.picture * 255).round().clamp(0, 255).to(torch.uint8)
    x, y = int(left) // SCALE * SCALE, int(top) // SCALE * SCALE
    pictures = {"bicubic": imresize(small, SCALE), f"espcn-x{SCALE}": after, "original": original}
    panels.save("before_after.png", pictures, left=x, top=y, width=SIDE, height=SIDE, zoom=ZOOM)


if __name__ == "__main__":
    main(*sys.argv[1:])
