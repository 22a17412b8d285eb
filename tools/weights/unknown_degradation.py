"""What learning an unknown degradation is worth: one small network, trained on three ways to make small pictures.

    python tools/weights/unknown_degradation.py ../shared/data/train/stills/bsds500_train ../shared/data/eval/kodak

The degradation: a Gaussian that is three times as wide along 30 degrees as across, every second pixel from the first
on, and noise of 2 codes. A few pictures are there in both sizes; bicubic training does not look at the small ones.
Luma PSNR (dB) and SSIM (Wang) of the test pictures, 8 bits, 8 pixels at each border left out.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import ClassVar

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from vidrestore.frame.resize import upsample
from vidrestore.metrics.psnr import crop_border, psnr
from vidrestore.metrics.ssim import ssim
from vidrestore.models.processor import apply
from vidrestore.models.weights import files
from vidrestore.training.data.degrade import Degradation
from vidrestore.training.data.learned_degradation import read as read_degradation
from vidrestore.training.data.pictures import Batches, Cache, Source, read, sources
from vidrestore.training.loop import Training
from vidrestore.training.recipes.slides import UNKNOWN
from vidrestore.training.tasks.task import Material, Task
from vidrestore.training.tasks.unknown import HIGH, KEPT, LOW, UnknownTask
from vidrestore.training.tasks.upscaling import UpscalingTask

ALONG, ACROSS, ANGLE, NOISE = 2.4, 0.8, 30.0, 2.0
RADIUS, BORDER = 8, 8


def kernel() -> Tensor:
    """(2 * RADIUS + 1, the same), sum 1."""
    steps = torch.arange(-RADIUS, RADIUS + 1.0)
    y, x = steps[:, None], steps[None]
    turn = torch.tensor(ANGLE).deg2rad()
    along, across = x * turn.cos() - y * turn.sin(), x * turn.sin() + y * turn.cos()
    weights = torch.exp(-0.5 * ((along / ALONG) ** 2 + (across / ACROSS) ** 2))
    return weights / weights.sum()


@dataclass(frozen=True, slots=True)
class Unknown:
    """The degradation, which only this script knows."""

    scale: int = 2
    margin: int = 2 * RADIUS

    def reduced(self, x: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        """As `Degradation.reduced`."""
        padded = F.pad(x.flatten(0, 1)[:, None], (RADIUS,) * 4, mode="replicate")
        small = F.conv2d(padded, kernel()[None, None])[:, 0, ::2, ::2].unflatten(0, x.shape[:2])
        small = small + NOISE / 255 * torch.randn(small.shape, generator=generator)
        return (small * 255).round().clamp(0, 255) / 255


@dataclass(frozen=True, slots=True)
class TrueTask:
    """As UnknownTask, but the degradation is told: what could be had at best."""

    command: ClassVar[str] = "upscale"

    def open(self, data: Path, scratch: Path) -> Material:
        """See Task."""
        material = UnknownTask().open(data, scratch)
        pictures = [source for source in sources(data) if source.path.parent != data / LOW]
        return Material(partial(Batches, pictures, Unknown(), patch=32, cache=Cache()), material.held)


def luma(path: Path) -> Tensor:
    """(1, H, W) in [0, 1], sides even."""
    picture = torch.from_numpy(read(Source(path))).float() / 255
    return picture[:, : picture.shape[1] // 2 * 2, : picture.shape[2] // 2 * 2]


def make(data: Path, stills: list[Path], pairs: int) -> None:
    """The first `pairs` pictures in both sizes, the others as they are."""
    for name in (HIGH, LOW, "others"):
        (data / name).mkdir(parents=True)
    for number, path in enumerate(stills):
        large = luma(path)
        place = data / (HIGH if number < pairs else "others") / f"{path.stem}.png"
        cv2.imwrite(str(place), np.rint(large[0].numpy() * 255).astype(np.uint8))
        if number < pairs:
            small = Unknown().reduced(large[None], generator=torch.Generator().manual_seed(number))[0]
            cv2.imwrite(str(data / LOW / place.name), np.rint(small[0].numpy() * 255).astype(np.uint8))


def scores(network: files.Network | None, test: list[Path]) -> Iterator[tuple[float, float]]:
    """PSNR and SSIM of each; without a network bicubic's, moved by half a pixel to where the first pixels lie."""
    for number, path in enumerate(test):
        large = luma(path)
        small = Unknown().reduced(large[None], generator=torch.Generator().manual_seed(number))
        with torch.no_grad():
            made = upsample(small, 2, offset=(0.0, 0.0)) if network is None else apply(network, small[:, None])[:, 0]
        truth, result = (crop_border((x * 255).round().clamp(0, 255).numpy(), BORDER) for x in (large[0], made[0, 0]))
        yield psnr(truth, result), ssim(truth, result)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("stills", type=Path, help="large pictures to learn from")
    parser.add_argument("test", type=Path)
    parser.add_argument("--pairs", type=int, default=16)
    parser.add_argument("--steps", type=int, default=1500)
    asked = parser.parse_args()
    test = sorted(asked.test.glob("*.png"))
    tasks: dict[str, Task] = {
        "trained on bicubic": UpscalingTask(Degradation(2), patch=32),
        "trained on what was learned": UnknownTask(),
        "trained on the truth": TrueTask(),
    }
    found = {"bicubic, aligned": list(scores(None, test))}
    with TemporaryDirectory() as folder:
        make(Path(folder) / "data", sorted(asked.stills.glob("*.jpg")), asked.pairs)
        for name, task in tasks.items():
            args = {**UNKNOWN.args, "blocks": 4, "width": 24}
            recipe = replace(UNKNOWN, args=args, task=task, precision="fp32", validate_every=asked.steps // 5)
            out = Path(folder) / name
            training = Training(recipe, Path(folder) / "data", out, steps=asked.steps, workers=0)
            found[name] = list(scores(files.open_file(training.run(), task="upscale"), test))
            if isinstance(task, UnknownTask):
                learned = read_degradation(out / "unpacked" / KEPT, 2)
                print(f"noise learned: {255 * learned.noise:.2f} codes; it is {NOISE:g}, and rounding")
    print("| method | PSNR | SSIM |\n|---|---|---|")
    for name, rows in found.items():
        print(f"| {name} | {fmean(p for p, _ in rows):.2f} | {fmean(s for _, s in rows):.4f} |")


if __name__ == "__main__":
    main()
