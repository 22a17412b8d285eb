"""Writes small networks of ncnn, and runs them with ncnn itself."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn


def plain(numbers: Tensor) -> bytes:
    """fp32, as biases lie."""
    return numbers.detach().numpy().astype("<f4").tobytes()


def tagged(numbers: Tensor, form: str = "fp32") -> bytes:
    """As weights lie: a tag, the numbers, and zeros up to a multiple of four bytes."""
    values = numbers.detach().numpy().ravel()
    match form:
        case "fp32":
            return bytes(4) + plain(numbers)
        case "raw":
            return _tag(0x0002C056) + plain(numbers)
        case "fp16":
            return _padded(_tag(0x01306B47) + values.astype("<f2").tobytes())
        case "bf16":
            upper = (values.astype("<f4").view("<u4") >> 16).astype("<u2")
            return _padded(_tag(0x01348B83) + upper.tobytes())
        case "int8":
            return _padded(_tag(0x000D4B38) + values.astype("i1").tobytes())
    table = np.linspace(values.min(), values.max(), 256, dtype="<f4")
    nearest = np.abs(values[:, None] - table).argmin(1).astype("u1")
    return _padded(_tag(1) + table.tobytes() + nearest.tobytes())


def _tag(number: int) -> bytes:
    return number.to_bytes(4, "little")


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def write(folder: Path, lines: list[str], weights: bytes = b"", *, channels: int = 3, name: str = "net") -> Path:
    """NAME.param and NAME.bin of layers that read the blob `in`, after the Input layer; the first is returned."""
    layers = [f"Input input 0 1 in 0=0 1=0 2={channels}", *lines]
    blobs = sum(int(line.split()[3]) for line in layers)
    param = folder / f"{name}.param"
    param.write_text("\n".join(["7767517", f"{len(layers)} {blobs}", *layers, ""]))
    param.with_suffix(".bin").write_bytes(weights)
    return param


def conv_line(conv: nn.Conv2d, reads: str, writes: str, more: str = "") -> str:
    """A square convolution of torch's as a layer."""
    (k, _), (s, _), (d, _), pad = conv.kernel_size, conv.stride, conv.dilation, int(conv.padding[0])
    kind = "Convolution" if conv.groups == 1 else "ConvolutionDepthWise"
    group = "" if conv.groups == 1 else f" 7={conv.groups}"
    return (
        f"{kind} {writes}_layer 1 1 {reads} {writes} 0={conv.out_channels} 1={k} 2={d} 3={s} 4={pad} "
        f"5={int(conv.bias is not None)} 6={conv.weight.numel()}{group} {more}"
    )


def compact(
    folder: Path, *, scale: int = 2, channels: int = 3, made: int = 3, form: str = "fp32", name: str = "net"
) -> Path:
    """A network that enlarges as real ones do: convolutions, PReLU, a pixel shuffle, and the picture added."""
    first, last = nn.Conv2d(channels, 8, 3, padding=1), nn.Conv2d(8, made * scale**2, 3, padding=1)
    last.weight.data *= 0.2
    slopes = 0.1 + 0.1 * torch.rand(8)
    lines = [
        "Split split 1 2 in in0 in1",
        conv_line(first, "in0", "a"),
        "PReLU prelu 1 1 a b 0=8",
        conv_line(last, "b", "c"),
        f"PixelShuffle shuffle 1 1 c d 0={scale}",
    ]
    if channels == made:
        lines += [
            f"Interp up 1 1 in1 e 0=1 1={scale}.0 2={scale}.0",
            "BinaryOp sum 2 1 d e out 0=0",
        ]
    weights = b"".join(
        [tagged(first.weight, form), plain(first.bias), plain(slopes), tagged(last.weight, form), plain(last.bias)]
    )
    return write(folder, lines, weights, channels=channels, name=name)


def by_ncnn(param: Path, picture: Tensor, blob: str = "in") -> NDArray[np.float32]:
    """What ncnn makes of (C, H, W) in fp32. The test is skipped where ncnn is not installed."""
    ncnn = pytest.importorskip("ncnn", reason="the package ncnn is not installed: pip install ncnn")
    net = ncnn.Net()
    net.opt.num_threads = 1
    for option in ("fp16_packed", "fp16_storage", "fp16_arithmetic", "bf16_storage", "winograd_convolution"):
        setattr(net.opt, f"use_{option}", False)
    assert net.load_param(str(param)) == 0 and net.load_model(str(param.with_suffix(".bin"))) == 0
    extractor = net.create_extractor()
    extractor.input(blob, ncnn.Mat(np.ascontiguousarray(picture.numpy())).clone())
    failed, made = extractor.extract(net.output_names()[0])
    assert failed == 0
    return np.array(made)


def gated(folder: Path) -> Path:
    """Each channel multiplied by what depends on its mean: no pixel is computed without all the others."""
    inner = torch.eye(3) * 0.5
    lines = [
        "Split split 1 2 in in0 in1",
        "Pooling pool 1 1 in0 a 0=1 4=1",
        "InnerProduct inner 1 1 a b 0=3 1=1 2=9",
        "BinaryOp product 2 1 in1 b out 0=2",
    ]
    return write(folder, lines, tagged(inner) + plain(torch.full((3,), 0.7)))
