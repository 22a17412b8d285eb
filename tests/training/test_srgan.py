"""SRGAN at toy width: both networks learn, what is kept lies on the plane, the run ends and goes on."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from vidrestore.training.adversarial import AdversarialTraining
from vidrestore.training.discriminator import Discriminator, real_or_made
from vidrestore.training.loop import Progress
from vidrestore.training.losses import make_loss
from vidrestore.training.recipes import RECIPES, Recipe
from vidrestore.training.recipes.recipe import Adversary

STEPS = 24


def toy(**adversary: float) -> Recipe:
    recipe = RECIPES["srgan"]
    return replace(
        recipe,
        args={**recipe.args, "blocks": 1, "width": 8},
        task=replace(recipe.task, patch=8),  # type: ignore[type-var]
        batch=4,
        learning_rate=1e-3,
        precision="fp32",
        ema=0.9,
        validate_every=STEPS // 4,
        adversary=replace(Adversary(width=4, weight=0.05), **adversary),  # type: ignore[arg-type]
    )


def test_the_published_sizes() -> None:
    network = Discriminator()
    shapes = [tuple(layer.weight.shape) for layer in network.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    assert [shape[0] for shape in shapes] == [64, 64, 128, 128, 256, 256, 512, 512, 1024, 1]
    assert shapes[-2] == (1024, 512 * 6 * 6), "96 pixels are halved four times"
    assert sum(isinstance(layer, nn.BatchNorm2d) for layer in network.modules()) == 7
    assert network.eval()(torch.rand(2, 3, 96, 96)).shape == (2,)


def test_answers_cost_what_they_should() -> None:
    sure = torch.tensor([8.0, 8.0])
    assert real_or_made(sure, real=True) < 0.001 and real_or_made(sure, real=False) > 7.9
    assert real_or_made(torch.zeros(3), real=True) == pytest.approx(0.6931, abs=1e-3)


def test_a_discriminator_learns_to_tell_blur() -> None:
    torch.set_num_threads(1)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        network, real = Discriminator(32, 4), torch.rand(6, 3, 32, 32)
    made = nn.functional.avg_pool2d(real, 3, 1, 1)
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    costs = []
    for _ in range(12):
        cost = real_or_made(network(real), real=True) + real_or_made(network(made), real=False)
        costs.append(float(cost.detach()))
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()
    assert costs[-1] < costs[0] / 2, costs


def test_content_without_vgg_is_the_error_of_pictures_from_minus_one_to_one() -> None:
    a, b = torch.rand(2, 1, 3, 8, 8), torch.rand(2, 1, 3, 8, 8)
    loss = make_loss("vgg-or-mse", vgg=None, device=torch.device("cpu"))
    torch.testing.assert_close(loss(a, b), ((2 * a - 2 * b) ** 2).mean())


def test_both_networks_learn(pictures: Path, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    seen: list[Progress] = []
    training = AdversarialTraining(toy(), pictures, tmp_path, steps=STEPS, workers=0)
    before = [p.clone() for p in training.model.parameters()]
    best = training.run(seen.append)
    for part in ("content", "adversarial", "discriminator"):
        assert len({each.more[part] for each in seen}) == len(seen) == 4, part
    moved = [not torch.equal(a, b) for a, b in zip(before, training.model.parameters(), strict=True)]
    assert all(moved)
    assert best.is_file() and -training.best <= min(each.more["niqe"] for each in seen)


def test_it_ends_where_nothing_better_comes(pictures: Path, tmp_path: Path) -> None:
    seen: list[Progress] = []
    training = AdversarialTraining(toy(allowed=0.0, patience=2), pictures, tmp_path, steps=STEPS, workers=0)
    training.run(seen.append)
    assert [each.step for each in seen] == [STEPS // 4, STEPS // 2]
    assert training.ended and (tmp_path / "best.safetensors").is_file(), "what it began with is kept"


def test_it_goes_on_where_it_stopped(pictures: Path, tmp_path: Path) -> None:
    class StopError(Exception):
        pass

    def stop(progress: Progress) -> None:
        if progress.step == STEPS // 2:
            raise StopError

    AdversarialTraining(toy(), pictures, tmp_path / "a", steps=STEPS, workers=0).run()
    with pytest.raises(StopError):
        AdversarialTraining(toy(), pictures, tmp_path / "b", steps=STEPS, workers=0).run(stop)
    second = AdversarialTraining(toy(), pictures, tmp_path / "b", steps=STEPS, workers=0)
    second.resume()
    assert second.began > 0
    second.run()
    files = [torch.load(tmp_path / name / "last.pt", weights_only=True) for name in "ab"]
    for part in ("model", "discriminator"):
        for name, tensor in files[0][part].items():
            assert torch.equal(tensor, files[1][part][name]), (part, name)
    assert files[0]["best"] == files[1]["best"]
