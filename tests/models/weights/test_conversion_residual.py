"""Public checkpoints of EDSR, MDSR, WDSR and DBPN: ones with their names and conventions come back as they computed."""

from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn.functional import conv2d, conv_transpose2d, pixel_shuffle, prelu

from vidrestore.errors import ModelError
from vidrestore.models.processor import apply
from vidrestore.models.weights import files
from vidrestore.models.weights.conversion import convert

State = dict[str, Tensor]
MEAN = 255 * torch.tensor([0.4488, 0.4371, 0.4040]).view(3, 1, 1)
WIDTH, BLOCKS = 16, 3


def layer(name: str, outputs: int, inputs: int, kernel: int = 3, spread: float = 1.0) -> State:
    weight = torch.randn(outputs, inputs, kernel, kernel) * spread / (inputs * kernel * kernel) ** 0.5
    return {f"{name}.weight": weight, f"{name}.bias": 3 * torch.randn(outputs)}


def body() -> State:
    state: State = {}
    for number in range(BLOCKS):
        for half in (0, 2):
            state |= layer(f"body.{number}.body.{half}", WIDTH, WIDTH)
    return state | layer(f"body.{BLOCKS}", WIDTH, WIDTH)


def through(state: State, x: Tensor, name: str) -> Tensor:
    weight = state[f"{name}.weight"]
    return conv2d(x, weight, state[f"{name}.bias"], padding=weight.shape[-1] // 2)


def blocks(state: State, x: Tensor, prefix: str = "body", count: int = BLOCKS) -> Tensor:
    for number in range(count):
        inside = through(state, x, f"{prefix}.{number}.body.0").relu()
        x = x + through(state, inside, f"{prefix}.{number}.body.2")
    return x


def enlarged(state: State, x: Tensor, name: str, scale: int) -> Tensor:
    for number, step in enumerate((3,) if scale == 3 else (2,) * (scale // 2)):
        x = pixel_shuffle(through(state, x, f"{name}.{2 * number}"), step)
    return x


def ups(name: str, scale: int) -> State:
    if scale == 3:
        return layer(f"{name}.0", 9 * WIDTH, WIDTH)
    return {k: v for n in range(scale // 2) for k, v in layer(f"{name}.{2 * n}", 4 * WIDTH, WIDTH).items()}


def converted(state: object, model: str, tmp_path: Path, frame: Tensor) -> Tensor:
    source, target = tmp_path / "public.pt", tmp_path / "ours.safetensors"
    torch.save(state, source)
    convert(source, target, model=model)
    with torch.no_grad():
        return 255 * apply(files.open_file(target, task="upscale"), frame[:, None])[:, 0]


def close(ours: Tensor, theirs: Tensor, frame: Tensor) -> None:
    assert theirs.std() > 1, "a picture"
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=2e-2)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_edsr(scale: int, tmp_path: Path) -> None:
    state = layer("head.0", WIDTH, 3) | body() | ups("tail.0", scale) | layer("tail.1", 3, WIDTH)
    state |= {"sub_mean.weight": torch.eye(3).view(3, 3, 1, 1), "add_mean.bias": MEAN.flatten()}
    frame = torch.rand(1, 3, 10, 12)
    x = through(state, 255 * frame - MEAN, "head.0")
    x = x + through(state, blocks(state, x), f"body.{BLOCKS}")
    theirs = through(state, enlarged(state, x, "tail.0", scale), "tail.1") + MEAN
    close(converted(state, "edsr", tmp_path, frame), theirs, frame)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_mdsr(scale: int, tmp_path: Path) -> None:
    state = layer("head.0", WIDTH, 3) | body() | layer("tail.0", 3, WIDTH)
    for number, each in enumerate((2, 3, 4)):
        state |= ups(f"upsample.{number}", each)
        for block in (0, 1):
            for half in (0, 2):
                state |= layer(f"pre_process.{number}.{block}.body.{half}", WIDTH, WIDTH, 5)
    frame, chosen = torch.rand(1, 3, 10, 12), scale - 2
    x = blocks(state, through(state, 255 * frame - MEAN, "head.0"), f"pre_process.{chosen}", 2)
    x = x + through(state, blocks(state, x), f"body.{BLOCKS}")
    theirs = through(state, enlarged(state, x, f"upsample.{chosen}", scale), "tail.0") + MEAN
    close(converted(state, f"mdsr-x{scale}", tmp_path, frame), theirs, frame)


@pytest.mark.parametrize("kind", ["a", "b"])
def test_wdsr(kind: str, tmp_path: Path) -> None:
    inside = [(48, WIDTH, 3), (WIDTH, 48, 3)] if kind == "a" else [(96, WIDTH, 1), (12, 96, 1), (WIDTH, 12, 3)]
    names = ["0", "2"] if kind == "a" else ["0", "2", "3"]
    plain = layer("head.0", WIDTH, 3) | layer("tail.0", 27, WIDTH) | layer("skip.0", 27, 3, 5)
    for number in range(BLOCKS):
        for name, (outputs, inputs, kernel) in zip(names, inside, strict=True):
            plain |= layer(f"body.{number}.body.{name}", outputs, inputs, kernel)
    frame = torch.rand(1, 3, 10, 12)
    start = (255 * frame - MEAN) / 127.5
    x = through(plain, start, "head.0")
    for number in range(BLOCKS):
        y = through(plain, x, f"body.{number}.body.0").relu()
        for name in names[1:]:
            y = through(plain, y, f"body.{number}.body.{name}")
        x = x + y
    made = pixel_shuffle(through(plain, x, "tail.0"), 3) + pixel_shuffle(through(plain, start, "skip.0"), 3)
    normalised: State = {}
    for name, tensor in plain.items():
        if name.endswith(".bias"):
            normalised[name] = tensor
        else:  # any length of the direction stands for the same weights
            normalised[f"{name}_g"] = tensor.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
            normalised[f"{name}_v"] = 7 * tensor
    close(converted(normalised, "wdsr", tmp_path, frame), 127.5 * made + MEAN, frame)


KERNELS = {2: (6, 2), 4: (8, 2), 8: (12, 2)}


@pytest.mark.parametrize("scale", [2, 4, 8])
def test_dbpn(scale: int, tmp_path: Path) -> None:
    """Three stages, as the public code writes them out."""
    kernel, padding = KERNELS[scale]
    state: State = {}

    def add(name: str, outputs: int, inputs: int, size: int, kind: str = "conv") -> None:
        weight = torch.randn(outputs, inputs, size, size) / (inputs * size * size) ** 0.5
        weight = weight * scale if kind == "deconv" else weight
        state.update({f"{name}.{kind}.weight": weight, f"{name}.{kind}.bias": 0.1 * torch.randn(outputs)})
        state[f"{name}.act.weight"] = torch.rand(1)

    add("feat0", 24, 3, 3)
    add("feat1", WIDTH, 24, 1)
    for name, seen in (("up1", 1), ("down1", 1), ("up2", 1), ("down2", 2), ("up3", 2)):
        if seen > 1:
            add(f"{name}.conv", WIDTH, seen * WIDTH, 1)
        way = name.rstrip("123")
        kinds = ("deconv", "conv", "deconv") if way == "up" else ("conv", "deconv", "conv")
        for number, kind in enumerate(kinds, 1):
            add(f"{name}.{way}_conv{number}", WIDTH, WIDTH, kernel, kind)
    add("output_conv", 3, 3 * WIDTH, 3)
    del state["output_conv.act.weight"]

    def run(name: str, x: Tensor) -> Tensor:
        act = state[f"{name}.act.weight"]
        if f"{name}.deconv.weight" in state:
            weight, bias = state[f"{name}.deconv.weight"], state[f"{name}.deconv.bias"]
            return prelu(conv_transpose2d(x, weight, bias, stride=scale, padding=padding), act)
        weight, bias = state[f"{name}.conv.weight"], state[f"{name}.conv.bias"]
        size = weight.shape[-1]
        where = {"stride": scale, "padding": padding} if size > 3 else {"padding": size // 2}
        return prelu(conv2d(x, weight, bias, **where), act)

    def project(name: str, x: Tensor) -> Tensor:
        way = name.rstrip("123")
        x = run(f"{name}.conv", x) if f"{name}.conv.conv.weight" in state else x
        there = run(f"{name}.{way}_conv1", x)
        return there + run(f"{name}.{way}_conv3", run(f"{name}.{way}_conv2", there) - x)

    frame = torch.rand(1, 3, 6, 7)
    h1 = project("up1", run("feat1", run("feat0", frame)))
    l1 = project("down1", h1)
    h2 = project("up2", l1)
    l2 = project("down2", torch.cat((h2, h1), 1))
    h3 = project("up3", torch.cat((l2, l1), 1))
    theirs = conv2d(
        torch.cat((h3, h2, h1), 1), state["output_conv.conv.weight"], state["output_conv.conv.bias"], padding=1
    )
    parallel = {f"module.{name}": tensor for name, tensor in state.items()}
    close(converted(parallel, "dbpn", tmp_path, frame), 255 * theirs, frame)


@pytest.mark.parametrize("model", ["edsr", "wdsr", "dbpn", "mdsr-x2"])
@pytest.mark.parametrize("name", ["other.weight", "body.4000.body.0.weight", "up99.up_conv1.deconv.weight"])
def test_other_files_are_refused_in_one_line(model: str, name: str, tmp_path: Path) -> None:
    torch.save({name: torch.zeros(8, 8, 3, 3)}, tmp_path / "in.pt")
    with pytest.raises(ModelError, match=f"is not a public checkpoint of {model}") as caught:
        convert(tmp_path / "in.pt", tmp_path / "out.safetensors", model=model)
    assert "\n" not in str(caught.value)
