"""Count the 32x32 blocks of clean clips that a network enlarges worse than another: a row of Markdown for each clip.

    python tools/weights/weak_blocks.py aligned-x2 espcn-x2 ../shared/data/eval/vid4/* [--frames 12] [--side 512]

A block counts where the second network has less than 40 dB and the first is more than 1 dB below that: luma, two times,
reduced by MATLAB's bicubic. Beside it the PSNR of both.
"""

import argparse
from pathlib import Path
from statistics import fmean

import numpy as np
from measure_damage import cut, luma_of, shortened

from vidrestore.base.settings import Settings
from vidrestore.metrics.psnr import crop_border, psnr
from vidrestore.restoration.network import find, network_of
from vidrestore.training.data.degrade import Degradation
from vidrestore.training.evaluate.clips import Clip, Luma, clips
from vidrestore.training.evaluate.upscaling import Enlarged, enlarged, rounded

SIDE = 32
ENDS = 2
"""Frames at both ends of a clip that are left out, and pixels at the borders of a picture."""
FINE, WORSE = 40.0, 1.0
"""dB."""


def blocks(truth: Luma, shown: Luma) -> Luma:
    """PSNR of each block in dB."""
    height, width = (n // SIDE * SIDE for n in truth.shape)
    square = np.square(truth - shown)[:height, :width]
    mse = square.reshape(height // SIDE, SIDE, width // SIDE, SIDE).mean((1, 3))
    return np.asarray(10 * np.log10(255**2 / np.maximum(mse, 1e-3)), np.float32)


def frames_of(name: str, clip: Clip) -> list[Enlarged]:
    network = network_of(find(name, task="upscale", scale=2), task="upscale")
    return list(enlarged([network], Degradation(2), [clip], settings=Settings(), ends=ENDS))


def row(path: Path, clip: Clip, first: str, second: str) -> str:
    weak, means = [], []
    for own, other in zip(frames_of(first, clip), frames_of(second, clip), strict=True):
        truth, *shown = (crop_border(each, ENDS) for each in (own.reference, rounded(own.made), rounded(other.made)))
        a, b = (blocks(truth, each) for each in shown)
        weak.append(np.mean((b < FINE) & (a < b - WORSE)))
        means.append([psnr(truth, each) for each in shown])
    scores = " | ".join(f"{fmean(column):.2f}" for column in zip(*means, strict=True))
    return f"| {path.name} | {100 * fmean(weak):.2f} | {scores} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("first")
    parser.add_argument("second")
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--frames", type=int, default=12)
    parser.add_argument("--side", type=int, default=512)
    asked = parser.parse_args()
    print(f"| clip | weak blocks, % | {asked.first} | {asked.second} |\n|---|---|---|---|")
    for path in asked.paths:
        for clip in shortened(clips(path, lambda rgb: luma_of(cut(rgb, asked.side))), asked.frames):
            print(row(path, clip, asked.first, asked.second), flush=True)


if __name__ == "__main__":
    main()
