"""Checkpoints of PyTorch through spandrel: ten networks with random weights, and files that are none."""

import importlib
import pickle
import struct
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from tests.models.foreign.trials import inferred, pictures, refusal
from vidrestore.errors import ModelError
from vidrestore.models.foreign.library import spandrel
from vidrestore.models.foreign.open import open_foreign
from vidrestore.models.processor import apply

NETWORKS: dict[str, dict[str, object]] = {
    "Compact": {"num_feat": 8, "num_conv": 2, "upscale": 2},
    "DAT": {"embed_dim": 16, "split_size": [4, 4], "depth": [2], "num_heads": [2], "upscale": 2, "img_size": 32},
    "ESRGAN": {"num_filters": 8, "num_blocks": 1, "scale": 4},
    "NAFNet": {"width": 8, "middle_blk_num": 1, "enc_blk_nums": [1, 1], "dec_blk_nums": [1, 1]},
    "OmniSR": {"num_feat": 16, "block_num": 1, "res_num": 1, "up_scale": 2, "window_size": 8},
    "PLKSR": {"dim": 16, "n_blocks": 2, "upscaling_factor": 2, "kernel_size": 9},
    "RCAN": {"n_resgroups": 1, "n_resblocks": 1, "n_feats": 16, "scale": 2},
    "SAFMN": {"dim": 16, "n_blocks": 2, "upscaling_factor": 2},
    "SCUNet": {"dim": 64, "config": [1, 1, 1, 1, 1, 1, 1]},
    "SPAN": {"num_in_ch": 3, "num_out_ch": 3, "feature_channels": 16, "upscale": 2},
    "SwinIR": {
        "embed_dim": 16,
        "depths": [2],
        "num_heads": [2],
        "upscale": 2,
        "upsampler": "pixelshuffle",
        "img_size": 32,
        "window_size": 8,
    },
}
"""Small ones, by the names of spandrel's architectures."""


@pytest.fixture(autouse=True)
def _library() -> None:
    try:
        spandrel()
    except ModelError as error:
        pytest.skip(str(error))


def architecture(name: str, **arguments: object) -> nn.Module:
    """A network of spandrel's, whose last convolution makes grey of grey."""
    model: nn.Module = getattr(importlib.import_module(f"spandrel.architectures.{name}"), name)(**arguments).eval()
    last = [layer for layer in model.modules() if isinstance(layer, nn.Conv2d) and layer.bias is not None][-1]
    with torch.no_grad():
        last.weight *= 0.1
        last.bias += 0.5 - model(torch.full((1, 3, 64, 64), 0.5)).median()
    return model


SLOW = ("SCUNet",)
"""Works on a grid of 64 pixels, which takes long to find."""


