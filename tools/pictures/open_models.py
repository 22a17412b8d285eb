"""Make docs/models.png: crops of clips at half size, clean and compressed, by bicubic, by ours and by open models.

    python -m tools.pictures.open_models CLIP:FRAME:LEFT:TOP [CLIP:FRAME:LEFT:TOP]...

Run it from the repository's root, after `vidrestore models get span` and `vidrestore models get realesr-animevideov3`.
The pictures in the documents are of DAVIS, which is released under the BSD licence.
"""

import sys
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor

from tools.pictures.panels import save_rows
from tools.weights.enlargers import as_frames, at_half_size, enlarger
from vidrestore.frame.colour import quantise, to_rgb
from vidrestore.frame.frame import Planes
from vidrestore.video.encode.round_trip import Decoded
from vidrestore.video.facts.probe import probe
from vidrestore.video.reader import Reader

WIDTH, HEIGHT, ZOOM = 108, 80, 2
CRF = 28
OTHERS = "span-x2", "realesr-animevideov3-x2"
AHEAD = 2
"""Frames after the one that is shown: as many as any of the networks looks ahead."""


def rgb(picture: Planes | Tensor) -> Tensor:
    """(3, H, W) of 8 bits."""
    found = to_rgb(quantise(picture)) if isinstance(picture, Planes) else picture
    return (found * 255).round().clamp(0, 255).to(torch.uint8)


def enlarged(given: Decoded, number: int, name: str) -> Tensor:
    reach, method = enlarger(name)
    frames = as_frames(given)[max(0, number - reach) :]
    return rgb(list(method(frames))[min(reach, number)])


def rows(path: Path, number: int, left: int, top: int) -> list[dict[str, Tensor]]:
    """Clean and compressed, each by bicubic, by the network of ours that `auto` takes, by the others, and as it was."""
    originals = [rgb(frame.picture) for frame in islice(Reader(probe(path)), number + AHEAD + 1)]
    codes = [picture.permute(1, 2, 0).numpy() for picture in originals]
    found = []
    for crf, kind, ours in ((None, "clean", "aligned-x2"), (CRF, f"CRF {CRF}", "robust-x2")):
        given = at_half_size(codes, crf)
        pictures = {f"{name}, {kind}": enlarged(given, number, name) for name in ("bicubic", ours, *OTHERS)}
        pictures |= {"original": originals[number]}
        found.append({name: p[:, top : top + HEIGHT, left : left + WIDTH] for name, p in pictures.items()})
    return found


def main(*places: str) -> None:
    found = []
    for place in places:
        path, *numbers = place.split(":")
        found += rows(Path(path), *map(int, numbers))
    save_rows("models.png", found, ZOOM)


if __name__ == "__main__":
    main(*sys.argv[1:])
