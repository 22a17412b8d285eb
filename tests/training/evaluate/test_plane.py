"""The perception-distortion plane: numbers by hand, regions, the picture, and the command on real pictures."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from vidrestore.cli import app
from vidrestore.metrics.report.plane import draw
from vidrestore.training.evaluate.plane import REGIONS, place


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
    picture = cv2.imdecode(np.frombuffer(draw([("a", 8, 4), ("b", 14, 8)], REGIONS), np.uint8), cv2.IMREAD_COLOR)
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
