"""Measure a network on clips that were compressed or noisy: a table in Markdown, over bicubic or over the input.

    python tools/weights/measure_damage.py robust-x2 ../shared/data/eval/vid4 [--frames 12] [--side 512]

NAME enlarges or cleans; each of PATHS is a clip, a folder of numbered pictures, or a folder of these. Their first
frames are taken, and of large ones the middle. Gains are in dB of luma PSNR, means of the clips; then the worst clip's,
and the gain of SSIM and for cleaning that of flicker (less is better).
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from vidrestore.base.settings import Settings
from vidrestore.metrics.psnr import matlab_luma
from vidrestore.restoration.network import find, network_of, task_of
from vidrestore.training.data.degrade import Degradation
from vidrestore.training.data.encoded_scenes import as_420
from vidrestore.training.evaluate import cleaning, upscaling
from vidrestore.training.evaluate.clips import Clip, Luma, clips
from vidrestore.training.evaluate.upscaling import Harm
from vidrestore.video.encode.round_trip import parse

CODECS = ("x264:18", "x264:23", "x264:28", "x264:33", "x264:38", "x265:28", "x265:33", "vp9:42", "mpeg4:10", "mjpeg:12")
NOISES = (10.0, 25.0, 50.0)


@dataclass(frozen=True)
class Gain:
    """Of one clip."""

    psnr: float
    ssim: float
    flicker: float | None = None


def cut(rgb: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """The middle of a picture, with sides of multiples of 8."""
    height, width = (min(side, n) // 8 * 8 for n in rgb.shape[:2])
    y, x = (rgb.shape[0] - height) // 2, (rgb.shape[1] - width) // 2
    return np.ascontiguousarray(rgb[y : y + height, x : x + width])


def luma_of(rgb: NDArray[np.uint8]) -> Luma:
    return np.rint(matlab_luma(rgb)).astype(np.float32)


def shortened(found: Iterator[Clip], count: int) -> Iterator[Clip]:
    for clip in found:
        yield Clip(clip.names[:count], clip.frames[:count])


def cleaned(network: object, clip: Clip, harm: Harm, counts: slice) -> Gain:
    rows = cleaning.evaluate_clean(network, [clip], settings=Settings(), harm=harm, denoisers=False)  # type: ignore[arg-type]
    scores = cleaning.mean(list(rows)[counts]).scores
    own, given = scores["network"], scores["input"]
    flicker = None if own.flicker is None or given.flicker is None else own.flicker - given.flicker
    before = given.psnr_y if harm != Harm() else 0.0  # of what was not damaged: how well it is kept, in dB
    return Gain(own.psnr_y - before, own.ssim_y - given.ssim_y, flicker)


def enlarged(network: object, clip: Clip, harm: Harm) -> Gain:
    rows = upscaling.evaluate_upscale([network], Degradation(2), [clip], settings=Settings(), ends=2, harm=harm)  # type: ignore[list-item]
    score = upscaling.mean(list(rows))
    return Gain(score.psnr_y - score.bicubic_psnr_y, score.ssim_y - score.bicubic_ssim_y)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", help="a network of the manifest, or a weight file")
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--frames", type=int, default=12)
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--codecs", nargs="*", default=CODECS)
    parser.add_argument("--noises", nargs="*", type=float, default=NOISES, help="of cleaning")
    parser.add_argument("--only", type=int, help="of cleaning: the number of the one frame that counts, the first is 0")
    asked = parser.parse_args()
    task = task_of(asked.name)
    network = network_of(find(asked.name, task=task), task=task)
    is_clean = task == "clean"
    counts = slice(None) if asked.only is None else slice(asked.only, asked.only + 1)
    kept = as_420 if is_clean else luma_of
    found = [
        clip
        for path in asked.paths
        for clip in shortened(clips(path, lambda rgb: kept(cut(rgb, asked.side))), asked.frames)
    ]
    harms = {"not at all": Harm(), **{each: Harm(codec=parse(each)) for each in asked.codecs}}
    if is_clean:
        harms |= {f"noise {sigma:g}": Harm(noise=sigma) for sigma in asked.noises}
    print("| damage | PSNR | worst clip | SSIM | flicker |\n|---|---|---|---|---|")
    for title, harm in harms.items():
        gains = [cleaned(network, clip, harm, counts) if is_clean else enlarged(network, clip, harm) for clip in found]
        flickers = [gain.flicker for gain in gains if gain.flicker is not None]
        flicker = f"{fmean(flickers):+.3f}" if flickers else "-"
        worst = min(gain.psnr for gain in gains)
        psnr, ssim = (fmean(getattr(gain, name) for gain in gains) for name in ("psnr", "ssim"))
        print(f"| {title} | {psnr:+.2f} | {worst:+.2f} | {ssim:+.4f} | {flicker} |", flush=True)


if __name__ == "__main__":
    main()
