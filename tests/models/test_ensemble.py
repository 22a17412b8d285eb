"""Mirrored: the mean of four looks, and when deblurring takes them."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor, nn
from typer.testing import CliRunner

from tests.frames import FP32
from vidrestore.base.settings import Settings
from vidrestore.cli import app
from vidrestore.engine import choose
from vidrestore.engine.infer import Inference
from vidrestore.models.ensemble import Mirrored
from vidrestore.models.networks.espcn import Espcn
from vidrestore.models.networks.msresnet import MSResNet
from vidrestore.models.networks.unblur import Unblur
from vidrestore.models.processor import Processor, apply
from vidrestore.models.weights import files
from vidrestore.restoration.deblurring.quality import at_quality


def untamed(network: Unblur) -> Unblur:
    """Weights that change the picture visibly."""
    with torch.random.fork_rng():
        torch.manual_seed(4)
        nn.init.normal_(network.core.last.weight, std=0.02)  # type: ignore[arg-type]
    return network


def networks() -> list[Unblur | MSResNet]:
    return [untamed(Unblur(channels=(8, 8, 16), blocks=(1, 1, 1))), MSResNet(1, 0.0625)]


@pytest.mark.parametrize("network", networks(), ids=["unblur", "msresnet"])
def test_it_changes_as_four_looks_do_on_average(network: Processor) -> None:
    window = torch.rand(2, 1, 3, 24, 40, generator=torch.Generator().manual_seed(1))

    def look(*ways: int) -> Tensor:
        return apply(network, window.flip(ways)).flip(ways)

    with torch.no_grad():
        four = [look(), look(-1), look(-2), look(-2, -1)]
        made = apply(Mirrored(network), window)
    assert (four[0] - four[1]).abs().max() > 1e-3, "a network that looks the same both ways would prove nothing"
    mean = sum(four, torch.zeros(())) / 4
    torch.testing.assert_close(made, window + 1.1 * (mean - window))
    assert Mirrored(network).needs == network.needs


def test_a_network_that_enlarges_gives_the_mean_of_four_looks() -> None:
    window = torch.rand(2, 1, 1, 12, 20, generator=torch.Generator().manual_seed(1))
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(1)
        network = Espcn(scale=2, skip=False)
        four = [apply(network, window.flip(way)).flip(way) for way in ((), (-1,), (-2,), (-2, -1))]
        made = apply(Mirrored(network), window)
    assert (four[0] - four[1]).abs().max() > 1e-3
    torch.testing.assert_close(made, sum(four, torch.zeros(())) / 4)


def test_a_mirrored_picture_gives_the_mirrored_result() -> None:
    """What one look does not promise."""
    network = Mirrored(untamed(Unblur(channels=(8, 8, 16), blocks=(1, 1, 1))))
    window = torch.rand(1, 1, 3, 32, 24, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        torch.testing.assert_close(apply(network, window.flip(-1)).flip(-1), apply(network, window))


@pytest.mark.parametrize("settings", [FP32, Settings(engine="openvino", precision="fp32")], ids=["torch", "openvino"])
@pytest.mark.parametrize("tile", [0, 48])
def test_engines_run_it_whole_and_in_tiles(settings: Settings, tile: int) -> None:
    network = Mirrored(untamed(Unblur(channels=(8, 8, 16), blocks=(0, 0, 1))))
    settings = Settings(engine=settings.engine, precision="fp32", device="cpu", tile=tile)
    window = torch.rand(3, 1, 3, 70, 90, generator=torch.Generator().manual_seed(3))
    padded = torch.nn.functional.pad(window[:, 0], (0, -90 % 8, 0, -70 % 8), mode="replicate")[:, None]
    with torch.no_grad():
        expected = apply(network, padded)[..., :70, :90]
    made = Inference(network, choose(settings), settings)([tuple(each) for each in window])
    torch.testing.assert_close(made, expected, atol=2e-5, rtol=0)


def test_a_single_picture_is_looked_at_four_times_unless_told() -> None:
    network = Unblur(channels=(8, 8, 16), blocks=(1, 1, 1))
    for quality, still, mirrored in (
        ("auto", True, True), ("auto", False, False), ("best", False, True), ("balanced", True, False),
    ):  # fmt: skip
        assert isinstance(at_quality(quality, network, still=still), Mirrored) == mirrored  # type: ignore[arg-type]


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "own.safetensors"
    args = {"channels": [8, 8, 16], "blocks": [1, 1, 1]}
    network = untamed(Unblur((8, 8, 16), (1, 1, 1)))
    path.write_bytes(files.written(network, task="deblur", model="unblur", args=args))
    return path


def write(path: Path, seed: int) -> Path:
    path.parent.mkdir(exist_ok=True)
    cv2.imwrite(str(path), np.random.default_rng(seed).integers(0, 256, (48, 64, 3), np.uint8))
    return path


def run(*words: object) -> str:
    result = CliRunner().invoke(app, list(map(str, words)), env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_command_takes_best_for_a_picture_and_balanced_for_a_folder(own: Path, tmp_path: Path) -> None:
    source = write(tmp_path / "frames/frame_1.png", 1)
    made = {}
    for quality in ("auto", "balanced", "best"):
        for given, out in ((source, tmp_path / f"{quality}.png"), (source.parent, tmp_path / quality)):
            run("deblur", given, out, "-m", own, "--quality", quality, "--engine", "torch", "--precision", "fp32", "-q")
            made[quality, given] = cv2.imread(str(out if given == source else out / "frame_00000001.png"))
    assert np.array_equal(made["auto", source], made["best", source])
    assert np.array_equal(made["auto", source.parent], made["balanced", source.parent])
    assert np.array_equal(made["balanced", source], made["balanced", source.parent])
    assert not np.array_equal(made["best", source], made["balanced", source])


def test_evaluate_does_as_the_command_does(own: Path, tmp_path: Path) -> None:
    write(tmp_path / "data/x_blur.png", 1)
    write(tmp_path / "data/x_sharp.png", 2)
    words = ("evaluate", own, "--data", tmp_path / "data", "--engine", "torch", "--precision", "fp32", "--json")
    auto, balanced, best = (
        json.loads(run(*words, "--quality", quality))["mean"]["psnr"] for quality in ("auto", "balanced", "best")
    )
    assert auto == best != balanced
    assert json.loads(run(*words))["mean"]["psnr"] == auto


@pytest.mark.parametrize(("model", "quality"), [("unblur", "fast"), ("clean", "best")])
def test_a_quality_that_a_task_has_not_is_refused(model: str, quality: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["evaluate", model, "--data", str(tmp_path), "--quality", quality])
    assert result.exit_code == 2 and f"--quality {quality} is not for" in result.stderr
