"""Fit NIQE's model of sharp pictures: weights/niqe.json.

    python tools/weights/fit_niqe.py ../shared/data/train/stills/bsds500_train "BSDS500 train, 198 pictures"

The second argument names the data inside the file.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from vidrestore.metrics.pristine import fit
from vidrestore.metrics.psnr import matlab_luma
from vidrestore.models.weights.files import folder
from vidrestore.video.pictures.folder import list_pictures
from vidrestore.video.pictures.read import read_picture


def lumas(pictures: Path) -> Iterator[np.ndarray]:
    for path in list_pictures(pictures):
        yield matlab_luma(read_picture(path).permute(1, 2, 0).numpy() * 255)


def main(pictures: str, data: str) -> None:
    pristine = fit(lumas(Path(pictures)), data=data)
    target = folder() / "niqe.json"
    target.write_text(pristine.to_json(), encoding="utf-8")
    print(f"{target}: {pristine.blocks} sharp blocks of {pristine.pictures} pictures")


if __name__ == "__main__":
    main(*sys.argv[1:])
