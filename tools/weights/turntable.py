"""The pictures for document 002's experiment: a turning object, its first four fifths to learn from, the rest to test.

python tools/weights/turntable.py ../shared/data/train/video/crystal_turntable.mp4 runs/crystal
vidrestore train delta-document --data runs/crystal/train --out runs/delta-document
vidrestore evaluate delta-document five-parallel-document --data runs/crystal/test --table
"""

import argparse
from pathlib import Path

import av
import cv2

TRAIN = 0.8
BARS = 8
"""Columns that are cut off on the left and on the right: the clip has seven black ones there."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clip", type=Path)
    parser.add_argument("folder", type=Path, help="gets train/turning/ and test/turning/")
    asked = parser.parse_args()
    with av.open(str(asked.clip)) as container:
        pictures = [frame.to_ndarray(format="bgr24")[:, BARS:-BARS] for frame in container.decode(video=0)]
    first = round(TRAIN * len(pictures))
    for part, chosen in (("train", pictures[:first]), ("test", pictures[first:])):
        folder = asked.folder / part / "turning"
        folder.mkdir(parents=True, exist_ok=True)
        for number, picture in enumerate(chosen, 1):
            cv2.imwrite(str(folder / f"{number:04}.png"), picture)
        print(folder, len(chosen))


if __name__ == "__main__":
    main()
