"""The public 5-parallel checkpoint: a synthetic one with its names comes back and computes the same."""

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from vidrestore.errors import ModelError
from vidrestore.models.networks.vsr import FiveParallel
from vidrestore.models.processor import apply
from vidrestore.models.weights import files
from vidrestore.models.weights.conversion import convert

State = dict[str, Tensor]


def public() -> State:
    """102 tensors named and shaped as spec/networks.md D.2 has them, those that never run included."""
    generator = torch.Generator().manual_seed(0)
    state: State = {}

    def layer(name: str, *shape: int, outputs: int | None = None) -> None:
        fan_in = torch.Size(shape[1:]).numel()
        state[f"{name}.weight"] = torch.randn(shape, generator=generator) * (2 / fan_in) ** 0.5
        state[f"{name}.bias"] = 5 * torch.randn(outputs or shape[0], generator=generator)

    for i in range(1, 6):
        layer(f"first2dConv{i}", 32, 1, 5, 5)
        layer(f"twodConvBlock{i}1.1", 12, 32, 1, 1)
        layer(f"twodConvBlock{i}2.0", 12, 12, 3, 3)
        layer(f"twodConvBlock{i}2.2", 12, 12, 3, 3)
        layer(f"twodConvBlock{i}3.1", 32, 12, 1, 1)
        layer(f"twodConvBlock{i}3.3", 32, 16, 4, 4, outputs=16)
        layer(f"twodConvBlock{i}3.5", 1, 16, 5, 5)
    layer("threedConvBlock1.0", 32, 1, 5, 5, 3)
    layer("threedConvBlock1.2", 24, 32, 1, 1, 3)
    for block in ("2", "3", "4"):
        layer(f"threedConvBlock{block}.0", 24, 24, 3, 3, 3)
        layer(f"threedConvBlock{block}.2", 24, 24, 3, 3, 3)
    for n in (1, 3, 5):
        layer(f"threedConvBlock5.{n}", 24, 24, 3, 3, 3)
    layer("threedConvBlock5.7", 32, 24, 1, 1, 3)
    layer("threedConvBlock5.9", 32, 32, 3, 3, 3)
    layer("threedConvBlock5.11", 32, 32, 3, 3, 3)
    layer("output2dlayer", 1, 32, 5, 5)
    layer("output2dlayer2", 1, 1, 5, 5)
    return state


def as_published(state: State, codes: Tensor) -> Tensor:
    """Frames (1, 5, h, w) in 0..255 through the public network, written out layer by layer: (2h - 4, 2w - 4)."""

    def conv(x: Tensor, name: str, padding: object) -> Tensor:
        weight, bias = state[f"{name}.weight"], state[f"{name}.bias"]
        return (F.conv3d if weight.dim() == 5 else F.conv2d)(x, weight, bias, padding=padding)  # type: ignore[operator]

    enlarged = []
    for i in range(1, 6):
        x = conv(codes[:, i - 1 : i], f"first2dConv{i}", 2).relu()
        x = conv(x, f"twodConvBlock{i}1.1", 0).relu()
        for _ in range(4 if i in (3, 4) else 0):
            x = (conv(conv(x, f"twodConvBlock{i}2.0", 1).relu(), f"twodConvBlock{i}2.2", 1) + x).relu()
        x = conv(x, f"twodConvBlock{i}3.1", 0).relu()
        up = f"twodConvBlock{i}3.3"
        x = F.conv_transpose2d(x, state[f"{up}.weight"], state[f"{up}.bias"], stride=2, padding=1).relu()
        enlarged.append(conv(x, f"twodConvBlock{i}3.5", 2).relu())
    x = torch.stack(enlarged, 2)
    x = conv(x, "threedConvBlock1.0", (2, 2, 1)).relu()
    x = conv(x, "threedConvBlock1.2", (0, 0, 1)).relu()
    for block in ("2", "4"):
        for _ in range(5):
            x = (conv(conv(x, f"threedConvBlock{block}.0", 1).relu(), f"threedConvBlock{block}.2", 1) + x).relu()
        if block == "2":
            x = conv(conv(x, "threedConvBlock3.0", 1).relu(), "threedConvBlock3.2", 1).relu()
    for n in (1, 3, 5):
        x = conv(x, f"threedConvBlock5.{n}", 1).relu()
    x = conv(x, "threedConvBlock5.7", (0, 0, 1)).relu()
    x = conv(conv(x, "threedConvBlock5.9", 0).relu(), "threedConvBlock5.11", 0).relu()
    out = conv(x[:, :, 0], "output2dlayer", 2)
    return 218 * (out / 100).sigmoid()[0, 0] + 16


def test_a_public_checkpoint_comes_back_and_computes_the_same(tmp_path: Path) -> None:
    state = public()
    assert len(state) == 102 and sum(tensor.numel() for tensor in state.values()) == 267_812
    # Recursion with random weights explodes: smaller bodies, and a last layer within the sigmoid's reach.
    for name in state:
        if name.startswith(("twodConvBlock32", "twodConvBlock42", "threedConvBlock2", "threedConvBlock4")):
            state[name] *= 0.3
    torch.save(state, tmp_path / "public.pth")
    convert(tmp_path / "public.pth", tmp_path / "own.safetensors", model="five-parallel")
    network = files.open_file(tmp_path / "own.safetensors", task="upscale")
    assert isinstance(network, FiveParallel)
    assert sum(parameter.numel() for parameter in network.parameters()) == 259_938
    window = torch.rand(1, 5, 1, 12, 14, generator=torch.Generator().manual_seed(1))
    padded = F.pad(window[:, :, 0], (1,) * 4, mode="replicate")
    expected = as_published(state, 255 * padded)
    assert expected.std() > 5
    torch.testing.assert_close(255 * apply(network, window)[0, 0, 0], expected, atol=2e-2, rtol=0)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda state: state.pop("threedConvBlock5.7.bias"), "is missing"),
        (lambda state: state.update({"twodConvBlock62.0.bias": torch.zeros(1)}), "twodConvBlock62.0.bias is unknown"),
        (lambda state: state.update({"output2dlayer.weight": torch.zeros(1, 32, 3, 3)}), "not (1, 32, 5, 5)"),
    ],
)
def test_another_checkpoint_is_refused(change: object, says: str, tmp_path: Path) -> None:
    state = public()
    change(state)  # type: ignore[operator]
    torch.save(state, tmp_path / "public.pth")
    with pytest.raises(ModelError) as error:
        convert(tmp_path / "public.pth", tmp_path / "own.safetensors", model="five-parallel")
    assert says in str(error.value)
