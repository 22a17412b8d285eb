"""evaluate of cleaning: clips spoiled, cleaned, and compared, beside the input and plain denoisers."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from tests.training.moving_scenes import film, write_scene
from vidrestore.cli import app
from vidrestore.models.networks.denoiser import Denoiser
from vidrestore.models.weights import files
from vidrestore.training.data.encoded_scenes import as_420


@pytest.fixture
def untrained(tmp_path: Path) -> Path:
    """A network that changes nothing."""
    path = tmp_path / "network.safetensors"
    args = {"width": 8, "blocks": 1, "fold": 1, "told": True}
    network = Denoiser(**args)  # type: ignore[arg-type]
    bias = network.core.body[-2].bias.data
    bias[0], bias[network.core.count + 1] = 100, -100  # luma as it came, and chroma
    path.write_bytes(files.written(network, task="clean", model="denoiser", args=args))
    return path


def evaluated(network: Path, data: Path, *words: str) -> dict[str, dict[str, float]]:
    """The mean of each method."""
    run = CliRunner().invoke(
        app,
        ["evaluate", str(network), "--data", str(data), "--engine", "torch", "--precision", "fp32", "--json", *words],
    )
    assert run.exit_code == 0, run.output
    found = json.loads(run.stdout)
    assert {row["name"] for row in found["pictures"]} >= {"film/0001", "film/0006"}
    scores: dict[str, dict[str, float]] = found["mean"]["scores"]
    return scores


def test_what_changes_nothing_scores_as_its_input(untrained: Path, tmp_path: Path) -> None:
    film(tmp_path / "data" / "film", 6)
    clean = evaluated(untrained, tmp_path / "data")
    assert clean["network"] == clean["input"] == {"psnr_y": 100.0, "ssim_y": pytest.approx(1), "flicker": 0.0}
    good, bad = (evaluated(untrained, tmp_path / "data", "--compress", f"x264:{crf}") for crf in (24, 44))
    for each in (good, bad):
        assert each["network"] == each["input"]
        assert set(each) == {"network", "input"}
    assert good["input"]["psnr_y"] > bad["input"]["psnr_y"] + 2
    assert good["input"]["ssim_y"] > bad["input"]["ssim_y"]


def test_noise_is_what_is_said_and_denoisers_stand_beside(untrained: Path, tmp_path: Path) -> None:
    write_scene(tmp_path / "data" / "film", seed=0, step=(2, 1), frames=6)
    noisy = evaluated(untrained, tmp_path / "data", "--noise", "20")
    assert set(noisy) == {"network", "input", "nlm", "bm3d"}
    assert noisy["input"]["psnr_y"] == pytest.approx(20 * np.log10(255 / 20), abs=0.3)
    assert noisy["input"]["flicker"] == pytest.approx(2 / np.sqrt(np.pi) * 20, rel=0.05)
    assert min(noisy[name]["psnr_y"] for name in ("nlm", "bm3d")) > noisy["input"]["psnr_y"] + 5


def test_pictures_that_are_no_clip_are_taken_one_by_one(untrained: Path, tmp_path: Path) -> None:
    for name, size in (("one", (40, 48)), ("other", (64, 56))):
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8))
    run = CliRunner().invoke(app, ["evaluate", str(untrained), "--data", str(tmp_path), "--engine", "torch", "--json"])
    assert run.exit_code == 0, run.output
    rows = json.loads(run.stdout)["pictures"]
    assert [row["name"] for row in rows] == ["one.png", "other.png"]
    assert all(row["scores"]["network"]["flicker"] is None for row in rows)


def test_a_clip_that_cannot_be_read_is_said_and_not_passed_over(untrained: Path, tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"nothing")
    cv2.imwrite(str(tmp_path / "one.png"), np.zeros((40, 48, 3), np.uint8))
    run = CliRunner().invoke(app, ["evaluate", str(untrained), "--data", str(tmp_path), "--engine", "torch"])
    assert run.exit_code == 3
    assert "clip.mp4 is not a video" in run.stderr


def test_codes_are_those_of_bt601() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (17, 24, 3), dtype=np.uint8)
    codes = as_420(rgb)
    assert codes.shape == (24, 24)
    expected = 16 + (65.481 * rgb[..., 0] + 128.553 * rgb[..., 1] + 24.966 * rgb[..., 2]) / 255
    assert np.abs(codes[:16] - expected[:16]).max() <= 1
