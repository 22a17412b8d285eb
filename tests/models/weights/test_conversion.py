"""Foreign checkpoints: a synthetic one with the public names round trip, and what is refused, with one line each."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor
from typer.testing import CliRunner

from vidrestore.cli import app
from vidrestore.errors import ModelError, UsageError
from vidrestore.models.networks.espcn import Espcn
from vidrestore.models.networks.interpolation.sepconv import SepConv
from vidrestore.models.processor import apply
from vidrestore.models.weights import files, manifest
from vidrestore.models.weights.conversion import convert

# spec/networks.md A.3: 94 tensors, as the public loader names them.
BLOCKS = [*(f"Conv{n}" for n in range(1, 6)), *(f"Deconv{n}" for n in range(5, 1, -1))]
HEADS = ["Vertical1", "Vertical2", "Horizontal1", "Horizontal2"]
LAYERS = [
    *((block, (0, 2, 4)) for block in BLOCKS),
    *((f"Upsample{n}", (1,)) for n in range(5, 1, -1)),
    *((head, (0, 2, 4, 7)) for head in HEADS),
]
NAMES = [f"{name}.{n}.{kind}" for name, numbers in LAYERS for n in numbers for kind in ("weight", "bias")]
BGR = [2, 1, 0]


@pytest.fixture(scope="module")
def original() -> SepConv:
    torch.manual_seed(0)
    return SepConv(align_corners=True).eval()


def public(network: SepConv, prefix: str) -> dict[str, Tensor]:
    """The network's weights under the public names, for frames in BGR."""
    assert len(NAMES) == len(set(NAMES)) == 94
    own = network.core.state_dict()
    state = {f"{prefix}{name}": own[name[0].lower() + name[1:]] for name in NAMES}
    first = state[f"{prefix}Conv1.0.weight"]
    state[f"{prefix}Conv1.0.weight"] = torch.cat([first[:, :3][:, BGR], first[:, 3:][:, BGR]], 1)
    return state


@pytest.mark.parametrize("prefix", ["module", "net"])
def test_a_public_sepconv_comes_back(prefix: str, original: SepConv, tmp_path: Path) -> None:
    source, target = tmp_path / "network-l1.pytorch", tmp_path / "l1.safetensors"
    torch.save(public(original, prefix), source)
    assert convert(source, target, model="sepconv").needs == original.needs
    assert [path.name for path in tmp_path.iterdir() if "part" in path.name] == []
    network = files.open_file(target, task="interpolate")
    assert isinstance(network, SepConv) and not network.training
    assert (network.rule, network.normalise) == ("outer", False)
    # What the checkpoint computes of frames in BGR is what ours computes of frames in RGB.
    window = torch.rand(1, 2, 3, 32, 32)
    asked = original.core.conv1[0].weight.clone()
    torch.testing.assert_close(apply(network, window), apply(original, window))
    original.core.conv1[0].weight.data = public(original, prefix)[f"{prefix}Conv1.0.weight"]
    there = apply(original, window[:, :, BGR])[:, :, BGR]
    original.core.conv1[0].weight.data = asked
    torch.testing.assert_close(apply(network, window), there)


