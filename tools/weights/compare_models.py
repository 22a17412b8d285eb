"""Scores of networks that enlarge twice, on clips at half size, clean and compressed.

python tools/weights/compare_models.py ../shared/data/eval/vid4 bicubic espcn-x2 aligned-x2 realesr-animevideov3-x2
"""

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import fmean
from time import process_time

import torch
from enlargers import Enlarger, as_frames, at_half_size, enlarger

from vidrestore.frame.colour import quantise, to_rgb
from vidrestore.metrics.lpips import Lpips
from vidrestore.metrics.niqe import niqe
from vidrestore.metrics.pristine import Pristine
from vidrestore.metrics.psnr import crop_border, psnr
from vidrestore.metrics.ssim import ssim
from vidrestore.models.weights import manifest
from vidrestore.training.data.footage import of_folder
from vidrestore.training.evaluate.clips import luma_of
from vidrestore.video.encode.round_trip import Codes, Decoded

BORDER = 2
CLEAN = "clean"
Distance = Callable[[torch.Tensor, torch.Tensor], float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="folders of numbered pictures")
    parser.add_argument("models", nargs="*", help="names of `models list`, files, or bicubic")
    parser.add_argument("--frames", type=int, default=9, help="of each clip that are encoded")
    parser.add_argument("--scored", type=int, default=2, help="of these, in the middle, that are compared")
    parser.add_argument("--crf", type=int, nargs="*", default=[18, 23, 28, 33])
    parser.add_argument("--lpips", type=Path, metavar="FILE", help="weights of AlexNet (needs the package lpips)")
    asked = parser.parse_args()
    distance = lpips_by(asked.lpips) if asked.lpips else None
    methods = {name: enlarger(name) for name in asked.models}
    clips = [scene for folder in sorted(asked.data.iterdir()) if folder.is_dir() for scene in of_folder(folder)]
    for kind in (CLEAN, *(f"CRF {crf}" for crf in asked.crf)):
        rows: dict[str, list[dict[str, float]]] = {name: [] for name in methods}
        for scene in clips:
            originals = [scene[number] for number in range(min(len(scene), asked.frames))]
            given = at_half_size(originals, None if kind == CLEAN else int(kind.split()[1]))
            for name, (reach, method) in methods.items():
                rows[name] += scores(originals, given, method, reach=reach, count=asked.scored, distance=distance)
        for name, found in rows.items():
            mean = {key: round(fmean(row[key] for row in found), 4) for key in found[0]}
            print(json.dumps({"model": name, "input": kind, **mean, "frames": len(found)}), flush=True)


def scores(
    originals: Sequence[Codes],
    given: Decoded,
    method: Enlarger,
    *,
    reach: int,
    count: int,
    distance: Distance | None,
) -> Iterator[dict[str, float]]:
    """Of the frames in the middle of a clip: PSNR, SSIM, NIQE of luma, LPIPS, and seconds of processor time."""
    first = (len(given.frames) - count) // 2
    frames = as_frames(given)[first - reach : first + count + reach]
    natural = Pristine.from_json((manifest.folder() / "niqe.json").read_text(encoding="utf-8"))
    began = process_time()
    made = list(method(frames))
    seconds = (process_time() - began) / len(frames)
    for number, picture in enumerate(made[reach : reach + count], first):
        shown = quantise(picture)
        luma = shown.y.float().numpy()
        original = originals[number][: luma.shape[0], : luma.shape[1]]
        pair = crop_border(luma_of(original), BORDER), crop_border(luma, BORDER)
        row = {"psnr": psnr(*pair), "ssim": ssim(*pair), "niqe": niqe(luma, natural), "seconds": seconds}
        if distance is not None:
            row["lpips"] = distance(torch.from_numpy(original).permute(2, 0, 1) / 255, to_rgb(shown).clamp(0, 1))
        yield row


def lpips_by(weights: Path) -> Distance:
    """LPIPS of two pictures (3, H, W) in [0, 1]."""
    network = Lpips(weights)
    return lambda one, other: float(network(one[None], other[None]))


if __name__ == "__main__":
    main()
