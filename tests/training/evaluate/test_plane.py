"""The perception-distortion plane: numbers by hand, regions, the picture, and the command on real pictures."""

import json
import shutil
from importlib.util import find_spec
from pathlib import Path
from urllib.error import URLError

import cv2
import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from vidrestore.cli import app
from vidrestore.errors import ModelError
from vidrestore.metrics import lpips
from vidrestore.metrics.lpips import CONVOLUTIONS, Lpips
from vidrestore.metrics.report.plane import draw
from vidrestore.training.evaluate.plane import REGIONS, place

needs_lpips = pytest.mark.skipif(find_spec("lpips") is None, reason="needs the extra perceptual")


def test_a_place_is_means_and_deviations() -> None:
    rng = np.random.default_rng(0)
    references = [rng.uniform(16, 235, (40, 50)).astype(np.float32) for _ in range(2)]
    found = place("off", [(references[0], references[0] + 3), (references[1], references[1] + 4)], border=2)
    assert found.rmse == pytest.approx(12.5**0.5)
    each = [10 * np.log10(255**2 / error) for error in (9, 16)]
    assert found.psnr.mean == pytest.approx(np.mean(each))
    assert found.psnr.deviation == pytest.approx(np.std(each, ddof=1))
    assert found.niqe is None, "no block of 96x96"
    assert found.region == 1


@pytest.mark.parametrize(("error", "region"), [(11.5, 1), (11.6, 2), (12.5, 2), (16, 3), (16.1, None)])
def test_regions_are_those_of_pirm(error: float, region: int | None) -> None:
    zeros = np.zeros((20, 20), np.float32)
    assert place("off", [(zeros, zeros + np.float32(error))], border=0).region == region


def test_the_picture_shows_each_method_in_its_place() -> None:
    picture = cv2.imdecode(
        np.frombuffer(draw({"NIQE": [("a", 8, 4), ("b", 14, 8)]}, REGIONS), np.uint8), cv2.IMREAD_COLOR
    )
    blue = (picture[..., 0].astype(int) - picture[..., 2] > 100).nonzero()
    left, right = (blue[1] < 320), (blue[1] > 320)
    assert blue[0][left].mean() > 320 > blue[0][right].mean(), "a is nearer and more natural: left and low"


def test_the_command_draws_it(shared_data: Path, tmp_path: Path) -> None:
    asked = ["evaluate", "espcn-x2", "--data", str(shared_data / "eval" / "set5"), "--plane", str(tmp_path / "p.png")]
    found = CliRunner().invoke(app, [*asked, "--json"])
    assert found.exit_code == 0, found.output
    bicubic, network = json.loads(found.stdout)["plane"]
    assert network["rmse"] < bicubic["rmse"] and network["niqe"]["mean"] < bicubic["niqe"]["mean"]
    assert network["psnr"]["mean"] == pytest.approx(37.28, abs=0.05) and network["psnr"]["deviation"] > 1
    assert cv2.imread(str(tmp_path / "p.png")).shape == (640, 640, 3)
    assert CliRunner().invoke(app, asked).exit_code != 0, "nothing is overwritten"


@pytest.fixture
def alexnet(tmp_path: Path) -> Path:
    """Weights of the right names and shapes; the real ones are nowhere to be had here."""
    path, made = tmp_path / "alexnet.pth", torch.Generator().manual_seed(1)
    with torch.device("meta"):
        layers = {number: torch.nn.Conv2d(*sizes) for number, sizes in CONVOLUTIONS.items()}
    weights = {
        f"features.{number}.{name}": 0.1 * torch.randn(tensor.shape, generator=made)
        for number, layer in layers.items()
        for name, tensor in layer.named_parameters()
    }
    torch.save(weights | {"classifier.1.bias": torch.zeros(3)}, path)
    return path


@needs_lpips
def test_lpips_is_the_formula(alexnet: Path) -> None:
    network = Lpips(alexnet)
    one, other = torch.rand(2, 2, 3, 64, 80, generator=torch.Generator().manual_seed(2))
    assert torch.equal(network(one, one), torch.zeros(2)) and (network(one, other) > 0).all()
    assert [tuple(each.shape) for each in network._looks(one)] == [
        (2, 64, 15, 19), (2, 192, 7, 9), (2, 384, 3, 4), (2, 256, 3, 4), (2, 256, 3, 4),
    ]  # fmt: skip
    near, far = network(one, 0.9 * one + 0.1 * other), network(one, 0.5 * one + 0.5 * other)
    assert (near < far).all()


@pytest.fixture
def bird(shared_data: Path, tmp_path: Path) -> Path:
    """The smallest of Set5, alone in a folder."""
    (tmp_path / "set").mkdir()
    shutil.copy(shared_data / "eval" / "set5" / "bird.png", tmp_path / "set")
    return tmp_path / "set"


def test_four_looks_are_measured_as_better(bird: Path) -> None:
    asked = ["evaluate", "espcn-x2", "--data", str(bird), "--json", "--quality"]
    once, best = (
        json.loads(CliRunner().invoke(app, [*asked, quality]).stdout)["mean"]["psnr_y"]
        for quality in ("balanced", "best")
    )
    assert best > once + 0.05


@needs_lpips
def test_the_command_draws_lpips_beside(bird: Path, alexnet: Path, tmp_path: Path) -> None:
    asked = ["evaluate", "espcn-x2", "--data", str(bird), "--plane", str(tmp_path / "p.png")]
    found = CliRunner().invoke(app, [*asked, "--lpips", str(alexnet), "--json"])
    assert found.exit_code == 0, found.output
    assert all(row["lpips"]["mean"] > 0 for row in json.loads(found.stdout)["plane"])
    assert cv2.imread(str(tmp_path / "p.png")).shape == (640, 1280, 3)


def test_what_lpips_lacks_is_one_line(alexnet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = ["evaluate", "espcn-x2", "--data", str(tmp_path)]
    result = CliRunner().invoke(app, [*asked, "--lpips", "auto"])
    assert result.exit_code == 2 and "--lpips auto is measured with --plane" in result.stderr
    with monkeypatch.context() as patched:
        patched.setattr(lpips, "find_spec", lambda name: None)
        with pytest.raises(ModelError, match="pip install 'vidrestore"):
            Lpips(alexnet)
    monkeypatch.setattr(lpips, "_layers", dict)
    with pytest.raises(ModelError, match="no weights at"):
        Lpips(tmp_path / "none.pth")
    torch.save({"features.0.weight": torch.zeros(3)}, tmp_path / "other.pth")
    with pytest.raises(ModelError, match="does not hold AlexNet"):
        Lpips(tmp_path / "other.pth")

    def fails(*_: object, **__: object) -> None:
        raise URLError("no route")

    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", fails)
    with pytest.raises(ModelError, match=r"cannot be had \(.*no route.*\); give your file of it with --lpips FILE"):
        Lpips()
