"""Put a trained network into weights/: the file, its hash, and its manifest row with scores measured now.

    python tools/release_weights.py espcn-x2 espcn-x2 runs/espcn-x2/best.safetensors --steps 60000 \
        --data ../shared/data/train --eval ../shared/data/eval/set5
"""

import argparse
import hashlib
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

from vidrestore import weights
from vidrestore.settings import Settings
from vidrestore.train.enlarging import Enlarging
from vidrestore.train.evaluate_upscaling import evaluate_upscale, mean
from vidrestore.train.recipes import RECIPES


def row(entry: weights.Entry) -> str:
    """One table of the manifest, in TOML."""

    def value(x: object) -> str:
        if isinstance(x, dict):
            return "{ " + ", ".join(f"{k} = {value(v)}" for k, v in x.items()) + " }"
        return json.dumps(x)

    fields = ("task", "model", "args", "file", "sha256", "licence", "recipe", "data", "steps", "note", "measured")
    return f"[{entry.name}]\n" + "".join(f"{name} = {value(getattr(entry, name))}\n" for name in fields)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name")
    parser.add_argument("recipe")
    parser.add_argument("file", type=Path)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--data", required=True, help="what it was trained on, in words")
    parser.add_argument("--eval", type=Path, required=True)
    parser.add_argument("--note", default="")
    asked = parser.parse_args()
    recipe, folder = RECIPES[asked.recipe], weights.folder()
    name = f"{asked.name}.safetensors"
    shutil.copyfile(asked.file, folder / name)
    digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    entry = weights.Entry(
        asked.name, "upscale", recipe.model, dict(recipe.args), name, digest, "MIT",
        asked.recipe, asked.data, asked.steps, asked.note,
    )  # fmt: skip
    assert isinstance(recipe.task, Enlarging), "only upscaling is measured here"
    degradation = recipe.task.degradation
    score = mean(list(evaluate_upscale(weights.load(entry), degradation, asked.eval, settings=Settings())))
    measured = {"set": asked.eval.name, "psnr_y": round(score.psnr_y, 2), "bicubic": round(score.bicubic_psnr_y, 2)}
    manifest = folder / "manifest.toml"
    text = manifest.read_text(encoding="utf-8")
    table = re.compile(rf"^\[{re.escape(entry.name)}\]\n(?:(?!\[).*\n?)*", re.MULTILINE)
    text = table.sub("", text).rstrip("\n") + "\n\n" + row(replace(entry, measured=measured))
    manifest.write_text(text, encoding="utf-8")
    print(name, measured)


if __name__ == "__main__":
    main()