def test_the_command_says_how_to_go_on(original: SepConv, tmp_path: Path) -> None:
    source, target = tmp_path / "network-lf.pytorch", tmp_path / "lf.safetensors"
    torch.save(public(original, "module"), source)
    command = ["models", "convert", str(source), str(target), "--model", "sepconv"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    assert f"21,675,452 parameters; use it with `vidrestore interpolate -m {target}`" in result.output.replace("\n", "")
    again = CliRunner().invoke(app, command)
    assert again.exit_code == 2 and "use -y to overwrite" in again.output
    result = CliRunner().invoke(app, [*command, "-y", "--json"])
    assert json.loads(result.stdout)["parameters"] == 21_675_452


class Code:
    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, ("touch executed",)


def state(change: Callable[[dict[str, Tensor]], object]) -> dict[str, Tensor]:
    """Public names, right but for `change`; the first tensor alone is as large as it should be."""
    found = {f"module{name}": torch.zeros(1) for name in NAMES}
    found["moduleConv1.0.weight"] = torch.zeros(32, 6, 3, 3)
    found["moduleConv1.0.bias"] = torch.zeros(32)
    change(found)
    return found


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"moduleConv1.0.weight": Code()}, "holds more than weights.*nothing in it was executed"),
        ([torch.zeros(3)], "not a plain state dict"),
        ({"state": {"a": torch.zeros(3)}}, "not a plain state dict"),
        ({"features.0.weight": torch.zeros(3)}, "not a public checkpoint of sepconv: core.conv1.0.weight is missing"),
        (state(lambda s: s.pop("moduleConv1.0.bias")), "core.conv1.0.bias is missing"),
        (state(lambda s: None), r"core.conv1.2.weight is \(1,\), not \(32, 32, 3, 3\)"),
        (state(lambda s: s.update({"moduleConv1.0.weight": torch.zeros(32, 3, 3, 3)})), r"is \(32, 3, 3, 3\), not"),
    ],
)
def test_what_is_not_a_checkpoint_is_refused(
    content: object, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save(content, "in.pytorch")
    with pytest.raises(ModelError, match=message) as caught:
        convert(Path("in.pytorch"), Path("out.safetensors"), model="sepconv")
    assert "\n" not in str(caught.value)
    assert os.listdir(tmp_path) == ["in.pytorch"]


def test_one_tensor_too_many_is_refused(original: SepConv, tmp_path: Path) -> None:
    source = tmp_path / "in.pytorch"
    torch.save({**public(original, "module"), "moduleExtra1.0.weight": torch.zeros(1)}, source)
    with pytest.raises(ModelError, match=r"core\.extra1\.0\.weight is unknown"):
        convert(source, tmp_path / "out.safetensors", model="sepconv")


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04 cut off"])
def test_damaged_files_are_refused(content: bytes, tmp_path: Path) -> None:
    source = tmp_path / "in.pytorch"
    source.write_bytes(content)
    result = CliRunner().invoke(
        app, ["models", "convert", str(source), str(tmp_path / "out.safetensors"), "-m", "sepconv"]
    )
    assert result.exit_code == 4
    assert "damaged" in result.output and "Traceback" not in result.output


def test_wrong_calls_name_the_way_out(tmp_path: Path) -> None:
    out = tmp_path / "out.safetensors"
    with pytest.raises(UsageError, match=r"nothing converts to 'film'; there are: .*sepconv"):
        convert(tmp_path / "in", out, model="film")
    with pytest.raises(UsageError, match=r"written as \.safetensors"):
        convert(tmp_path / "in", tmp_path / "out.pt", model="sepconv")
    with pytest.raises(ModelError, match="no checkpoint at"):
        convert(tmp_path / "in", out, model="sepconv")


def test_files_that_are_not_ours_are_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"

    def refused(message: str, task: str = "interpolate") -> None:
        with pytest.raises(ModelError, match=message) as caught:
            files.open_file(path, task=task)
        assert "\n" not in str(caught.value)

    refused("no weights at")
    path.write_bytes(b"something else")
    refused("not a safetensors file .*models convert")
    small = {"width": 0.0625, "taps": 5}
    network = SepConv(**small)  # type: ignore[arg-type]
    save_file(network.state_dict(), path)
    refused("is another program's, which interpolate does not run")
    path.write_bytes(files.written(network, task="interpolate", model="sepconv", args=small))
    refused("is for the command interpolate, not for upscale", task="upscale")
    assert isinstance(files.open_file(path, task="interpolate"), SepConv)
    path.write_bytes(files.written(network, task="interpolate", model="sepconv", args={"width": 0.125, "taps": 5}))
    refused("do not fit the network: core.conv1.0.weight is")
    path.write_bytes(files.written(network, task="interpolate", model="film", args={}))
    refused("needs the network 'film'")
    path.write_bytes(files.written(network, task="interpolate", model="sepconv", args={"depth": 3}))
    refused("cannot be built: .*depth")
    for about in ("{", "3", '{"task": "interpolate"}'):
        save_file(network.state_dict(), path, {manifest.ABOUT: about})
        refused("does not say which network")
    path.write_bytes(files.written(Espcn(2), task="upscale", model="espcn", args={"scale": 2}))
    assert isinstance(files.open_file(path, task="upscale"), Espcn)
