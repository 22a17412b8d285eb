"""Make docs/deblur.png: frames of DAVIS clips blurred by their own motion, deblurred, and as they were.

    python tools/pictures/before_after_deblur.py ../shared/data/eval/video/davis_soapbox.mp4 "0025 of 9" 200 60

DAVIS is released under the BSD licence.
"""

import sys
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import panels
import torch

from vidrestore.base.settings import Settings
from vidrestore.engine import choose, run
from vidrestore.frame.frame import Frame
from vidrestore.models.weights import files, manifest
from vidrestore.training.evaluate.blurred_pairs import blurred_pairs

WIDTH, HEIGHT, ZOOM = 160, 130, 2


def main(clip: str, name: str, left: str, top: str) -> None:
    with TemporaryDirectory() as folder:
        (Path(folder) / Path(clip).name).symlink_to(Path(clip).resolve())
        pair = next(pair for pair in blurred_pairs(Path(folder)) if pair.name == name)
    settings = Settings()
    network = files.load(manifest.rows()["unblur"])
    (restored,) = run(
        network, [Frame(pair.blurred, Fraction(0), Fraction(1))], engine=choose(settings), settings=settings
    )
    assert isinstance(restored.picture, torch.Tensor)
    pictures = {"blurred": pair.blurred, "deblur": restored.picture, "sharp": pair.sharp}
    codes = {label: (picture * 255).round().clamp(0, 255).to(torch.uint8) for label, picture in pictures.items()}
    panels.save("deblur.png", codes, left=int(left), top=int(top), width=WIDTH, height=HEIGHT, zoom=ZOOM)


if __name__ == "__main__":
    main(*sys.argv[1:])
