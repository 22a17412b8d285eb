"""Files of ncnn that are none, or damaged: one line each, and no memory that the file has not."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from tests.models.foreign.ncnn_files import compact, plain, tagged, write
from tests.models.foreign.trials import refusal
from vidrestore.models.foreign.ncnn.open import Residual
from vidrestore.models.foreign.ncnn.param import LARGEST

TEXTS: dict[str, tuple[str, str]] = {
    "empty": ("", "does not start with 7767517"),
    "another text": ("once upon a time\n", "does not start with 7767517"),
    "no counts": ("7767517\n", "second line"),
    "counts of words": ("7767517\nmany more\nInput in 0 1 in\n", "second line"),
    "truncated": ("7767517\n3 3\nInput in 0 1 in\nReLU a 1 1 in a\n", "it has 2 layers, not 3"),
    "half a line": ("7767517\n2 2\nInput in 0 1 in\nReLU a 1\n", "line 4: not a layer"),
    "no blobs": ("7767517\n2 2\nInput in 0 1 in\nReLU a 1 1 in\n", "line 4: layer 'a' names fewer blobs"),
    "many blobs": ("7767517\n2 2\nInput in 0 1 in\nReLU a 1 99999 in b\n", "names fewer blobs"),
    "huge counts": (f"7767517\n2 2\nInput in 0 1 in\nReLU a 1 {'9' * 5000} in b\n", "not a layer"),
    "out of order": ("7767517\n2 2\nReLU a 1 1 in b\nInput in 0 1 in\n", "line 3: layer 'a' ('ReLU') reads 'in'"),
    "a circle": ("7767517\n2 2\nInput in 0 1 in\nBinaryOp a 2 1 in b b\n", "reads 'b', which no layer before"),
    "twice": ("7767517\n2 2\nInput in 0 1 in\nReLU a 1 1 in in\n", "writes 'in', which is there already"),
    "no option": ("7767517\n2 2\nInput in 0 1 in\nReLU a 1 1 in b slope\n", "'slope' is not an option"),
    "a word": ("7767517\n2 2\nInput in 0 1 in\nReLU a 1 1 in b 0=steep\n", "has 0='steep'"),
    "infinite": ("7767517\n2 2\nInput in 0 1 in\nReLU a 1 1 in b 0=1e999\n", "has 0='1e999'"),
    "no number": ("7767517\n2 2\nInput in 0 1 in\nReLU a 1 1 in b 0=nan\n", "has 0='nan'"),
    "a short array": ("7767517\n2 2\nInput in 0 1 in\nSlice a 1 1 in b -23300=2,1\n", "not an array"),
    "a long array": ("7767517\n2 2\nInput in 0 1 in\nSlice a 1 1 in b -23300=1000000000,1\n", "not an array"),
    "unknown option": ("7767517\n2 2\nInput in 0 1 in\nReLU a 1 1 in b 7=1\n", "has the option 7"),
    "unknown layer": (
        "7767517\n2 2\nInput in 0 1 in\na.Strange w 1 1 in b\n",
        "layer 'w' ('a.Strange') is of a kind",
    ),
    "unprintable": ("7767517\n2 2\nInput in 0 1 in\n\x1b[31mReLU a 1 1 in b\n", "'\\x1b[31mReLU'"),
    "unknown operation": ("7767517\n2 2\nInput in 0 1 in\nUnaryOp a 1 1 in b 0=99\n", "0=99, which is not supported"),
    "no input": ("7767517\n1 1\nMemoryData a 0 1 in 0=1\n", "is truncated"),
    "no layers": ("7767517\n1 1\nInput in 0 1 in\n", "is no network"),
    "wide padding": ("7767517\n2 2\nInput in 0 1 in\nPadding a 1 1 in b 0=1000000000\n", "0=1000000000, which is not"),
    "padding that adds up": (
        "7767517\n3 3\nInput in 0 1 in\nPadding a 1 1 in a 0=4096 1=4096 2=4096 3=4096\nPixelShuffle b 1 1 a b 0=1\n",
        "makes 8",
    ),
    "a large size": ("7767517\n2 2\nInput in 0 1 in\nInterp a 1 1 in b 0=2 3=1000000 4=1000000\n", "3=1000000"),
    "many resizes": (
        "7767517\n6 6\nInput in 0 1 in\n"
        + "".join(f"Interp {b} 1 1 {a} {b} 0=1 1=32.0 2=32.0\n" for a, b in zip(("in", *"abcd"), "abcde", strict=True)),
        "numbers of a picture",
    ),
    "more weights than there are": (
        "7767517\n2 2\nInput in 0 1 in\nConvolution a 1 1 in b 0=64 1=3 5=1 6=1000000000\n",
        "weights",
    ),
    "large constant": ("7767517\n2 2\nMemoryData a 0 1 m 0=4000 1=4000 2=4000\nInput in 0 1 in\n", "is truncated"),
    "weights of no channel": (
        "7767517\n2 2\nInput in 0 1 in\nConvolution a 1 1 in b 0=64 1=3 5=1 6=7\n",
        "has 7 weights, which are not those of 64 channels",
    ),
    "groups that do not divide": (
        "7767517\n2 2\nInput in 0 1 in\nConvolutionDepthWise a 1 1 in b 0=64 1=3 5=1 6=1728 7=5\n",
        "does not say how many channels",
    ),
    "two inputs": (
        "7767517\n3 3\nInput in 0 1 in\nInput in2 0 1 in2\nBinaryOp a 2 1 in in2 b\n",
        "reads 2 and makes 1 pictures",
    ),
    "two outputs": ("7767517\n2 3\nInput in 0 1 in\nSlice a 1 2 in b c\n", "reads 1 and makes 2 pictures"),
    "no picture": ("7767517\n2 2\nInput in 0 1 in\nPooling a 1 1 in b 0=1 4=1\n", "it is for another task"),
    "grey": ("7767517\n2 2\nInput in 0 1 in\nReduction a 1 1 in b 0=3 1=0 -23303=1,0 4=1 5=1\n", "makes 1 channels"),
    "one size": ("7767517\n2 2\nInput in 0 1 in\nReshape a 1 1 in b 0=192 1=192 2=3\n", "pixels"),
    "half": ("7767517\n2 2\nInput in 0 1 in\nInterp a 1 1 in b 0=2 1=0.5 2=0.5\n", "a whole factor"),
    "codes": ("7767517\n2 2\nInput in 0 1 in\nBinaryOp a 1 1 in b 0=2 1=1 2=255.0\n", "networks of RGB in [0, 1]"),
    "no numbers": ("7767517\n2 2\nInput in 0 1 in\nBinaryOp a 1 1 in b 0=3 1=1 2=0.0\n", "that are none"),
}


@pytest.mark.parametrize("case", TEXTS)
def test_a_text_that_is_no_network_gets_one_line(case: str, tmp_path: Path):
    text, said = TEXTS[case]
    param = tmp_path / "net.param"
    param.write_text(text)
    param.with_suffix(".bin").write_bytes(b"")
    assert said in refusal(param)


def test_a_text_of_other_bytes(tmp_path: Path):
    param = compact(tmp_path)
    param.write_bytes(b"7767517\n\xff\xfe\x00\x01")
    assert "is not text" in refusal(param)


def test_a_huge_text_is_not_read(tmp_path: Path):
    param = compact(tmp_path)
    with param.open("r+b") as file:
        file.truncate(LARGEST + 1)
    assert "larger than 16 MiB" in refusal(param)


@pytest.mark.parametrize("missing", [".param", ".bin"])
def test_either_file_alone(missing: str, tmp_path: Path):
    param = compact(tmp_path)
    param.with_suffix(missing).unlink()
    other = param.with_suffix(".bin" if missing == ".param" else ".param")
    assert f"net{missing}; a network of ncnn is two files" in refusal(other)
    assert f"net{missing}: no such file" in refusal(param.with_suffix(missing))


BINARIES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "empty": (lambda data: b"", "is truncated, or belongs to another .param: 1 numbers are due at byte 0"),
    "cut": (lambda data: data[: len(data) // 2], "is truncated"),
    "cut by a byte": (lambda data: data[:-1], "is truncated"),
    "more": (lambda data: data + bytes(8), "8 bytes more than the layers need"),
    "no numbers": (lambda data: data[:4] + b"\xff" * (len(data) - 4), "a weight is not a number"),
    "another tag": (lambda data: b"\x01" + data[1:1000], "is truncated, or belongs to another"),
}


@pytest.mark.parametrize("case", BINARIES)
def test_weights_that_do_not_fit_get_one_line(case: str, tmp_path: Path):
    change, said = BINARIES[case]
    binary = compact(tmp_path).with_suffix(".bin")
    binary.write_bytes(change(binary.read_bytes()))
    assert said in refusal(binary)


@pytest.mark.parametrize(("channels", "said"), [(1, "sees 1 channel;"), (4, "sees 4 channels;")])
def test_networks_of_other_channels_get_one_line(channels: int, said: str, tmp_path: Path):
    assert said in refusal(compact(tmp_path, channels=channels, made=channels))


def test_what_reads_one_picture_but_not_two_gets_one_line(tmp_path: Path):
    """A constant joined to each picture: for two at once there is one only."""
    lines = [
        "MemoryData data 0 1 m 0=192 1=192 2=1",
        "Concat join 2 1 in m a",
        "Convolution conv 1 1 a out 0=3 1=1 6=12",
    ]
    param = write(tmp_path, lines, plain(torch.rand(192 * 192)) + tagged(torch.rand(3, 4)))
    assert "does not take pictures of 192x192" in refusal(param)


def test_a_file_of_no_known_kind(tmp_path: Path):
    (tmp_path / "net.txt").write_text("a network")
    assert "no network that is known here" in refusal(tmp_path / "net.txt")


def test_what_a_residual_network_makes_is_added_to_the_picture() -> None:
    layer = torch.nn.Conv2d(3, 12, 3)
    network = Residual(torch.nn.Sequential(layer, torch.nn.PixelShuffle(2)), 2, 1)
    torch.nn.init.zeros_(layer.weight)
    picture = torch.rand(1, 3, 8, 6)
    torch.nn.init.constant_(layer.bias, 0.25)
    repeated = picture[..., 1:-1, 1:-1].repeat_interleave(2, -1).repeat_interleave(2, -2)
    assert torch.equal(network(picture), repeated + 0.25)
