"""Measure the models of the catalogue that are here, and write their scores and times into weights/catalogue.toml.

    vidrestore models get NAME
    python tools/weights/measure_catalogue.py ../shared/data/eval/kodak [NAME...]

Those that enlarge see the pictures reduced by MATLAB's bicubic, those that clean see them through one frame of MJPEG.
Scores are luma PSNR in dB; times are processor seconds of one core for a picture of 640x360.
"""

import argparse
import re
from pathlib import Path
from statistics import fmean
from time import process_time

import torch

from vidrestore.engine import Settings, choose
from vidrestore.engine.infer import Inference
from vidrestore.engine.memory import Plan
from vidrestore.models.processor import Processor
from vidrestore.models.weights import catalogue, manifest
from vidrestore.restoration.network import network_of, precisely_enough
from vidrestore.training.data.degrade import Degradation
from vidrestore.training.data.encoded_scenes import as_420
from vidrestore.training.evaluate.cleaning import evaluate_clean
from vidrestore.training.evaluate.cleaning import mean as mean_of_clean
from vidrestore.training.evaluate.clips import stills
from vidrestore.training.evaluate.upscaling import Harm, evaluate_upscale
from vidrestore.video.encode.round_trip import mjpeg

QUANTISER = 6
SIZE = 360, 640


def enlarging(network: Processor, settings: Settings, data: Path) -> dict[str, object]:
    reduced = Degradation(network.needs.scale)
    rows = list(evaluate_upscale([network], reduced, stills(data), settings=settings, ends=0))
    return {
        "psnr_y": fmean(row.psnr_y for row in rows),
        "bicubic": fmean(row.bicubic_psnr_y for row in rows),
        "ssim_y": fmean(row.ssim_y for row in rows),
    }


def cleaning(network: Processor, settings: Settings, data: Path) -> dict[str, object]:
    found = stills(data, as_420)
    rows = evaluate_clean(network, found, settings=settings, harm=Harm(codec=mjpeg(QUANTISER)), denoisers=False)
    scores = mean_of_clean(rows).scores
    return {"psnr_y": scores["network"].psnr_y, "input": scores["input"].psnr_y, "ssim_y": scores["network"].ssim_y}


def seconds(network: Processor, settings: Settings) -> float:
    inference = Inference(network, choose(settings), settings)
    inference.plan = Plan(0, 1)
    picture = torch.rand(3, *SIZE)
    inference([(picture,)])
    began = process_time()
    inference([(picture,)])
    return process_time() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="pictures")
    parser.add_argument("names", nargs="*", help="of the catalogue; none: all that are here")
    asked = parser.parse_args()
    path = manifest.folder() / "catalogue.toml"
    for name, known in catalogue.rows().items():
        if known.task not in ("upscale", "clean") or not known.is_whole() or (asked.names and name not in asked.names):
            continue
        network = network_of(known, task=known.task)
        settings = precisely_enough([network], Settings(device="cpu"))
        measure, title = (
            (enlarging, asked.data.name)
            if known.task == "upscale"
            else (cleaning, f"{asked.data.name}, mjpeg {QUANTISER}")
        )
        found = {"set": f'"{title}"'} | {k: f"{v:.4g}" for k, v in measure(network, settings, asked.data).items()}
        found["processor_seconds_640x360"] = f"{seconds(network, settings):.2g}"
        line = "measured = { " + ", ".join(f"{key} = {value}" for key, value in found.items()) + " }\n"
        print(name, line, end="", flush=True)
        text = path.read_text(encoding="utf-8")
        begin = text.index(f"[{name}]\n")
        end = text.index(f"[{name}.files]\n")
        row = re.sub(r"measured = .*\n", "", text[begin:end])
        path.write_text(text[:begin] + row + line + text[end:], encoding="utf-8")


if __name__ == "__main__":
    main()
