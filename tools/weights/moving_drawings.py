"""Make clips of moving drawings, as folders of numbered pictures, for `measure_damage.py clean OUT`.

    python tools/weights/moving_drawings.py OUT [--clips 6] [--frames 12] [--side 352]

No recipe learns from them: training takes the first drawings, these are from far behind.
"""

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image

from vidrestore.training.data.drawings import drawing
from vidrestore.training.data.layered_motion import layered

FIRST = 1_000_000
"""Seed of the first drawing."""
DRAWINGS = 4
"""To a clip."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--clips", type=int, default=6)
    parser.add_argument("--frames", type=int, default=12)
    parser.add_argument("--side", type=int, default=352)
    asked = parser.parse_args()
    for clip in range(asked.clips):
        with TemporaryDirectory() as scratch:
            paths = [Path(scratch, f"{number}.png") for number in range(DRAWINGS)]
            for number, path in enumerate(paths):
                Image.fromarray(drawing(np.random.default_rng([FIRST, clip, number]))).save(path)
            times = [n - asked.frames // 2 for n in range(asked.frames)]
            frames = layered(paths, times, side=asked.side, rng=np.random.default_rng([FIRST, clip]))
        folder = asked.out / f"drawing{clip}"
        folder.mkdir(parents=True, exist_ok=True)
        for number, frame in enumerate(frames):
            Image.fromarray(frame).save(folder / f"{number:03}.png")


if __name__ == "__main__":
    main()
