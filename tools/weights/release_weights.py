"""Put a trained network into weights/: the file, its hash, and its manifest row with scores measured now.

    python tools/weights/release_weights.py espcn-x2 espcn-x2 runs/espcn-x2/best.safetensors --steps 60000 \
        --data ../shared/data/train --eval ../shared/data/eval/set5
"""

import argparse
import hashlib
import json
import re
import shutil
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path

from vidrestore.base.settings import Retiming, Settings
from vidrestore.models.networks import MODELS
from vidrestore.models.processor import Needs
from vidrestore.models.weights import files, manifest
from vidrestore.restoration.interpolation import choose
from vidrestore.training.data.degrade import Degradation
from vidrestore.training.data.encoded_scenes import as_420
from vidrestore.training.evaluate.baselines import BASELINES
from vidrestore.training.evaluate.blurred_pairs import blurred_pairs
from vidrestore.training.evaluate.cleaning import evaluate_clean
from vidrestore.training.evaluate.cleaning import mean as mean_row
from vidrestore.training.evaluate.clips import Clip, clips, stills
from vidrestore.training.evaluate.deblurring import evaluate_deblurring
from vidrestore.training.evaluate.deblurring import mean as mean_of
from vidrestore.training.evaluate.interpolation import evaluate_interpolation, means
from vidrestore.training.evaluate.triplets import triplets
from vidrestore.training.evaluate.upscaling import Harm, evaluate_upscale, full, mean
from vidrestore.training.recipes import RECIPES, Recipe
from vidrestore.training.tasks.real_footage import RealFootageTask
from vidrestore.training.tasks.triplets import TripletTask
from vidrestore.training.tasks.upscaling import UpscalingTask
from vidrestore.training.tasks.video_upscaling import VideoUpscalingTask
from vidrestore.video.encode.round_trip import parse


def row(entry: manifest.Entry) -> str:
    """One table of the manifest, in TOML."""

    def key(name: str) -> str:
        return name if re.fullmatch(r"[\w-]+", name) else json.dumps(name)

    def value(x: object) -> str:
        if isinstance(x, dict):
            return "{ " + ", ".join(f"{key(k)} = {value(v)}" for k, v in x.items()) + " }"
        if isinstance(x, Needs):
            return value({name: v for name, v in asdict(x).items() if v != getattr(Needs(), name)})
        return json.dumps(x, default=str)

    fields = ["task", "model", "args", "file", "sha256", "licence", "recipe", "data", "steps", "parameters", "needs"]
    fields += ["note", "measured"]
    fields += [name for name in ("on_video", "ranges") if getattr(entry, name)]
    return f"[{entry.name}]\n" + "".join(f"{name} = {value(getattr(entry, name))}\n" for name in fields)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name")
    parser.add_argument("recipe")
    parser.add_argument("file", type=Path)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--data", required=True, help="what it was trained on, in words")
    parser.add_argument("--eval", type=Path, required=True)
    parser.add_argument("--video", type=Path, help="for single-frame upscale: clips to compare all networks on")
    parser.add_argument("--note", default="")
    parser.add_argument("--half", action="store_true", help="store the weights in fp16: half of the size")
    asked = parser.parse_args()
    recipe, folder = RECIPES[asked.recipe], manifest.folder()
    name = f"{asked.name}.safetensors"
    if asked.half:
        network = files.open_file(asked.file, task=recipe.task.command).half()
        said = files.written(network, task=recipe.task.command, model=recipe.model, args=recipe.args)
        (folder / name).write_bytes(said)
    elif asked.file.resolve() != (folder / name).resolve():
        shutil.copyfile(asked.file, folder / name)
    network = MODELS[recipe.model](**recipe.args)
    digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    entry = manifest.Entry(
        asked.name, recipe.task.command, recipe.model, dict(recipe.args), name, digest, "MIT",
        asked.recipe, asked.data, asked.steps, sum(p.numel() for p in network.parameters()), network.needs, asked.note,
    )  # fmt: skip
    write(folder / "manifest.toml", entry)
    entry = replace(entry, measured=measured(entry, recipe, asked.eval))
    if entry.task == "upscale" and isinstance(recipe.task, VideoUpscalingTask | RealFootageTask):
        entry = replace(entry, on_video=entry.measured)
    elif asked.video:
        assert isinstance(recipe.task, UpscalingTask)
        on_video = enlarged(entry, recipe.task.degradation, asked.video, clips(asked.video), ends=2)
        entry = replace(entry, on_video=on_video)
    write(folder / "manifest.toml", entry)
    print(name, entry.measured)


def measured(entry: manifest.Entry, recipe: Recipe, data: Path) -> dict[str, object]:
    """The set, the score and the baseline's."""
    if isinstance(recipe.task, UpscalingTask):
        return enlarged(entry, recipe.task.degradation, data, stills(data), ends=0)
    if entry.task == "clean":
        return cleaned(entry, data, noise=recipe.task.shares.only_noisy > 0)
    if isinstance(recipe.task, VideoUpscalingTask | RealFootageTask):
        undone = recipe.task.degradation if isinstance(recipe.task, VideoUpscalingTask) else Degradation()
        return enlarged(entry, undone, data, clips(data), ends=full([files.build(entry)]))
    if entry.task == "deblur":
        scores = list(evaluate_deblurring(files.load(entry), blurred_pairs(data), settings=Settings()))
        average = mean_of(data.name, scores)
        return {"set": data.name, "psnr": round(average.psnr, 2), "blurred": round(average.blurred_psnr, 2)}
    own = choose.find(entry.name, Retiming().quality, Settings()).load()
    beside = "average" if isinstance(recipe.task, TripletTask) else "dis"
    (row,) = means(evaluate_interpolation({"own": own, beside: BASELINES[beside]}, triplets(data)))
    return {"set": row.set, "psnr": round(row.scores["own"].psnr, 2), beside: round(row.scores[beside].psnr, 2)}


def cleaned(entry: manifest.Entry, data: Path, *, noise: bool) -> dict[str, object]:
    """As `measured`, of what cleans, on the clips found in `data`: with noise, or compressed by x264."""
    harm = Harm(noise=25.0) if noise else Harm(codec=parse("x264:28"))
    rows = evaluate_clean(files.load(entry), clips(data, as_420), settings=Settings(), harm=harm, denoisers=False)
    scores = mean_row(rows).scores
    own, given = (round(scores[method].psnr_y, 2) for method in ("network", "input"))
    return {"set": f"{data.name}, {'noise 25' if noise else 'x264 crf 28'}", "psnr_y": own, "input": given}


def enlarged(
    entry: manifest.Entry, degradation: Degradation, data: Path, found: Iterable[Clip], *, ends: int
) -> dict[str, object]:
    """As `measured`, of what enlarges, on the clips found in `data`."""
    score = mean(list(evaluate_upscale([files.load(entry)], degradation, found, settings=Settings(), ends=ends)))
    return {"set": data.name, "psnr_y": round(score.psnr_y, 2), "bicubic": round(score.bicubic_psnr_y, 2)}


def write(path: Path, entry: manifest.Entry) -> None:
    """The entry's table in the place of the one of its name, or at the end."""
    text = path.read_text(encoding="utf-8")
    table = re.compile(rf"^\[{re.escape(entry.name)}\]\n(?:(?!\[).*\n?)*", re.MULTILINE)
    new = row(entry)
    if table.search(text):
        text = table.sub(lambda _: new + "\n", text).rstrip("\n") + "\n"
    else:
        text = text.rstrip("\n") + "\n\n" + new
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
