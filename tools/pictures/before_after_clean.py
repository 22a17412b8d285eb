"""Make docs/clean.png: crops of compressed clips, as they are and cleaned, twice as large.

    python tools/pictures/before_after_clean.py ../shared/data/clips/flash.flv:20:400:200 [CLIP:FRAME:LEFT:TOP]...

The clips are free to use; their SOURCES.md says whose they are.
"""

import sys
from itertools import islice
from pathlib import Path

import panels
import torch
from torch import Tensor

from vidrestore.base.settings import Cleaning, Settings
from vidrestore.frame.colour import quantise, to_rgb
from vidrestore.frame.frame import Frame, Planes
from vidrestore.restoration.clean import clean
from vidrestore.video.facts.probe import probe
from vidrestore.video.reader import Reader

WIDTH, HEIGHT, ZOOM = 200, 130, 2


def rgb(frame: Frame) -> Tensor:
    """(3, H, W) of 8 bits."""
    picture = to_rgb(quantise(frame.picture)) if isinstance(frame.picture, Planes) else frame.picture
    return (picture * 255).round().clamp(0, 255).to(torch.uint8)


def main(*places: str) -> None:
    rows = []
    for place in places:
        path, *numbers = place.split(":")
        number, left, top = map(int, numbers)
        frames = list(islice(Reader(probe(Path(path)), tells_step=True), number + 3))
        stage = clean(Cleaning(strength=1.0), settings=Settings()).load()
        cleaned = list(stage.run(iter(frames)))
        crops = [rgb(each[number])[:, top : top + HEIGHT, left : left + WIDTH] for each in (frames, cleaned)]
        rows.append([torch.nn.functional.pad(c, (0, WIDTH - c.shape[2], 0, HEIGHT - c.shape[1])) for c in crops])
    columns = {label: torch.cat([row[i] for row in rows], 1) for i, label in enumerate(("as it is", "clean"))}
    panels.save("clean.png", columns, left=0, top=0, width=WIDTH, height=HEIGHT * len(rows), zoom=ZOOM)


if __name__ == "__main__":
    main(*sys.argv[1:])
