"""Find the ranges with which the inner convolutions of networks may be computed in int8; they go into the manifest.

python tools/weights/calibrate.py espcn-x2 espcn-x3 --data ../shared/data/train --scratch /tmp/scratch
"""

import argparse
from dataclasses import replace
from itertools import chain
from pathlib import Path

import torch
from release_weights import write

from vidrestore.models.weights import files, manifest
from vidrestore.models.weights.calibration import extremes, measure
from vidrestore.training.recipes import RECIPES

STEPS = 64
"""Batches of what the network was trained on."""


def beyond(picture: torch.Tensor) -> torch.Tensor:
    """With black and white where 8-bit codes end, beyond those of video range."""
    return (picture * 255 - 16) / 219


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="+")
    parser.add_argument("--data", type=Path, required=True, help="as for `vidrestore train`")
    parser.add_argument("--scratch", type=Path, required=True, help="where clips are unpacked")
    asked = parser.parse_args()
    for name in asked.names:
        entry = manifest.rows()[name]
        network, recipe = files.load(entry), RECIPES[entry.recipe]
        batches = recipe.task.open(asked.data, asked.scratch).batches(batch=recipe.batch, seed=recipe.seed, steps=STEPS)
        pictures = chain((batches[n][0] for n in range(STEPS)), [beyond(extremes()[:, None])])
        with torch.no_grad():
            found = measure(network.core, map(network.prepare, pictures))
        ranges = {layer: [round(low, 3), round(high, 3)] for layer, (low, high) in found.items()}
        write(manifest.folder() / "manifest.toml", replace(entry, ranges=ranges))
        print(name, ranges)


if __name__ == "__main__":
    main()
