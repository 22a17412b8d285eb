"""Networks of other programs in the commands: -m FILE of upscale and deblur, and models info."""

import importlib
import json
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from typer.testing import CliRunner

from tests.clips import make_clip
from tests.models.foreign.ncnn_files import compact, gated
from tests.models.foreign.onnx_files import compact_onnx
from tests.models.foreign.test_checkpoint import NETWORKS, architecture
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
    state = network.state_dict()
    save_file(state, path) if path.suffix == ".safetensors" else torch.save({"params": state}, path)
    return path


def model_file(kind: str, folder: Path) -> Path:
    match kind:
        case "param" | "bin":
            return compact(folder).with_suffix(f".{kind}")
        case "onnx":
            return compact_onnx(folder)
        case _:
            return checkpoint(folder / f"net.{kind}")


@pytest.mark.parametrize("kind", ["param", "bin", "onnx", "pth", "pt", "ckpt", "safetensors"])
def test_upscale_by_a_file(kind: str, clip: Path, tmp_path: Path) -> None:
    model = model_file(kind, tmp_path)
    result = invoke("upscale", clip, tmp_path / "out.mp4", "-m", model, "-s", 2, "--json", "-q")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert (report["frames_out"], report["width"], report["height"]) == (4, 128, 96)
    assert report["model"] == str(model)


QUICK = ("DAT", "NAFNet")


@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.slow] * (n not in QUICK)) for n in NETWORKS])
def test_ten_architectures_restore_a_clip(name: str, clip: Path, tmp_path: Path) -> None:
    """DAT crashes OpenVINO's converter, which ends a child of ours and no more."""
    checkpoint(tmp_path / "any.pth")  # or skips
    torch.manual_seed(0)
    torch.save(architecture(name, **NETWORKS[name]).state_dict(), model := tmp_path / "net.pth")
    scale = {"ESRGAN": 4, "NAFNet": 1, "SCUNet": 1}.get(name, 2)
    words = ("clean",) if scale == 1 else ("upscale", "-s", scale)
    found, pictures = {}, {}
    for engine in ("auto", "torch"):
        out = tmp_path / f"{engine}.mkv"
        args = (*words, clip, out, "-m", model, "--precision", "fp32", "--engine", engine, "-c", "ffv1")
        result = invoke(*args, "--json", "-q")
        assert result.exit_code == 0, result.output
        found[engine] = json.loads(result.stdout)
        assert (found[engine]["frames_out"], found[engine]["width"]) == (4, 64 * scale)
        with av.open(str(out)) as container:
            pictures[engine] = np.stack([frame.to_ndarray() for frame in container.decode(video=0)]).astype(int)
    assert np.abs(pictures["auto"] - pictures["torch"]).max() <= 1
    cannot = any("OpenVINO cannot run this network" in line for line in found["auto"]["warnings"])
    assert (found["auto"]["engine"], cannot) == (("torch", True) if name == "DAT" else ("openvino", False))
    if name == "DAT":
        asked = (*words, clip, tmp_path / "out.mkv", "-m", model, "--precision", "fp32", "--engine", "openvino")
        result = invoke(*asked)
        assert result.exit_code == 1 and "use --engine torch" in result.stderr.splitlines()[-1]


def test_deblur_by_a_file(clip: Path, tmp_path: Path) -> None:
    result = invoke("deblur", clip, tmp_path / "out.mp4", "-m", compact(tmp_path, scale=1), "--json", "-q")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert (report["frames_out"], report["width"], report["height"]) == (4, 64, 48)


def test_the_report_says_by_how_much_tiles_may_differ(clip: Path, tmp_path: Path) -> None:
    for network, warnings in ((gated(tmp_path), 1), (compact(tmp_path, scale=1, name="local"), 0)):
        report = json.loads(invoke("deblur", clip, tmp_path / "out.mp4", "-m", network, "-y", "--json", "-q").stdout)
        said = [each for each in report["warnings"] if "each pixel depends on far ones" in each]
        assert len(said) == warnings
        assert all("of 255; --tile 0 has none" in each for each in said)


def test_a_file_for_another_command_leads_there(clip: Path, tmp_path: Path) -> None:
    same, larger = compact(tmp_path, scale=1, name="same"), compact(tmp_path, scale=4, name="larger")
    for args, says in (
        (("upscale", clip, "-m", same), "keeps the size of pictures; give it to `vidrestore clean` or deblur"),
        (("upscale", clip, "-m", larger), "enlarges x4, not x2; give --scale 4"),
        (("deblur", clip, "-m", larger), "enlarges x4; give it to `vidrestore upscale`"),
        (("interpolate", clip, "-m", larger), "has 1 inputs and 1 outputs; interpolate runs RIFE 4"),
    ):
        result = invoke(*args)
        assert result.exit_code == 4 and says in result.stderr and len(result.stderr.splitlines()) == 1


