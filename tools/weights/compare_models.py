"""Scores of networks that enlarge twice, on clips at half size, clean and compressed; and times beside other runtimes.

python tools/weights/compare_models.py ../shared/data/eval/vid4 bicubic espcn-x2 aligned-x2 realesr-animevideov3-x2
python tools/weights/compare_models.py --speed realesr-animevideov3-x2 span-x2
"""

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import partial
from pathlib import Path
from statistics import fmean
from time import process_time

import numpy as np
import torch

from vidrestore.benchmark.row import measure
from vidrestore.engine import Runner, Settings, choose
from vidrestore.engine.infer import Inference
from vidrestore.frame.colour import to_planes
from vidrestore.frame.frame import Colour, Frame, Planes
from vidrestore.frame.resize import imresize
from vidrestore.metrics.niqe import niqe
from vidrestore.metrics.pristine import Pristine
from vidrestore.metrics.psnr import crop_border, psnr
from vidrestore.metrics.ssim import ssim
from vidrestore.models.weights import catalogue, manifest
from vidrestore.restoration.network import find, network_of
from vidrestore.training.data.chain import planes
from vidrestore.training.data.encoded_scenes import as_420
from vidrestore.training.data.footage import of_folder
from vidrestore.training.evaluate.clips import luma_of
from vidrestore.video.encode.round_trip import Codes, compress, x264

SCALE, BORDER = 2, 2
COLOUR = Colour("bt601")
CLEAN = "clean"
SIZE = 360, 640
Method = Callable[[Sequence[Frame]], Iterator[Planes | torch.Tensor]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, nargs="?", help="folders of numbered pictures")
    parser.add_argument("models", nargs="*", help="names of `models list`, files, or bicubic")
    parser.add_argument("--frames", type=int, default=9, help="of each clip that are encoded")
    parser.add_argument("--scored", type=int, default=2, help="of these, in the middle, that are compared")
    parser.add_argument("--crf", type=int, nargs="*", default=[18, 23, 28, 33])
    parser.add_argument("--speed", nargs="*", help="names of ncnn models in the catalogue, timed instead")
    asked = parser.parse_args()
    if asked.speed is not None:
        for name in asked.speed:
            print(json.dumps({name: speed(name)}), flush=True)
        return
    methods = {name: _method(name) for name in asked.models}
    clips = [scene for folder in sorted(asked.data.iterdir()) if folder.is_dir() for scene in of_folder(folder)]
    for kind in (CLEAN, *(f"CRF {crf}" for crf in asked.crf)):
        rows: dict[str, list[dict[str, float]]] = {name: [] for name in methods}
        for scene in clips:
            originals = [scene[number] for number in range(min(len(scene), asked.frames))]
            given = _given(originals, kind)
            for name, (reach, method) in methods.items():
                rows[name] += scores(originals, given, method, reach=reach, count=asked.scored)
        for name, found in rows.items():
            mean = {key: round(fmean(row[key] for row in found), 4) for key in found[0]}
            print(json.dumps({"model": name, "input": kind, **mean, "frames": len(found)}), flush=True)


def _given(originals: Sequence[Codes], kind: str) -> list[Codes]:
    """At half size in 4:2:0, as videos are."""
    given = [as_420(_half(rgb)) for rgb in originals]
    return given if kind == CLEAN else compress(given, x264(int(kind.split()[1])))


def scores(
    originals: Sequence[Codes], given: Sequence[Codes], method: Method, *, reach: int, count: int
) -> Iterator[dict[str, float]]:
    """Of the frames in the middle of a clip, luma: PSNR, SSIM, NIQE, and seconds of processor time."""
    first = (len(given) - count) // 2
    around = slice(first - reach, first + count + reach)
    frames = [_frame(number, codes) for number, codes in enumerate(given)][around]
    natural = Pristine.from_json((manifest.folder() / "niqe.json").read_text(encoding="utf-8"))
    began = process_time()
    made = list(method(frames))
    seconds = (process_time() - began) / len(frames)
    for number, picture in enumerate(made[reach : reach + count], first):
        luma = _luma(picture)
        truth = luma_of(originals[number])[: luma.shape[0], : luma.shape[1]]
        pair = crop_border(truth, BORDER), crop_border(luma, BORDER)
        yield {"psnr": psnr(*pair), "ssim": ssim(*pair), "niqe": niqe(luma, natural), "seconds": seconds}


def _half(rgb: Codes) -> Codes:
    height, width = (n // SCALE * SCALE for n in rgb.shape[:2])
    small = imresize(torch.from_numpy(rgb[:height, :width]).permute(2, 0, 1)[None].float(), 1 / SCALE)
    return small[0].round().clamp(0, 255).byte().permute(1, 2, 0).numpy()


def _frame(number: int, codes: Codes) -> Frame:
    y, u, v = (torch.from_numpy(np.ascontiguousarray(plane)) for plane in planes(codes))
    return Frame(Planes(y, u, v, COLOUR), Fraction(number), Fraction(1), cut=number == 0)


def _luma(picture: Planes | torch.Tensor) -> "np.ndarray[tuple[int, int], np.dtype[np.float32]]":
    """Rounded, in video range."""
    found = picture if isinstance(picture, Planes) else to_planes(picture, COLOUR, subsample_x=0, subsample_y=0)
    return found.y.float().round().clamp(0, 255).numpy()


def _method(name: str) -> tuple[int, Method]:
    """Frames that it looks back to and ahead, and what enlarges."""
    if name == "bicubic":
        return 0, _bicubic
    settings = Settings(device="cpu")
    network = network_of(find(name, task="upscale"), task="upscale")
    runner = Runner(Inference(network, choose(settings), settings))
    reach = max(network.needs.before, network.needs.after)
    return reach, lambda frames: (frame.picture for frame in runner.run(iter(frames)))


def _bicubic(frames: Sequence[Frame]) -> Iterator[Planes | torch.Tensor]:
    for frame in frames:
        assert isinstance(frame.picture, Planes)
        yield Planes(imresize(frame.picture.y.float()[None, None], SCALE)[0, 0], None, None, COLOUR)


def speed(name: str, repeats: int = 3) -> dict[str, float]:
    """Seconds of processor time for one picture of 640x360, everything on one thread: run it under `taskset -c 0`."""
    import ncnn  # pip install ncnn

    known = catalogue.rows()[name]
    network = network_of(known, task="upscale")
    picture = torch.rand(1, 3, *SIZE)
    small = (picture[..., :96, :96],)
    net = ncnn.Net()
    net.opt.num_threads = 1
    net.load_param(str(known.path))
    net.load_model(str(known.path.with_suffix(".bin")))
    blob = known.path.read_text().splitlines()[2].split()[4]
    last = known.path.read_text().splitlines()[-1].split()
    end = last[4 + int(last[2])]

    def by_ncnn() -> object:
        extractor = net.create_extractor()
        extractor.input(blob, ncnn.Mat(picture[0].numpy()).clone())
        return extractor.extract(end)

    def by_torch() -> object:
        with torch.inference_mode():
            return network.core(picture)

    cases: dict[str, Callable[[], object]] = {"ncnn": by_ncnn, "eager torch fp32": by_torch}
    for precision in ("fp32", "bf16"):
        engine = choose(Settings(device="cpu", engine="openvino", precision=precision))
        cases[f"vidrestore {precision}"] = partial(engine.compile(network.core, small), picture)
    return {case: round(cost.processor, 3) for case, cost in measure(cases, repeats=repeats).items()}


if __name__ == "__main__":
    main()
