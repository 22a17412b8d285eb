"""ONNX files: read, measured, the same on every engine and in tiles; and files that are none, in one line each."""

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.models.foreign.onnx_files import compact_onnx, write_onnx
from tests.models.foreign.trials import inferred, pictures, refusal
from vidrestore.models.foreign.open import open_foreign
from vidrestore.models.foreign.tiles import STATED_HALO
from vidrestore.models.processor import Needs, apply


@pytest.mark.parametrize("scale", [1, 2, 4])
def test_needs_are_found(scale: int, tmp_path: Path) -> None:
    network = open_foreign(compact_onnx(tmp_path, scale=scale))
    assert network.needs == Needs(scale=scale, halo=2)
    assert network.seam == 0 and 40 < network.bf16 < 90


@pytest.mark.parametrize(("engine", "precision"), [("torch", "fp32"), ("openvino", "fp32"), ("openvino", "bf16")])
def test_every_engine_gives_the_same_in_tiles_and_batches(engine: str, precision: str, tmp_path: Path) -> None:
    network, window = open_foreign(compact_onnx(tmp_path)), pictures(3, 70, 94)
    whole = inferred(network, engine, precision, window)
    assert whole.shape == (3, 1, 3, 140, 188)
    assert (whole - apply(network, window)).abs().max() < (1e-5 if precision == "fp32" else 0.02)
    tiled = inferred(network, engine, precision, window, tile=40)
    assert torch.equal(tiled, whole) if precision == "fp32" else (tiled - whole).abs().max() < 0.02


def test_it_computes_what_its_layers_say(tmp_path: Path) -> None:
    weight = np.random.default_rng(1).standard_normal((3, 3, 3, 3), np.float32) * 0.05
    grey = np.full(3, 0.5, np.float32)
    path = write_onnx(tmp_path / "n.onnx", [("Conv", "x w b", "y", {"pads": [1] * 4})], {"w": weight, "b": grey})
    picture = torch.rand(2, 3, 20, 30)
    expected = torch.conv2d(picture, torch.from_numpy(weight), torch.full((3,), 0.5), padding=1)
    torch.testing.assert_close(open_foreign(path).core(picture), expected, atol=1e-5, rtol=0)


def test_a_size_that_a_file_was_written_at_is_no_limit(tmp_path: Path) -> None:
    network = open_foreign(compact_onnx(tmp_path, size=(64, 64)))
    assert apply(network, pictures(2, 50, 70)).shape == (2, 1, 3, 100, 140)


def test_what_each_pixel_reads_of_the_whole_is_seen(tmp_path: Path) -> None:
    nodes = [("GlobalAveragePool", "x", "mean", {}), ("Mul", "x half", "a", {}), ("Mul", "mean half", "b", {}),
             ("Add", "a b", "y", {})]  # fmt: skip
    network = open_foreign(write_onnx(tmp_path / "n.onnx", nodes, {"half": np.float32(0.5)}))
    assert network.needs.halo == STATED_HALO and network.seam > 0


def test_networks_that_do_not_run_here_are_one_line(tmp_path: Path) -> None:
    half = {"w": np.float32(0.5)}
    for make, says in (
        (lambda: compact_onnx(tmp_path, channels=1, made=1), "sees 1 channel; networks that see RGB"),
        (lambda: compact_onnx(tmp_path, channels=4, made=4), "sees 4 channels; networks that see RGB"),
        (lambda: compact_onnx(tmp_path, made=1), "makes 1 channels"),
        (lambda: write_onnx(tmp_path / "a.onnx", [("Flatten", "x", "y", {})], {}), "another task"),
        (lambda: write_onnx(tmp_path / "b.onnx", [("Wonder", "x w", "y", {})], half), "does not know: Wonder"),
        (lambda: write_onnx(tmp_path / "c.onnx", [("Identity", "x", "y", {})], {}, kind="UINT8"), "numbers of u8"),
        (lambda: write_onnx(tmp_path / "d.onnx", [("Mul", "x w", "y", {})], half, shape=("n", 3)), "another task"),
    ):
        assert says in refusal(make())


def test_files_that_are_no_onnx_are_one_line(tmp_path: Path) -> None:
    whole = compact_onnx(tmp_path).read_bytes()
    path = tmp_path / "bad.onnx"
    for content in (whole[:900], whole[:-20], b"just text\n", b"", bytes(1000)):
        path.write_bytes(content)
        assert "damaged, or no file of ONNX" in refusal(path)
    path.unlink()
    assert "no such file" in refusal(path)


def test_a_file_beside_it_is_not_opened(tmp_path: Path) -> None:
    """Weights may lie in another file, by any name; such a network is refused."""
    onnx = pytest.importorskip("onnx")
    model = onnx.load(compact_onnx(tmp_path))
    onnx.save(model, tmp_path / "ext.onnx", save_as_external_data=True, location="weights.bin", size_threshold=0)
    assert (tmp_path / "weights.bin").is_file()
    refusal(tmp_path / "ext.onnx")