def test_restore_gives_each_network_to_its_step(clip: Path, tmp_path: Path) -> None:
    same, larger = compact(tmp_path, scale=1, name="same"), compact(tmp_path, scale=4, name="larger")
    files = "-m", larger, "-m", same
    result = invoke("restore", clip, tmp_path / "out.mp4", "--deblur", "-s", 4, *files, "-y", "--json", "-q")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert (report["model"], report["width"], report["frames_out"]) == (f"{same}+{larger}", 256, 4)
    cleaned = json.loads(invoke("restore", clip, tmp_path / "c.mp4", "--clean", "-m", same, "--json", "-q").stdout)
    assert (cleaned["model"], cleaned["width"]) == (str(same), 64)


def test_restore_says_which_step_a_network_is_for(clip: Path, tmp_path: Path) -> None:
    same, larger = compact(tmp_path, scale=1, name="same"), compact(tmp_path, scale=4, name="larger")
    for code, args, says in (
        (2, ("--deblur", "-m", larger), f"-m {larger} is for --scale; give that with it"),
        (2, ("-s", 2, "-m", same), f"-m {same} is for --clean or --deblur; give that with it"),
        (2, ("--clean", "--deblur", "-m", same), "leave out one of --clean and --deblur"),
        (2, ("-s", 4, "-m", larger, "-m", "espcn"), f"-m {larger} and -m espcn are for one step, --scale"),
        (2, ("-x", 2, "-m", "unblur"), "-m unblur is for --deblur; give that with it"),
        (4, ("-s", 2, "-m", "espcm"), "no model 'espcm'"),
        (4, ("-s", 2, "-m", larger), "enlarges x4, not x2; give --scale 4"),
        (4, ("-s", 2, "-m", tmp_path / "none.pth"), "none.pth: no such file"),
    ):
        result = invoke("restore", clip, *args)
        assert result.exit_code == code, result.output
        assert says in result.stderr and len(result.stderr.splitlines()) == 1


def test_two_in_a_row_may_be_files(clip: Path, tmp_path: Path) -> None:
    """A file's own name may hold a +."""
    two, odd = compact(tmp_path, name="two"), compact(tmp_path, name="a+b")
    for model, scale in ((f"{two}+espcn", 4), (f"aligned-x2+{two}", 4), (f"{two}+{two}", 4), (odd, 2)):
        result = invoke("upscale", clip, tmp_path / "out.mp4", "-m", model, "-s", scale, "-y", "--json", "-q")
        assert result.exit_code == 0, result.output
        report = json.loads(result.stdout)
        assert (report["model"], report["width"]) == (str(model).replace("+espcn", "+espcn-x2"), 64 * scale)
    for model, says in (
        (f"{two}+{tmp_path / 'none.pth'}", "none.pth: no such file"),
        (f"{two}+{compact(tmp_path, scale=1, name='same')}", "keeps the size of pictures"),
        (f"{two}+{compact(tmp_path, scale=4, name='larger')}", "enlarges x8, not x4"),
    ):
        result = invoke("upscale", clip, "-m", model, "-s", 4)
        assert result.exit_code == 4 and says in result.stderr and len(result.stderr.splitlines()) == 1


def test_evaluate_measures_a_file(tmp_path: Path) -> None:
    (folder := tmp_path / "pictures").mkdir()
    picture = np.tile(np.arange(96, dtype=np.uint8)[:, None] * 2, (1, 96))
    cv2.imwrite(str(folder / "a.png"), np.dstack([picture, picture.T, picture]))
    larger, same = compact(tmp_path), compact(tmp_path, scale=1, name="same")
    found = json.loads(invoke("evaluate", larger, "--data", folder, "--json").stdout)
    assert found["model"] == str(larger) and 20 < found["mean"]["psnr_y"] < found["mean"]["bicubic_psnr_y"]
    both = json.loads(invoke("evaluate", f"{larger}+espcn-x2", "--data", folder, "--json").stdout)
    assert both["mean"]["psnr_y"] < found["mean"]["psnr_y"]
    table = json.loads(invoke("evaluate", larger, "espcn-x2", "--data", folder, "--table", "--json").stdout)
    assert list(table["methods"]) == ["bicubic", str(larger), "espcn-x2"]
    assert table["methods"][str(larger)]["psnr"] == pytest.approx(found["mean"]["psnr_y"])
    cleaned = json.loads(invoke("evaluate", same, "--data", folder, "--noise", 20, "--json").stdout)
    assert cleaned["mean"]["scores"]["input"]["psnr_y"] < 30


def test_models_info_says_what_was_found(tmp_path: Path) -> None:
    found = json.loads(invoke("models", "info", compact(tmp_path), "--json").stdout)
    assert (found["task"], found["parameters"]) == ("upscale", 3 * 8 * 9 + 8 + 8 + 8 * 12 * 9 + 12)
    assert (found["needs"]["scale"], found["needs"]["halo"], found["seam"]) == (2, 2, 0)
