"""Measure a network of deblurring on streaks made from clips: a table in Markdown, gains in dB of RGB PSNR.

    python tools/weights/streaks.py unblur ../shared/data/eval/video [--moments 5 9 17 33] [--codecs none x264:23]

Each of PATHS is a clip, or a folder of clips. Between its frames seven moments are made (OpenCV's motion, no network),
and so many of them are one exposure: 9 are all the time from one frame to the next, 17 and 33 the mean of three and of
five frames, 1 is sharp. The exposures follow each other as frames do, the next begins where one ends, and are one video
that is compressed, restored frame by frame as a user's, and compared with the frames in the middle of the exposures.
"""

import argparse
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from vidrestore.base.settings import Settings
from vidrestore.engine import choose, run
from vidrestore.frame.frame import Frame
from vidrestore.metrics.psnr import psnr
from vidrestore.restoration.interpolation.flow import FlowInterpolator
from vidrestore.restoration.interpolation.motion.presets import PRESETS
from vidrestore.restoration.network import find, network_of
from vidrestore.training.data.blur.exposure import GAMMA, as_codes, as_picture, exposed
from vidrestore.training.data.encoded_scenes import encoded
from vidrestore.training.data.pictures import CLIPS
from vidrestore.training.evaluate.triplets import rounded
from vidrestore.video.encode.round_trip import parse
from vidrestore.video.facts.probe import probe
from vidrestore.video.reader import Reader

Codes = NDArray[np.uint8]
EACH = 8
"""Moments from one frame to the next."""


def clips(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        yield from (each for each in sorted(path.iterdir()) if each.suffix in CLIPS) if path.is_dir() else [path]


def frames_of(path: Path, count: int, side: int) -> list[Codes]:
    """The first frames, the middle of each, with even sides."""
    found: list[Codes] = []
    for frame in Reader(probe(path)):
        codes = as_codes(rounded(frame))
        height, width = (min(side, n) // 2 * 2 for n in codes.shape[:2])
        y, x = (codes.shape[0] - height) // 2, (codes.shape[1] - width) // 2
        found.append(np.ascontiguousarray(codes[y : y + height, x : x + width]))
        if len(found) == count:
            break
    return found


def moments_of(frames: Sequence[Codes]) -> Codes:
    between, times = FlowInterpolator(PRESETS["balanced"].search), [Fraction(n, EACH) for n in range(1, EACH)]
    made = [frames[0]]
    for now, then in pairwise(frames):
        made += [*map(as_codes, between(as_picture(now), as_picture(then), times)), then]
    return np.stack(made)


def streaks(seen: Codes, count: int) -> tuple[list[Codes], list[Codes]]:
    """Exposures of `count` moments, and the frames in their middles."""
    half = count // 2
    spacing = EACH * max(1, -(-(count - 1) // EACH))
    centres = range(-(-half // EACH) * EACH, len(seen) - half, spacing)
    blurred = [np.rint(exposed(seen[n - half : n + half + 1], GAMMA, 0.0) * 255) for n in centres]
    return [np.asarray(each, np.uint8) for each in blurred], [seen[n] for n in centres]


def gain(network: object, given: Sequence[Codes], sharp: Sequence[Codes], settings: Settings) -> tuple[float, float]:
    """In dB, and the PSNR before; means of the frames, at most 60 dB each."""
    shown = (Frame(as_picture(each), Fraction(n), Fraction(1), cut=not n) for n, each in enumerate(given))
    made = run(network, shown, engine=choose(settings), settings=settings)  # type: ignore[arg-type]
    after = fmean(min(60.0, psnr(truth, as_codes(each.picture))) for truth, each in zip(sharp, made, strict=True))  # type: ignore[arg-type]
    before = fmean(min(60.0, psnr(truth, each)) for truth, each in zip(sharp, given, strict=True))
    return after - before, before


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", help="a network of the manifest, or a weight file")
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--moments", nargs="*", type=int, default=(1, 3, 5, 7, 9, 17, 33))
    parser.add_argument("--codecs", nargs="*", default=("none", "x264:18", "x264:23", "x264:30"))
    parser.add_argument("--frames", type=int, default=13)
    parser.add_argument("--side", type=int, default=384)
    parser.add_argument("--clips", action="store_true", help="tell each clip too")
    asked = parser.parse_args()
    network = network_of(find(asked.name, task="deblur"), task="deblur")
    scenes = {path.stem: moments_of(frames_of(path, asked.frames, asked.side)) for path in clips(asked.paths)}
    print("| moments | codec | before | gain | worst clip |\n|---|---|---|---|---|")
    for codec in asked.codecs:
        for count in asked.moments:
            rows: dict[str, tuple[float, float]] = {}
            for name, seen in scenes.items():
                blurred, sharp = streaks(seen, count)
                rows[name] = gain(
                    network, blurred if codec == "none" else encoded(blurred, parse(codec)), sharp, Settings()
                )
            gains, before = [row[0] for row in rows.values()], fmean(row[1] for row in rows.values())
            worst = min(rows, key=lambda name: rows[name][0])
            print(f"| {count} | {codec} | {before:.2f} | {fmean(gains):+.2f} | {min(gains):+.2f} {worst} |", flush=True)
            if asked.clips:
                print(*(f"    {name}: {before:.2f} {more:+.2f}" for name, (more, before) in rows.items()), sep="\n")


if __name__ == "__main__":
    main()
