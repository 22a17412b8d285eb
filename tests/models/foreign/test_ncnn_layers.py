"""Every layer of ncnn that is read, against ncnn itself, to 1e-3 (found: 1e-5) on random numbers."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from tests.models.foreign.ncnn_files import by_ncnn, compact, conv_line, plain, tagged, write
from vidrestore.models.foreign.ncnn.activations import UNARY
from vidrestore.models.foreign.ncnn.arithmetic import BINARY, REDUCTIONS
from vidrestore.models.foreign.ncnn.graph import BUILDERS, SAME, read_network

TOLERANCE = 1e-3
CHANNELS, HEIGHT, WIDTH = 8, 12, 10


def random(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(sum(shape))) - 0.4


def one(kind: str, options: str = "", weights: bytes = b"") -> tuple[list[str], bytes]:
    return [f"{kind} layer 1 1 in out {options}"], weights


def two(kind: str, options: str, other: str, weights: bytes = b"") -> tuple[list[str], bytes]:
    """A layer that reads the picture and what another layer makes of it."""
    return ["Split split 1 2 in in0 in1", f"{other} other 1 1 in1 b", f"{kind} layer 2 1 in0 b out {options}"], weights


W = random(6, CHANNELS, 3, 3)
B = random(6)
D = random(CHANNELS, 1, 3, 3)

CASES: dict[str, tuple[list[str], bytes]] = {
    **{
        kind: one(kind)
        for kind in ("AbsVal", "ELU", "GELU", "HardSigmoid", "HardSwish", "Mish", "ReLU", "SELU", "Sigmoid")
    },
    **{kind: one(kind) for kind in ("Softplus", "Swish", "TanH", "Flatten", "Dropout", "Exp")},
    "Noop": (["ReLU relu 1 1 in a", "Noop layer 1 1 a out"], b""),
    "Log": one("Log", "1=0.5 2=2.0"),
    "Power": one("Power", "0=2.0 1=0.5 2=0.25"),
    "Clip": one("Clip", "0=-0.2 1=0.3"),
    "ReLU slope": one("ReLU", "0=0.2"),
    "ELU alpha": one("ELU", "0=0.7"),
    "GELU fast": one("GELU", "0=1"),
    "HardSwish numbers": one("HardSwish", "0=0.3 1=0.4"),
    "PReLU": one("PReLU", f"0={CHANNELS}", plain(random(CHANNELS))),
    "PReLU one": one("PReLU", "0=1", plain(random(1))),
    **{
        f"UnaryOp {name}": (["UnaryOp first 1 1 in a 0=0", f"UnaryOp layer 1 1 a out 0={i}"], b"")
        for i, name in enumerate(UNARY)
    },
    **{
        f"BinaryOp {name} number": one("BinaryOp", f"0={i} 1=1 2=1.5")
        for i, name in enumerate(BINARY) if "pow" not in name
    },
    **{
        f"BinaryOp {name}": two("BinaryOp", f"0={i}", "Sigmoid")
        for i, name in enumerate(BINARY) if "pow" not in name
    },
    **{
        f"BinaryOp {BINARY[i]} positive": (
            ["UnaryOp first 1 1 in a 0=0", "Split split 1 2 a in0 in1", "Sigmoid other 1 1 in1 b",
             f"BinaryOp layer 2 1 in0 b out 0={i}"], b"",
        )
        for i in (6, 9)
    },
    "BinaryOp channel": (
        ["Split split 1 2 in in0 in1", "Pooling other 1 1 in1 b 0=1 4=1", "BinaryOp layer 2 1 in0 b out 0=2"], b"",
    ),
    "BinaryOp channel first": (
        ["Split split 1 2 in in0 in1", "Pooling other 1 1 in1 b 0=1 4=1", "BinaryOp layer 2 1 b in0 out 0=1"], b"",
    ),
    "BinaryOp constant": (
        [f"MemoryData data 0 1 b 0=1 1=1 2={CHANNELS}", "BinaryOp layer 2 1 in b out 0=1"], plain(random(CHANNELS)),
    ),
    "Eltwise product": two("Eltwise", "0=0", "Sigmoid"),
    "Eltwise sum": two("Eltwise", "0=1", "Sigmoid"),
    "Eltwise shares": two("Eltwise", "0=1 -23301=2,0.2,1.0", "Sigmoid"),
    "Eltwise max": two("Eltwise", "0=2", "Sigmoid"),
    "Scale": one("Scale", f"0={CHANNELS} 1=1", plain(random(2 * CHANNELS))),
    "Scale by a blob": (
        ["Split split 1 2 in in0 in1", "Pooling other 1 1 in1 b 0=1 4=1", "Scale layer 2 1 in0 b out 0=-233"], b"",
    ),
    "Bias": one("Bias", f"0={CHANNELS}", plain(random(CHANNELS))),
    "BatchNorm": one("BatchNorm", f"0={CHANNELS} 1=1e-3", plain(random(4, CHANNELS).abs() + 0.1)),
    "GroupNorm": one("GroupNorm", f"0=2 1={CHANNELS} 2=1e-4", plain(random(2 * CHANNELS))),
    "InstanceNorm": one("InstanceNorm", f"0={CHANNELS} 1=1e-4", plain(random(2 * CHANNELS))),
    "LayerNorm": one("LayerNorm", f"0={WIDTH} 1=1e-4", plain(random(2 * WIDTH))),
    "LayerNorm both": one("LayerNorm", f"0={WIDTH * HEIGHT} 1=1e-4 2=0"),
    **{
        f"Reduction {name} {axes}": one("Reduction", f"0={i} 1=0 {axes} 4={keep} 5=1")
        for i, name in enumerate(REDUCTIONS) if not name.startswith("log")
        for axes, keep in (("-23303=2,1,2", 1), ("-23303=1,0", 0))
    },
    "Reduction logsumexp": one("Reduction", "0=10 1=0 -23303=1,-1 4=1 5=1"),
    "Reduction all": one("Reduction", "0=3"),
    "Reduction coefficient": one("Reduction", "0=0 1=0 2=0.5 -23303=1,2 4=1 5=1"),
    **{f"Softmax {axis}": one("Softmax", f"0={axis} 1=1") for axis in (0, 1, 2)},
    **{f"Permute {i}": one("Permute", f"0={i}") for i in range(6)},
    "Reshape": one("Reshape", "0=0 1=-1 2=4"),
    "Reshape table": one("Reshape", f"0=-1 1={CHANNELS}"),
    "Reshape row": one("Reshape", "0=-1"),
    "Squeeze": (["Pooling a 1 1 in a 0=1 7=1 8=1", "Squeeze layer 1 1 a out -23303=2,1,2"], b""),
    "ExpandDims": (["Pooling a 1 1 in a 0=1 4=1", "ExpandDims layer 1 1 a out -23303=2,1,2"], b""),
    "ShuffleChannel": one("ShuffleChannel", "0=2"),
    "ShuffleChannel back": one("ShuffleChannel", "0=2 1=1"),
    "Concat": two("Concat", "0=0", "Sigmoid"),
    "Concat rows": two("Concat", "0=1", "Sigmoid"),
    "Slice": (
        ["Slice cut 1 3 in a b c -23300=3,2,3,-233 1=0", "Concat layer 3 1 c a b out 0=0"], b"",
    ),
    "Slice rows": (["Slice cut 1 2 in a b -23300=2,-233,-233 1=1", "BinaryOp layer 2 1 a b out 0=1"], b""),
    "Crop": one("Crop", "0=2 1=1 2=3 3=-233 4=-233 5=-233 6=1 7=2"),
    "Crop size": one("Crop", "0=2 1=1 2=3 3=5 4=6 5=4"),
    "Crop ranges": one("Crop", "-23309=2,1,-7 -23310=2,-2,-233 -23311=2,1,2"),
    "Crop channels": one("Crop", "-23309=1,2 -23310=1,5 -23311=1,0"),
    "Crop like": (
        ["Split split 1 2 in in0 in1", "Pooling other 1 1 in1 b 0=1 1=3 5=1", "Crop layer 2 1 in0 b out 0=1 1=2"], b"",
    ),
    "Padding": one("Padding", "0=1 1=2 2=3 3=4 5=0.5"),
    "Padding replicate": one("Padding", "0=1 1=2 2=3 3=4 4=1"),
    "Padding reflect": one("Padding", "0=1 1=2 2=3 3=4 4=2"),
    **{
        f"Interp {mode} {scale}": one("Interp", f"0={mode} 1={scale} 2={scale}")
        for mode in (1, 2, 3) for scale in ("2.0", "3.0", "0.5", "1.0")
    },
    **{f"Interp {mode} corners": one("Interp", f"0={mode} 1=2.0 2=2.0 6=1") for mode in (2, 3)},
    "Interp by axis": one("Interp", "0=2 1=2.0 2=3.0"),
    "Interp size": one("Interp", "0=3 3=20 4=17"),
    "Interp like": (
        ["Split split 1 2 in in0 in1", "PixelShuffle other 1 1 in1 b 0=2", "Interp layer 2 1 in0 b out 0=2 5=1"], b"",
    ),
    "PixelShuffle": one("PixelShuffle", "0=2"),
    "PixelShuffle colours last": one("PixelShuffle", "0=2 1=1"),
    "Reorg": one("Reorg", "0=2"),
    "Reorg colours last": one("Reorg", "0=2 1=1"),
    "Pooling max": one("Pooling", "0=0 1=2 2=2"),
    "Pooling mean": one("Pooling", "0=1 1=3 2=2 3=1 5=1 6=1"),
    "Pooling mean uncounted": one("Pooling", "0=1 1=3 2=2 3=1 5=1"),
    "Pooling max full": one("Pooling", "0=0 1=3 2=2 3=1"),
    "Pooling all": one("Pooling", "0=1 4=1"),
    "Pooling all max": one("Pooling", "0=0 4=1"),
    "Pooling adaptive": one("Pooling", "0=1 7=1 8=3 18=4"),
    "Convolution": one("Convolution", "0=6 1=3 4=1 5=1 6=432", tagged(W) + plain(B)),
    "Convolution stride": one("Convolution", "0=6 1=3 3=2 4=1 5=1 6=432", tagged(W) + plain(B)),
    "Convolution dilation": one("Convolution", "0=6 1=3 2=2 4=2 5=0 6=432", tagged(W)),
    "Convolution same": one("Convolution", "0=6 1=3 4=-233 5=0 6=432", tagged(W)),
    "Convolution borders": one("Convolution", "0=6 1=3 4=1 14=0 15=2 16=1 18=0.5 5=0 6=432", tagged(W)),
    "Convolution oblong": one("Convolution", "0=2 1=9 11=1 4=4 14=0 5=0 6=144", tagged(random(2, CHANNELS, 1, 9))),
    **{
        f"Convolution then {i}": one("Convolution", f"0=6 1=3 5=1 6=432 9={i} {more}", tagged(W) + plain(B))
        for i, more in enumerate(
            ("", "", "-23310=1,0.1", "-23310=2,-0.3,0.4", "", "", "-23310=2,0.2,0.5")
        )
    },
    "Convolution of one pixel": (
        ["Pooling a 1 1 in a 0=1 4=1", "Convolution layer 1 1 a out 0=6 1=1 5=1 6=48"],
        tagged(random(6, CHANNELS)) + plain(B),
    ),
    "ConvolutionDepthWise": one("ConvolutionDepthWise", "0=8 1=3 4=1 5=1 6=72 7=8", tagged(D) + plain(random(8))),
    "ConvolutionDepthWise groups": one(
        "ConvolutionDepthWise", "0=6 1=3 4=1 5=1 6=216 7=2", tagged(random(6, 4, 3, 3)) + plain(B)
    ),
    "Deconvolution": one("Deconvolution", "0=6 1=4 3=2 4=1 5=1 6=768", tagged(random(6, 8, 4, 4)) + plain(B)),
    "Deconvolution output": one(
        "Deconvolution", "0=6 1=3 3=2 4=1 18=1 5=1 6=432 9=2 -23310=1,0.1", tagged(W) + plain(B)
    ),
    "Deconvolution borders": one("Deconvolution", "0=6 1=3 3=2 4=0 14=1 15=1 16=2 5=0 6=432", tagged(W)),
    "DeconvolutionDepthWise": one(
        "DeconvolutionDepthWise", "0=8 1=4 3=2 4=1 5=0 6=128 7=8", tagged(random(8, 1, 4, 4))
    ),
    "DeconvolutionDepthWise groups": one(
        "DeconvolutionDepthWise", "0=6 1=3 3=2 5=1 6=216 7=2", tagged(random(6, 4, 3, 3)) + plain(B)
    ),
    "InnerProduct": one(
        "InnerProduct", f"0=5 1=1 2={5 * CHANNELS * HEIGHT * WIDTH} 9=1",
        tagged(random(5, CHANNELS, HEIGHT, WIDTH)) + plain(random(5)),
    ),
    "InnerProduct rows": (
        [f"Reshape a 1 1 in a 0={WIDTH} 1=-1", f"InnerProduct layer 1 1 a out 0=5 1=1 2={5 * WIDTH}"],
        tagged(random(5, WIDTH)) + plain(random(5)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_layer_computes_what_ncnn_computes(case: str, tmp_path: Path):
    lines, weights = CASES[case]
    param = write(tmp_path, lines, weights, channels=CHANNELS)
    picture = torch.rand(CHANNELS, HEIGHT, WIDTH) - 0.4
    theirs = by_ncnn(param, picture)
    ours = read_network(param, param.with_suffix(".bin"))(picture[None])[0]
    assert tuple(ours.shape) == theirs.shape
    assert np.abs(ours.numpy() - theirs).max() < TOLERANCE


def test_every_layer_is_here():
    assert {case.split()[0] for case in CASES} | {"MemoryData", "rife.Warp"} == BUILDERS.keys() | {*SAME} - {"Split"}


@pytest.mark.parametrize("form", ["fp32", "raw", "fp16", "bf16", "table"])
def test_weights_of_every_form(form: str, tmp_path: Path):
    param = compact(tmp_path, form=form)
    picture = torch.rand(3, 20, 24)
    ours = read_network(param, param.with_suffix(".bin"))(picture[None])[0]
    assert np.abs(ours.numpy() - by_ncnn(param, picture)).max() < TOLERANCE


def test_weights_of_int8_are_divided_by_their_scales(tmp_path: Path):
    """ncnn rounds what a layer reads as well; here the weights alone are rounded, so nothing else compares."""
    conv = nn.Conv2d(3, 4, 3, bias=True)
    scales = 127 / conv.weight.detach().flatten(1).abs().amax(1)
    rounded = (conv.weight.detach() * scales[:, None, None, None]).round()
    weights = tagged(rounded, "int8") + plain(conv.bias) + plain(scales) + plain(torch.tensor([99.0]))
    param = write(tmp_path, [conv_line(conv, "in", "out", "8=1")], weights)
    conv.weight.data = rounded / scales[:, None, None, None]
    picture = torch.rand(1, 3, 9, 8)
    torch.testing.assert_close(read_network(param, param.with_suffix(".bin"))(picture), conv(picture))
