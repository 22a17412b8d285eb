"""Make docs/between.png: crops of frames between two, by ours, by DIS and by RIFE, beside the frame that was left out.

    python -m tools.pictures.between CLIP:FRAME:LEFT:TOP [CLIP:FRAME:LEFT:TOP]...

Run it from the repository's root, after `vidrestore models get rife`. FRAME is made of those before and after it. The
pictures in the documents are of DAVIS, which is released under the BSD licence.
"""

import sys
from fractions import Fraction
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor

from tools.pictures.panels import save_rows
from vidrestore.base.settings import Quality, Settings
from vidrestore.frame.colour import to_rgb
from vidrestore.frame.frame import Planes
from vidrestore.restoration.interpolation.choose import find
from vidrestore.training.evaluate.baselines import dis
from vidrestore.video.facts.probe import probe
from vidrestore.video.reader import Reader

WIDTH, HEIGHT, ZOOM = 160, 120, 2
MIDDLE = Fraction(1, 2)
OURS: dict[str, Quality] = {"flow": "balanced", "flow, fast": "fast"}


def eight_bits(picture: Tensor) -> Tensor:
    return (picture * 255).round().clamp(0, 255).to(torch.uint8)


def row(path: Path, number: int, left: int, top: int) -> dict[str, Tensor]:
    """Both frames blended, what each method makes of them, and the frame that lies between."""
    read = [frame.picture for frame in islice(Reader(probe(path)), number - 1, number + 2)]
    first, truth, second = (to_rgb(each) if isinstance(each, Planes) else each for each in read)
    settings = Settings(device="cpu")
    methods = {"DIS half warp": dis, "RIFE 4.0": find("rife", "balanced", settings).load()}
    methods |= {name: find("flow", quality, settings).load() for name, quality in OURS.items()}
    pictures = {"both frames": (first + second) / 2}
    pictures |= {name: next(iter(method(first, second, [MIDDLE]))) for name, method in methods.items()}
    pictures |= {"original": truth}
    return {name: eight_bits(p)[:, top : top + HEIGHT, left : left + WIDTH] for name, p in pictures.items()}


def main(*places: str) -> None:
    found = []
    for place in places:
        path, *numbers = place.rsplit(":", 3)
        found.append(row(Path(path), *map(int, numbers)))
    save_rows("between.png", found, ZOOM)


if __name__ == "__main__":
    main(*sys.argv[1:])
