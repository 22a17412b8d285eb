"""The slides' deblurring in one table: pictures behind a known blur and noise, and what each method makes of them.

    python tools/weights/known_blur.py ../shared/data/eval/kodak --middle 256 --learn ../shared/data/train/stills
    python tools/weights/known_blur.py ../shared/data/eval/kodak --network runs/srresnet-deblur/best.safetensors

--learn trains the recipe srresnet-deblur for minutes on a CPU, cut to 4 blocks of 32 channels and 8 patches a step.
Mean RGB PSNR (dB) and SSIM (Wang), 8 bits; the blur's reach is left out at the borders.
"""

import argparse
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory

import torch
from torch import Tensor

from vidrestore.metrics.psnr import psnr
from vidrestore.metrics.ssim import ssim
from vidrestore.models.processor import apply
from vidrestore.models.weights import files
from vidrestore.restoration.deblurring.inverse import METHODS
from vidrestore.restoration.deblurring.psf_choice import read_psf
from vidrestore.restoration.deblurring.scene.varying import VaryingScene
from vidrestore.restoration.deblurring.stage import VARYING
from vidrestore.training.data.blur.exposure import as_codes, as_picture
from vidrestore.training.data.footage import read_picture
from vidrestore.training.loop import Training
from vidrestore.training.recipes.slides import SRRESNET_DEBLUR


def blurred(sharp: Tensor, psf: Tensor, decibels: float, seed: int) -> tuple[Tensor, float]:
    """(3, H, W) as a camera sees it that sees nothing outside, and the standard deviation of its noise."""
    kernels = psf if psf.dim() == 4 else psf[None, None]
    seen = torch.empty(len(sharp), *(n - psf.shape[-1] + 1 for n in sharp.shape[1:]))
    picture = VaryingScene.of(seen.zero_(), kernels, noise=1).forth(sharp)
    noise = float(picture.std()) * 10 ** (-decibels / 20)
    return picture + noise * torch.randn(picture.shape, generator=torch.Generator().manual_seed(seed)), noise


def middle(picture: Tensor, side: int | None) -> Tensor:
    """(3, side, side) of (3, H, W); None: all of it."""
    if side is None:
        return picture
    top, left = ((n - side) // 2 for n in picture.shape[1:])
    return picture[:, top : top + side, left : left + side]


def learned(data: Path, steps: int) -> files.Network:
    """A small network of the recipe, after a short training."""
    small = {**SRRESNET_DEBLUR.args, "blocks": 4, "width": 32}
    recipe = replace(
        SRRESNET_DEBLUR, args=small, batch=8, learning_rate=1e-3, precision="fp32", ema=0.98, validate_every=steps // 4
    )
    with TemporaryDirectory() as folder:
        best = Training(recipe, data, Path(folder), steps=steps, workers=0).run()
        return files.open_file(best, task="deblur")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument(
        "--psf", default="gaussian:1.25", help="as of vidrestore deblur, or a .json file; this one is 11x11"
    )
    parser.add_argument("--decibels", type=float, default=40, help="of the picture's spread over the noise's")
    parser.add_argument("--middle", type=int, help="take the middle of each picture, so many pixels a side")
    parser.add_argument("--network", type=Path, help="weights of the recipe srresnet-deblur")
    parser.add_argument("--learn", type=Path, help="pictures to train a small one on")
    parser.add_argument("--steps", type=int, default=400)
    asked = parser.parse_args()
    psf = read_psf(asked.psf)
    network = None if asked.network is None else files.open_file(asked.network, task="deblur")
    if asked.learn:
        network = learned(asked.learn, asked.steps)
    reach, scores = psf.shape[-1] // 2, dict[str, list[tuple[float, float]]]()
    for seed, path in enumerate(sorted(asked.data.glob("*.png"))):
        sharp = middle(as_picture(read_picture(path)), asked.middle)
        picture, noise = blurred(sharp, psf, asked.decibels, seed)
        made = {"blurred": picture}
        methods = METHODS if psf.dim() == 2 else {name: METHODS[name] for name in VARYING}
        made |= {name: method(picture, psf, noise=noise) for name, method in methods.items()}
        if network is not None:
            with torch.no_grad():
                made["network"] = apply(network, picture[None, None])[0, 0]
        truth = as_codes(sharp[:, reach:-reach, reach:-reach])
        for name, each in made.items():
            codes = as_codes(each)
            scores.setdefault(name, []).append((psnr(truth, codes), ssim(truth, codes)))
    print("| method | PSNR | SSIM |\n|---|---|---|")
    for name, rows in scores.items():
        print(f"| {name} | {fmean(p for p, _ in rows):.2f} | {fmean(s for _, s in rows):.4f} |")


if __name__ == "__main__":
    main()
