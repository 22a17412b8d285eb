"""ONNX files on the engine torch: as OpenVINO computes them; files that mean harm; and what torch cannot run."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.models.foreign.onnx_files import compact_onnx, write_onnx
from tests.models.foreign.trials import inferred, pictures
from vidrestore.errors import ModelError
from vidrestore.models.foreign.onnx import LARGEST, OnnxCore, OnnxFile
from vidrestore.models.foreign.onnx_torch import in_torch
from vidrestore.models.foreign.open import open_foreign

pytest.importorskip("onnx", reason="the package onnx is not installed: pip install 'vidrestore[models]'")

HALF = {"w": np.float32(0.5)}
PICTURE = torch.rand(1, 3, 24, 32)


def converted(path: Path, expected: Tensor | None = None, most: int = LARGEST) -> nn.Module:
    return in_torch(path.read_bytes(), most, PICTURE, PICTURE / 2 if expected is None else expected)


def refused(path: Path) -> str:
    """What is said where OpenVINO runs a network and torch does not: one line with the way out."""
    core: Any = open_foreign(path).core
    with pytest.raises(ModelError) as caught:
        core.in_torch(PICTURE)
    message = str(caught.value)
    assert "\n" not in message and len(message) < 400 and "give --engine openvino" in message
    return message


@pytest.mark.parametrize("scale", [1, 2, 4])
def test_tiles_and_batches_are_as_those_of_openvino(scale: int, tmp_path: Path) -> None:
    network, window = open_foreign(compact_onnx(tmp_path, scale=scale)), pictures(3, 70, 94)
    core: Any = network.core
    assert [type(part) for part in core.in_torch(PICTURE).modules()].count(nn.Conv2d) == 2
    for tile in (0, 40):
        for part in (window, window[:1]):
            ours, theirs = (inferred(network, engine, "fp32", part, tile=tile) for engine in ("torch", "openvino"))
            assert (ours - theirs).abs().max() < 1e-4


def test_bf16_is_close_to_fp32(tmp_path: Path) -> None:
    network, window = open_foreign(compact_onnx(tmp_path)), pictures(2, 40, 56)
    exact, rounded = (inferred(network, "torch", precision, window) for precision in ("fp32", "bf16"))
    assert 0 < (exact - rounded).abs().max() < 0.02


def test_networks_in_fp16_are_computed_in_fp32(tmp_path: Path) -> None:
    weight = np.random.default_rng(0).standard_normal((3, 3, 3, 3)).astype(np.float16) * np.float16(0.02)
    nodes = [("Cast", "x", "a", {"to": 10}), ("Conv", "a w", "b", {"pads": [1] * 4}), ("Add", "a b", "c", {}),
             ("Cast", "c", "y", {"to": 1})]  # fmt: skip
    network = open_foreign(write_onnx(tmp_path / "n.onnx", nodes, {"w": weight}))
    expected = PICTURE + torch.conv2d(PICTURE, torch.from_numpy(weight).float(), padding=1)
    torch.testing.assert_close(inferred(network, "torch", "fp32", PICTURE[:, None])[:, 0], expected, atol=1e-5, rtol=0)


def test_names_of_layers_are_not_run(tmp_path: Path) -> None:
    """torch.fx writes names of modules into code without escaping their quotes."""
    onnx = pytest.importorskip("onnx")
    model = onnx.load(write_onnx(tmp_path / "n.onnx", [("Mul", "x w", "y", {})], HALF))
    model.graph.node[0].name = f'a", 0) or open("{tmp_path / "run"}", "w") or getattr(self, "a'
    onnx.save(model, tmp_path / "n.onnx")
    torch.testing.assert_close(converted(tmp_path / "n.onnx")(PICTURE), PICTURE / 2)
    assert not (tmp_path / "run").exists()
    model.graph.node[0].domain = model.graph.node[0].name
    onnx.save(model, tmp_path / "n.onnx")
    with pytest.raises(ModelError, match="does not know"):
        converted(tmp_path / "n.onnx")
    assert not (tmp_path / "run").exists()


def test_files_beside_it_are_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    onnx = pytest.importorskip("onnx")
    model = onnx.load(write_onnx(tmp_path / "n.onnx", [("Mul", "x w", "y", {})], {"w": np.full(64, 0.5, np.float32)}))
    model.graph.node[0].attribute.append(onnx.helper.make_attribute("t", onnx.TensorProto(data_location=1)))
    onnx.save(model, tmp_path / "attribute.onnx")
    del model.graph.node[0].attribute[:]
    onnx.save(model, tmp_path / "ext.onnx", save_as_external_data=True, location="weights.bin", size_threshold=0)
    monkeypatch.chdir(tmp_path)  # where the library would look for them
    assert Path("weights.bin").is_file()
    for name in ("attribute.onnx", "ext.onnx"):
        with pytest.raises(ModelError, match="in other files, which are not opened"):
            converted(tmp_path / name)


def test_weights_that_many_layers_read_are_bounded(tmp_path: Path) -> None:
    """Each reads a copy of its own, so that a small file could fill any memory."""
    nodes = [("Add", f"{i or 'x'} w", str(i + 1), {}) for i in range(50)] + [("Mul", "x half", "y", {})]
    path = write_onnx(tmp_path / "n.onnx", nodes, {"w": np.zeros((32, 32), np.float32), "half": np.float32(0.5)})
    with pytest.raises(ModelError, match=r"would take 20.... bytes"):
        converted(path, most=100_000)


def test_what_nothing_reads_is_not_computed(tmp_path: Path) -> None:
    nodes = [("ConstantOfShape", "size", "huge", {}), ("Mul", "x w", "y", {})]
    path = write_onnx(tmp_path / "n.onnx", nodes, {"size": np.array([1 << 45], np.int64), **HALF})
    torch.testing.assert_close(converted(path)(PICTURE), PICTURE / 2)


def test_what_every_pixel_becomes_is_bounded(tmp_path: Path) -> None:
    nodes = [("Conv", "x many", "a", {}), ("ReduceMean", "a", "m", {"axes": [1]}), ("Mul", "x m", "y", {})]
    path = write_onnx(tmp_path / "n.onnx", nodes, {"many": np.ones((1 << 15, 3, 1, 1), np.float32)})
    with pytest.raises(ModelError, match=r"bytes for a pixel.*--engine openvino"):
        OnnxCore(OnnxFile("wide", path.read_bytes())).in_torch(PICTURE)


def test_what_torch_cannot_run_is_one_line(tmp_path: Path) -> None:
    nodes = [("Concat", "x x x x", "a", {"axis": 1}), ("DepthToSpace", "a", "y", {"blocksize": 2, "mode": "DCR"})]
    assert "mode other than CRD" in refused(write_onnx(tmp_path / "a.onnx", nodes, {}))
    resize = ("Resize", "x  scales", "y", {"mode": "nearest", "nearest_mode": "ceil"})
    path = write_onnx(tmp_path / "b.onnx", [resize], {"scales": np.array([1, 1, 2, 2], np.float32)})
    assert "makes another picture in torch" in refused(path)


def test_without_the_library_it_is_said_how_to_get_it(tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['onnx2torch'] = None\n"
        "import torch; from pathlib import Path\n"
        "from vidrestore.models.foreign.open import open_foreign\n"
        f"open_foreign(Path({str(compact_onnx(tmp_path))!r})).core.in_torch(torch.rand(1, 3, 24, 32))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    last = done.stderr.splitlines()[-1]
    assert "pip install 'vidrestore[models]'" in last and "--engine openvino" in last
