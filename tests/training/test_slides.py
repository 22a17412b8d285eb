"""The recipes of document 003's networks at toy size: each beats its baseline within 200 steps."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from vidrestore.models.processor import apply
from vidrestore.models.weights import files
from vidrestore.training.loop import Progress, Training
from vidrestore.training.recipes import RECIPES, Recipe

TOY: dict[str, dict[str, object]] = {
    "srresnet-x4": {"blocks": 1, "width": 16},
    "srresnet-deblur": {"blocks": 1, "width": 16},
    "edsr-x2": {"blocks": 1, "width": 16},
    "edsr-x4": {"blocks": 1, "width": 16},
    "edsr-large-x2": {"blocks": 2, "width": 16},
    "edsr-large-x4": {"blocks": 2, "width": 16},
    "wdsr-x2": {"blocks": 1, "width": 8, "wide": 32},
    "wdsr-x4": {"blocks": 1, "width": 8, "wide": 32},
    "mdsr": {"blocks": 1, "width": 12},
    "dbpn-x2": {"stages": 2, "width": 8, "features": 16},
    "dbpn-x4": {"stages": 2, "width": 8, "features": 16},
    "dbpn-x8": {"stages": 2, "width": 8, "features": 16},
    "refinement-x2": {"stages": 2, "blocks": 1, "width": 12},
    "refinement-x4": {"stages": 2, "blocks": 1, "width": 12},
    "selu": {"blocks": 1, "width": 16},
    "residual-x2": {"blocks": 1, "width": 16},
    "residual-x4": {"blocks": 1, "width": 16},
}
"""What makes each network small; a small one bears a higher rate."""
STEPS = 200
SIDE = 32
"""Of a patch, enlarged."""


def toy(name: str) -> Recipe:
    recipe = RECIPES[name]
    return replace(
        recipe,
        args={**recipe.args, **TOY[name]},
        task=replace(recipe.task, patch=SIDE // recipe.task.degradation.scale),  # type: ignore
        batch=6,
        learning_rate=1e-3 if recipe.model == "srresnet" else 2e-3,
        drops=(),
        precision="fp32",
        ema=0.95,
        validate_every=STEPS // 4,
    )


def test_every_recipe_is_here() -> None:
    from vidrestore.training.recipes.slides import SLIDES

    assert TOY.keys() == SLIDES.keys() - {"srgan", "unknown-x2", "unknown-x4"}, "see their own tests"


@pytest.mark.parametrize("name", TOY)
def test_two_hundred_steps_beat_the_baseline(name: str, pictures: Path, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    seen: list[Progress] = []
    recipe = toy(name)
    best = Training(recipe, pictures, tmp_path, steps=STEPS, workers=0).run(seen.append)
    scores = [each.psnr or 0 for each in seen]
    assert scores[-1] > (seen[-1].baseline or 0) + 0.05, (scores, seen[-1].baseline)
    network = files.open_file(best, task=recipe.task.command)
    held = recipe.task.open(pictures, tmp_path).held
    assert held.psnr(network) == pytest.approx(max(scores)), "what is kept is what was scored"


def test_a_normalised_run_goes_on_where_it_stopped(pictures: Path, tmp_path: Path) -> None:
    recipe = replace(toy("wdsr-x2"), validate_every=4)
    straight = Training(recipe, pictures, tmp_path / "a", steps=8, workers=0)
    straight.run()

    class StopError(Exception):
        pass

    def stop(progress: Progress) -> None:
        if progress.step == 8:
            raise StopError

    with pytest.raises(StopError):
        Training(recipe, pictures, tmp_path / "b", steps=8, workers=0).run(stop)
    second = Training(recipe, pictures, tmp_path / "b", steps=8, workers=0)
    second.resume()
    second.run()
    assert (tmp_path / "a/best.safetensors").read_bytes() == (tmp_path / "b/best.safetensors").read_bytes()


def test_a_normalised_run_begins_with_given_weights(pictures: Path, tmp_path: Path) -> None:
    recipe = toy("wdsr-x2")
    first = Training(recipe, pictures, tmp_path / "a", steps=2, workers=0)
    file, window = first.run(), torch.rand(1, 1, 3, 12, 12)
    second = Training(replace(recipe, seed=2), pictures, tmp_path / "b", workers=0)
    second.warm_start(file)
    with torch.no_grad():
        wanted = apply(files.open_file(file, task="upscale"), window)
        torch.testing.assert_close(apply(second.model, window), wanted)
        torch.testing.assert_close(apply(second.ema, window), wanted)
