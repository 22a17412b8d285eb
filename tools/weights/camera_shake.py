"""Blind deblurring on pictures that a shaken camera took, beside the sharp ones: what each method gains, in one table.

    python tools/weights/camera_shake.py ../shared/data/eval/levin2009

NAME_blur.png and NAME_gt.png are grey and show the same (Levin et al. 2009). As the users of that data do, each result
is moved by up to 5 pixels, in quarters, to where it fits best, for a path may be found anywhere, and 15 pixels at the
borders are left out. The error ratio is the result's square error over that of the same restoration with the true
kernel. That kernel is not in the data: it is fitted to both pictures here, and is not quite it.
"""

import argparse
import math
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean

import cv2
import numpy as np
import torch
from scipy.optimize import nnls
from torch import Tensor

from vidrestore.models.ensemble import Mirrored
from vidrestore.models.processor import apply
from vidrestore.restoration.deblurring.blind.edges import Floats
from vidrestore.restoration.deblurring.inverse import METHODS
from vidrestore.restoration.deblurring.psf_choice import estimate
from vidrestore.restoration.deblurring.stage import find
from vidrestore.restoration.network import network_of

BORDER, MOST = 15, 5
SIDE = 27


def pairs(data: Path) -> Iterator[tuple[str, Floats, Floats]]:
    for path in sorted(data.glob("*_blur.png")):
        name = path.stem.removesuffix("_blur")
        both = (cv2.imread(str(each), cv2.IMREAD_GRAYSCALE) for each in (path, path.with_name(f"{name}_gt.png")))
        blurred, sharp = (np.asarray(picture / 255, np.float32) for picture in both)
        yield name, blurred, sharp


def true_kernel(blurred: Floats, sharp: Floats) -> Tensor:
    """The kernel without values below 0 that makes one of the other, by least squares of their differences."""
    reach = SIDE // 2
    normal, known = np.zeros((SIDE**2, SIDE**2)), np.zeros(SIDE**2)
    for axis in (0, 1):
        given, seen = (np.diff(picture, axis=axis) for picture in (sharp, blurred))
        around = np.lib.stride_tricks.sliding_window_view(given, (SIDE, SIDE))[:, :, ::-1, ::-1]
        for row, wanted in zip(around, seen[reach:-reach, reach:-reach], strict=True):
            flat = row.reshape(len(row), -1)
            normal += flat.T @ flat
            known += flat.T @ wanted
    root = np.linalg.cholesky(normal + np.eye(SIDE**2) * 1e-3 * normal.diagonal().mean())
    kernel, _ = nnls(root.T, np.linalg.solve(root, known))
    return torch.from_numpy(kernel.reshape(SIDE, SIDE) / kernel.sum())


def error(made: Floats, sharp: Floats) -> float:
    """Mean square error where the two fit best."""
    made = np.clip(made, 0, 1)

    def at(down: float, right: float) -> float:
        by = np.array([[1, 0, right], [0, 1, down]], np.float32)
        moved = cv2.warpAffine(made, by, made.shape[::-1], flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return float(np.square(moved - sharp)[BORDER:-BORDER, BORDER:-BORDER].mean())

    steps = range(-MOST, MOST + 1)
    best = min((at(y, x), y, x) for y in steps for x in steps)
    for step in (0.5, 0.25):
        _, y, x = best
        best = min((at(y + step * i, x + step * j), y + step * i, x + step * j) for i in (-1, 0, 1) for j in (-1, 0, 1))
    return best[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--noise", type=float, default=1.0, help="as of vidrestore deblur")
    asked = parser.parse_args()
    network = Mirrored(network_of(find("unblur"), task="deblur"))
    rows = dict[str, list[tuple[float, float]]]()
    for name, blurred, sharp in pairs(asked.data):
        picture, noise = torch.from_numpy(blurred).expand(3, -1, -1), asked.noise / 255
        found, _ = estimate(picture)
        made = {"nothing": picture, "unblur": restored(network, picture)}
        for method in ("sparse", "wiener"):
            made[f"--estimate -m {method}"] = picture if found is None else METHODS[method](picture, found, noise=noise)
        known = METHODS["sparse"](picture, true_kernel(blurred, sharp), noise=noise)
        made["sparse, true kernel"] = known
        least = error(known[0].numpy(), sharp)
        for method, each in made.items():
            wrong = error(each[0].numpy(), sharp)
            rows.setdefault(method, []).append((-10 * math.log10(wrong), wrong / least))
        print(name, {method: round(values[-1][0], 2) for method, values in rows.items()}, flush=True)
    table(rows)


def restored(network: Mirrored, picture: Tensor) -> Tensor:
    height, width = picture.shape[1:]
    padded = torch.nn.functional.pad(picture[None], (0, -width % 8, 0, -height % 8), mode="replicate")
    with torch.no_grad():
        return apply(network, padded[:, None])[0, 0, :, :height, :width]


def table(rows: dict[str, list[tuple[float, float]]]) -> None:
    print("| method | PSNR | gain | worst gain | ratio < 1.5 | < 2 | < 3 |\n|---|---|---|---|---|---|---|")
    before = [decibels for decibels, _ in rows["nothing"]]
    for method, values in rows.items():
        gains = [decibels - was for (decibels, _), was in zip(values, before, strict=True)]
        shares = " | ".join(f"{fmean(ratio < most for _, ratio in values):.0%}" for most in (1.5, 2, 3))
        mean = fmean(decibels for decibels, _ in values)
        print(f"| {method} | {mean:.2f} | {fmean(gains):+.2f} | {min(gains):+.2f} | {shares} |")


if __name__ == "__main__":
    main()