@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.slow] * (n in SLOW)) for n in NETWORKS])
def test_networks_run_as_spandrel_runs_them(name: str, tmp_path: Path):
    torch.save(architecture(name, **NETWORKS[name]).state_dict(), tmp_path / "net.pth")
    network = open_foreign(tmp_path / "net.pth")
    reference = spandrel().ModelLoader().load_from_file(tmp_path / "net.pth").eval()
    assert network.needs.scale == reference.scale
    window = pictures(1, 96, 96)
    torch.testing.assert_close(apply(network, window)[:, 0].clamp(0, 1), reference(window[:, 0]), atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", ["Compact", "ESRGAN", "SPAN", "PLKSR"])
def test_tiles_are_the_whole_where_a_pixel_looks_at_its_surroundings(name: str, tmp_path: Path):
    torch.save(architecture(name, **NETWORKS[name]).state_dict(), tmp_path / "net.pth")
    network = open_foreign(tmp_path / "net.pth")
    assert network.seam == 0
    window = pictures(1, 120, 96)
    for engine in ("torch", "openvino"):
        whole = inferred(network, engine, "fp32", window)
        assert (inferred(network, engine, "fp32", window, tile=88) - whole).abs().max() < 1e-5


def test_a_picture_smaller_than_a_network_needs(tmp_path: Path):
    torch.save(architecture("OmniSR", **NETWORKS["OmniSR"]).state_dict(), tmp_path / "net.pth")
    network = open_foreign(tmp_path / "net.pth")
    assert network.minimum == 16
    assert inferred(network, "torch", "fp32", pictures(1, 9, 20)).shape == (1, 1, 3, 18, 40)


@pytest.mark.parametrize("inside", [None, "params", "params_ema", "state_dict"])
def test_weights_that_lie_inside_others(inside: str | None, tmp_path: Path):
    state = architecture("Compact", **NETWORKS["Compact"]).state_dict()
    torch.save({inside: state} if inside else state, tmp_path / "net.ckpt")
    assert open_foreign(tmp_path / "net.ckpt").needs.scale == 2


def test_safetensors_and_the_old_form(tmp_path: Path):
    state = architecture("Compact", **NETWORKS["Compact"]).state_dict()
    save_file(state, tmp_path / "net.safetensors")
    torch.save(state, tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    for name in ("net.safetensors", "old.pth"):
        assert open_foreign(tmp_path / name).needs.scale == 2


class Payload:
    """Writes a file where it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.mark,)


@pytest.mark.parametrize("suffix", [".pth", ".pt", ".ckpt"])
@pytest.mark.parametrize("how", ["torch", "old torch", "pickle"])
def test_a_pickle_with_a_payload_is_not_run(how: str, suffix: str, tmp_path: Path):
    mark, path = tmp_path / "mark", tmp_path / f"net{suffix}"
    if how == "pickle":
        path.write_bytes(pickle.dumps({"params": Payload(mark)}))
    else:
        torch.save({"params": Payload(mark)}, path, _use_new_zipfile_serialization=how == "torch")
    assert "more than weights" in refusal(path) or how == "pickle"
    assert not mark.exists()
    torch.load(path, weights_only=False) if how != "pickle" else pickle.loads(path.read_bytes())
    assert mark.exists()  # it would have been


def test_a_program_of_torch_is_not_run(tmp_path: Path):
    torch.jit.trace(nn.Conv2d(3, 3, 3), torch.rand(1, 3, 8, 8)).save(tmp_path / "net.pt")
    assert "programs of TorchScript" in refusal(tmp_path / "net.pt")


@pytest.mark.parametrize("suffix", [".pth", ".pt", ".ckpt", ".safetensors"])
@pytest.mark.parametrize("damage", ["missing", "empty", "text", "half", "a byte less"])
def test_a_file_that_is_none_gets_one_line(damage: str, suffix: str, tmp_path: Path):
    path = tmp_path / f"net{suffix}"
    state = architecture("Compact", **NETWORKS["Compact"]).state_dict()
    save_file(state, path) if suffix == ".safetensors" else torch.save(state, path)
    whole = path.read_bytes()
    match damage:
        case "missing":
            path.unlink()
        case "empty":
            path.write_bytes(b"")
        case "text":
            path.write_text("once upon a time")
        case "half":
            path.write_bytes(whole[: len(whole) // 2])
        case _:
            path.write_bytes(whole[:-1])
    said = refusal(path)
    assert "no such file" in said if damage == "missing" else "is damaged, or no checkpoint" in said


def test_more_numbers_than_bytes_are_refused(tmp_path: Path):
    """One number that stands for a thousand million."""
    state = architecture("Compact", **NETWORKS["Compact"]).state_dict()
    state["body.0.weight"] = torch.zeros(1).expand(1 << 30)
    torch.save(state, tmp_path / "net.pth")
    assert "says that it holds" in refusal(tmp_path / "net.pth")


def test_an_old_file_that_says_it_is_huge(tmp_path: Path):
    path = tmp_path / "net.pth"
    torch.save({"a": torch.zeros(5)}, path, _use_new_zipfile_serialization=False)
    content = path.read_bytes()
    count, huge = struct.pack("<q", 5), struct.pack("<q", 1 << 44)
    assert content.count(count) == 1
    path.write_bytes(content.replace(count, huge))
    assert "is damaged" in refusal(path)


def test_a_compressed_file_is_refused(tmp_path: Path):
    import zipfile

    with zipfile.ZipFile(tmp_path / "net.pth", "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("archive/data.pkl", b"0" * 1000)
    assert "is compressed" in refusal(tmp_path / "net.pth")


@pytest.mark.parametrize(("channels", "said"), [(1, "sees 1 channel;"), (4, "sees 4 channels;")])
def test_networks_of_other_channels_get_one_line(channels: int, said: str, tmp_path: Path):
    model = importlib.import_module("spandrel.architectures.Compact").Compact(
        num_in_ch=channels, num_out_ch=channels, num_feat=8, num_conv=2, upscale=2
    )
    torch.save(model.state_dict(), tmp_path / "net.pth")
    assert said in refusal(tmp_path / "net.pth")


def test_networks_for_other_tasks_get_one_line(tmp_path: Path):
    torch.save(nn.Sequential(nn.Linear(8, 8)).state_dict(), tmp_path / "net.pth")
    assert "is none that spandrel knows" in refusal(tmp_path / "net.pth")
    torch.save([torch.rand(3)], tmp_path / "list.pth")
    assert "holds no tensors by name" in refusal(tmp_path / "list.pth")


def test_weights_of_another_shape_get_one_line(tmp_path: Path):
    state = architecture("Compact", **NETWORKS["Compact"]).state_dict()
    state["body.2.weight"] = torch.rand(7, 7, 3, 3)
    torch.save(state, tmp_path / "net.pth")
    assert "is not what its weights look like" in refusal(tmp_path / "net.pth")


def test_without_spandrel_it_is_said_how_to_get_it(tmp_path: Path):
    torch.save({"a": torch.rand(2)}, tmp_path / "net.pth")
    code = (
        "import sys; sys.modules['spandrel'] = None\n"
        "from pathlib import Path\n"
        "from vidrestore.models.foreign.open import open_foreign\n"
        "open_foreign(Path(sys.argv[1]))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "net.pth")], capture_output=True, text=True)
    assert "pip install 'vidrestore[models]'" in done.stderr.splitlines()[-1]
