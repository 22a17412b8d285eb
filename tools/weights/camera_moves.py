"""Blind deblurring where a camera turned, zoomed or panned: what `deblur --estimate` gains on pictures, in one table.

    python tools/weights/camera_moves.py ../shared/data/train/stills/bsds500_train --count 12

Each picture is blurred as a camera does it: the mean of 41 copies that moved, in linear light, with noise of 1.5 codes
and rounded to 8 bits. What lies near the borders is cut off, for it came from outside; the PSNR leaves out 15 pixels
more. "one blur" is what comes out where only a blur that is the same all over the picture is looked for.
"""

import argparse
import math
from pathlib import Path
from statistics import fmean

import cv2
import numpy as np
import torch

from vidrestore.restoration.deblurring.blind.edges import Floats
from vidrestore.restoration.deblurring.psf_choice import estimate
from vidrestore.restoration.deblurring.scene.moving import CameraMotion
from vidrestore.restoration.deblurring.sparse import sparse

CUT, BORDER, MOMENTS = 28, 15, 41
KINDS = ("turned", "zoomed", "turned off centre", "zoomed and panned", "panned", "shaken", "half", "sharp")
NOISE = 1.5 / 255


def moved(light: Floats, kind: str, chance: np.random.Generator) -> Floats:
    """The mean of moved copies of a picture (H, W, 3); streaks of 10 to 22 pixels at most."""
    height, width = light.shape[:2]
    corner, far = math.hypot(height, width) / 2 - CUT, chance.uniform(10, 22)
    middle = np.array([width, height]) / 2
    off = middle * chance.uniform(0.2, 1.8, 2)
    direction = chance.uniform(0, 2 * math.pi)
    way = far * np.array([math.cos(direction), math.sin(direction)])
    jitter = np.cumsum(np.cumsum(chance.normal(size=(MOMENTS, 2)), 0), 0)
    jitter = (jitter - jitter.mean(0)) / np.abs(jitter - jitter.mean(0)).max() * far / 2
    total = np.zeros_like(light)
    for number, time in enumerate(np.linspace(-0.5, 0.5, MOMENTS)):
        turn = {"turned": far / corner, "turned off centre": far / corner / 1.2}.get(kind, 0) * time
        zoom = 1 + {"zoomed": far / corner, "zoomed and panned": far / corner / 1.5}.get(kind, 0) * time
        shift = {"zoomed and panned": way * time / 2, "panned": way * time, "half": way * time}.get(kind, np.zeros(2))
        shift = jitter[number] if kind == "shaken" else shift
        x, y = off if kind == "turned off centre" else middle
        by = cv2.getRotationMatrix2D((float(x), float(y)), math.degrees(turn), zoom)
        by[:, 2] += shift
        total += cv2.warpAffine(light, by, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    mean = total / MOMENTS
    if kind == "half":
        mean[:, width // 2 :] = light[:, width // 2 :]
    return light if kind == "sharp" else mean


def seen(sharp: Floats, kind: str, chance: np.random.Generator) -> tuple[Floats, Floats]:
    """What a camera makes of a picture (H, W, 3), 0 to 1, and the sharp one; (3, H, W)."""
    light = np.where(sharp <= 0.04045, sharp / 12.92, ((sharp + 0.055) / 1.055) ** 2.4).astype(np.float32)
    light = moved(light, kind, chance).clip(0, 1)
    codes = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    codes = (codes + chance.normal(0, NOISE, codes.shape)).clip(0, 1)
    inside = (slice(None), slice(CUT, -CUT), slice(CUT, -CUT))
    made = np.asarray((codes * 255).round() / 255, np.float32).transpose(2, 0, 1)[inside]
    return np.ascontiguousarray(made), np.ascontiguousarray(sharp.transpose(2, 0, 1)[inside])


def psnr(made: torch.Tensor, sharp: Floats) -> float:
    inside = (slice(None), slice(BORDER, -BORDER), slice(BORDER, -BORDER))
    return -10 * math.log10(float(np.square(made.clamp(0, 1).numpy() - sharp)[inside].mean()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pictures", type=Path, nargs="+", help="files, or folders of them")
    parser.add_argument("--count", type=int, default=12)
    parser.add_argument("--kinds", nargs="+", default=KINDS, choices=KINDS)
    parser.add_argument("--noise", type=float, default=1.0, help="as of vidrestore deblur")
    asked = parser.parse_args()
    files = sorted(each for path in asked.pictures for each in (path.iterdir() if path.is_dir() else [path]))
    files = [files[n * len(files) // asked.count] for n in range(min(asked.count, len(files)))]
    rows = dict[str, list[tuple[float, float, float]]]()
    for number, path in enumerate(files):
        sharp = np.asarray(cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB) / 255, np.float32)
        for kind in asked.kinds:
            blurred, wanted = seen(sharp, kind, np.random.default_rng(number))
            picture = torch.from_numpy(blurred)
            found, note = estimate(picture, moving=True)
            before = estimate(picture)[0] if isinstance(found, CameraMotion) else found
            was, then, now = (
                psnr(picture if each is None else sparse(picture, each, noise=asked.noise / 255), wanted)
                for each in (None, before, found)
            )
            rows.setdefault(kind, []).append((was, then - was, now - was))
            print(path.name, kind, f"{was:.2f} {then - was:+.2f} {now - was:+.2f}", note, flush=True)
    print("| blur | PSNR before | one blur | gain | worst | touched |\n|---|---|---|---|---|---|")
    for kind, values in rows.items():
        was, then, now = (fmean(column) for column in zip(*values, strict=True))
        gains = [gain for _, _, gain in values]
        touched = f"{sum(gain != 0 for gain in gains)} of {len(gains)}"
        print(f"| {kind} | {was:.2f} | {then:+.2f} | {now:+.2f} | {min(gains):+.2f} | {touched} |")


if __name__ == "__main__":
    main()
