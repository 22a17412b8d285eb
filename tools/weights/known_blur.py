"""The slides' deblurring in one table: pictures behind a known blur and noise, and what each method makes of them.

    python tools/weights/known_blur.py ../shared/data/eval/kodak --network runs/srresnet-deblur/best.safetensors

Mean RGB PSNR (dB) and SSIM (Wang), 8 bits; the blur's reach is left out at the borders.
"""

import argparse
from pathlib import Path
from statistics import fmean

import torch
from torch import Tensor
from torch.nn.functional import conv2d

from vidrestore.metrics.psnr import psnr
from vidrestore.metrics.ssim import ssim
from vidrestore.models.processor import apply
from vidrestore.models.weights import files
from vidrestore.restoration.deblurring.inverse import METHODS
from vidrestore.restoration.deblurring.psf_choice import read_psf
from vidrestore.training.data.exposure import as_codes, as_picture
from vidrestore.training.data.footage import read_picture


def blurred(sharp: Tensor, psf: Tensor, decibels: float, seed: int) -> tuple[Tensor, float]:
    """(3, H, W) as a camera sees it that sees nothing outside, and the standard deviation of its noise."""
    picture = conv2d(sharp[:, None], psf.to(sharp).flip(0, 1)[None, None])[:, 0]
    noise = float(picture.std()) * 10 ** (-decibels / 20)
    return picture + noise * torch.randn(picture.shape, generator=torch.Generator().manual_seed(seed)), noise


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--psf", default="gaussian:1.25", help="as of vidrestore deblur; this one is 11x11")
    parser.add_argument("--decibels", type=float, default=40, help="of the picture's spread over the noise's")
    parser.add_argument("--network", type=Path, help="weights of the recipe srresnet-deblur")
    asked = parser.parse_args()
    psf = read_psf(asked.psf)
    network = None if asked.network is None else files.open_file(asked.network, task="deblur")
    reach, scores = len(psf) // 2, dict[str, list[tuple[float, float]]]()
    for seed, path in enumerate(sorted(asked.data.glob("*.png"))):
        sharp = as_picture(read_picture(path))
        picture, noise = blurred(sharp, psf, asked.decibels, seed)
        made = {"blurred": picture}
        made |= {name: method(picture, psf, noise=noise) for name, method in METHODS.items()}
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
