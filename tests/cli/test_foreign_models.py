"""Networks of other programs in the commands: -m FILE of upscale and deblur, and models info."""

import importlib
import json
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from tests.clips import make_clip
from tests.models.foreign.ncnn_files import compact
from vidrestore.cli import app
from vidrestore.errors import ModelError
from vidrestore.models.foreign.library import spandrel


def invoke(*args: object):
    return CliRunner().invoke(app, [str(a) for a in args], env={"COLUMNS": "200"})


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return make_clip(tmp_path / "in.mp4", frames=4)


def checkpoint(path: Path, scale: int = 2) -> Path:
    """Compact with random weights that makes grey of grey; the test is skipped without spandrel."""
    try:
        spandrel()
    except ModelError as error:
        pytest.skip(str(error))
    network = importlib.import_module("spandrel.architectures.Compact").Compact(num_feat=8, num_conv=2, upscale=scale)
    torch.save({"params": network.state_dict()}, path)
    return path


@pytest.mark.parametrize("kind", ["param", "bin", "pth"])
def test_upscale_by_a_file(kind: str, clip: Path, tmp_path: Path) -> None:
    model = checkpoint(tmp_path / "net.pth") if kind == "pth" else compact(tmp_path).with_suffix(f".{kind}")
    result = invoke("upscale", clip, tmp_path / "out.mp4", "-m", model, "-s", 2, "--json", "-q")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert (report["frames_out"], report["width"], report["height"]) == (4, 128, 96)
    assert report["model"] == str(model)


def test_deblur_by_a_file(clip: Path, tmp_path: Path) -> None:
    result = invoke("deblur", clip, tmp_path / "out.mp4", "-m", compact(tmp_path, scale=1), "--json", "-q")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert (report["frames_out"], report["width"], report["height"]) == (4, 64, 48)


def test_a_file_for_another_command_leads_there(clip: Path, tmp_path: Path) -> None:
    same, larger = compact(tmp_path, scale=1, name="same"), compact(tmp_path, scale=4, name="larger")
    for args, says in (
        (("upscale", clip, "-m", same), "keeps the size of pictures; give it to `vidrestore clean` or deblur"),
        (("upscale", clip, "-m", larger), "enlarges x4, not x2; give --scale 4"),
        (("deblur", clip, "-m", larger), "enlarges x4; give it to `vidrestore upscale`"),
        (("interpolate", clip, "-m", larger), "is another program's, which interpolate does not run"),
    ):
        result = invoke(*args)
        assert result.exit_code == 4 and says in result.stderr and len(result.stderr.splitlines()) == 1


def test_models_info_says_what_was_found(tmp_path: Path) -> None:
    found = json.loads(invoke("models", "info", compact(tmp_path), "--json").stdout)
    assert (found["task"], found["parameters"]) == ("upscale", 3 * 8 * 9 + 8 + 8 + 8 * 12 * 9 + 12)
    assert (found["needs"]["scale"], found["needs"]["halo"], found["seam"]) == (2, 2, 0)
