"""Writes small networks of ONNX."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

ANY = ("n", 3, "h", "w")


def write_onnx(path: Path, nodes: list[tuple[Any, ...]], weights: dict[str, Any], *, shape=ANY, kind: str = "FLOAT"):
    """A file of layers, (kind, reads, writes, options), from the blob x to the blob y."""
    onnx = pytest.importorskip("onnx", reason="the package onnx is not installed: pip install onnx")
    make, type_ = onnx.helper, getattr(onnx.TensorProto, kind)
    graph = make.make_graph(
        [make.make_node(op, reads.split(" "), writes.split(" "), **more) for op, reads, writes, more in nodes],
        "net",
        [make.make_tensor_value_info("x", type_, list(shape))],
        [make.make_tensor_value_info("y", type_, None)],
        [onnx.numpy_helper.from_array(np.asarray(array), name) for name, array in weights.items()],
    )
    model = make.make_model(graph, opset_imports=[make.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


def compact_onnx(folder: Path, *, scale: int = 2, channels: int = 3, made: int = 3, size=("h", "w")) -> Path:
    """A network that enlarges as real ones do."""
    random = np.random.default_rng(0)
    weights = {
        "first": 0.2 * random.standard_normal((8, channels, 3, 3), np.float32),
        "slopes": np.full((8, 1, 1), 0.1, np.float32),
        "last": 0.05 * random.standard_normal((made * scale**2, 8, 3, 3), np.float32),
        "grey": np.full((made * scale**2,), 0.5, np.float32),
    }
    nodes = [
        ("Conv", "x first", "a", {"pads": [1] * 4}),
        ("PRelu", "a slopes", "b", {}),
        ("Conv", "b last grey", "c", {"pads": [1] * 4}),
        ("DepthToSpace", "c", "y", {"blocksize": scale, "mode": "CRD"}),
    ]
    return write_onnx(folder / "net.onnx", nodes, weights, shape=("n", channels, *size))
