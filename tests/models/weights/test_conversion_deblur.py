"""DeepDeblur-PyTorch's checkpoints: one with the public names and conventions comes back, and what is refused."""

from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn.functional import conv2d, pixel_shuffle

from vidrestore.errors import ModelError
from vidrestore.models.networks.msresnet import GAUSSIAN_HALF, MSResNet, shrink
from vidrestore.models.processor import apply
from vidrestore.models.weights import files
from vidrestore.models.weights.conversion import convert

BLOCKS = 19


def public() -> dict[str, Tensor]:
    """Names and shapes of spec/networks.md B.5, for values from 0 to 255."""
    layers = {}
    for s, inputs in enumerate((6, 6, 3)):
        layers[f"body_models.{s}.body.0"] = (64, inputs)
        layers[f"body_models.{s}.body.{BLOCKS + 1}"] = (3, 64)
        for b in range(1, BLOCKS + 1):
            layers |= {f"body_models.{s}.body.{b}.body.{half}": (64, 64) for half in (0, 2)}
    layers |= {f"conv_end_models.{s}.uppath.0": (12, 3) for s in (1, 2)}
    state = {}
    for name, (out, inputs) in layers.items():
        state[f"{name}.weight"] = torch.randn(out, inputs, 5, 5) * (0.3 if ".body.2" in name else 1) / inputs**0.5 / 5
        state[f"{name}.bias"] = 5 * torch.randn(out)
    return state


def there(state: dict[str, Tensor], frame: Tensor) -> Tensor:
    """What the public network makes of a frame in 0..255, from its names alone."""

    def conv(x: Tensor, name: str) -> Tensor:
        return conv2d(x, state[f"{name}.weight"], state[f"{name}.bias"], padding=2)

    def body(x: Tensor, s: int) -> Tensor:
        x = conv(x, f"body_models.{s}.body.0")
        for b in range(1, BLOCKS + 1):
            x = x + conv(conv(x, f"body_models.{s}.body.{b}.body.0").relu(), f"body_models.{s}.body.{b}.body.2")
        return conv(x, f"body_models.{s}.body.{BLOCKS + 1}")

    levels = [frame - 127.5]
    for _ in range(2):
        levels.append(shrink(levels[-1], GAUSSIAN_HALF))
    x = body(levels[2], 2)
    for s in (1, 0):
        up = pixel_shuffle(conv(x, f"conv_end_models.{s + 1}.uppath.0"), 2)
        x = body(torch.cat([levels[s], up], 1), s)
    return x + 127.5


def test_a_public_checkpoint_computes_what_it_did(tmp_path: Path) -> None:
    state = public()
    assert len(state) == 2 * 122  # 120 convolutions and two that enlarge
    source, target = tmp_path / "model-1000.pt", tmp_path / "gopro.safetensors"
    torch.save({"G": state, "D": {"features.0.weight": torch.zeros(1)}}, source)
    convert(source, target, model="msresnet")
    network = files.open_file(target, task="deblur")
    assert isinstance(network, MSResNet) and network.pyramid == "gaussian"
    assert sum(p.numel() for p in network.parameters()) == 11_721_321
    frame = torch.rand(1, 3, 16, 20)
    with torch.no_grad():
        wanted = there(state, 255 * frame)
        assert (wanted - 255 * frame).abs().mean() > 10  # not the frame itself
        torch.testing.assert_close(255 * apply(network, frame[:, None])[:, 0], wanted, rtol=1e-4, atol=1e-2)


@pytest.mark.parametrize("content", [{"body_models.0.body.0.bias": torch.zeros(64)}, {"G": None}, []])
def test_a_file_without_a_generator_is_refused(content: object, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "in.pt")
    with pytest.raises(ModelError, match="is not a plain state dict under 'G'") as caught:
        convert(tmp_path / "in.pt", tmp_path / "out.safetensors", model="msresnet")
    assert "\n" not in str(caught.value)


def test_another_depth_is_refused(tmp_path: Path) -> None:
    state = {name: tensor for name, tensor in public().items() if ".body.20." not in name}
    torch.save({"G": state}, tmp_path / "in.pt")
    with pytest.raises(
        ModelError, match=r"not a public checkpoint of msresnet: core\.levels\.0\.20\.weight is missing"
    ):
        convert(tmp_path / "in.pt", tmp_path / "out.safetensors", model="msresnet")
