"""A foreign network keeps the promises of Processor: on every engine, in tiles, in batches; its needs are found."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.models.foreign.ncnn_files import compact, conv_line, gated, plain, tagged, write
from tests.models.foreign.trials import inferred, pictures
from vidrestore.base.cache import _sum as cache_sum
from vidrestore.base.settings import Settings
from vidrestore.errors import ModelError
from vidrestore.models.foreign import probe
from vidrestore.models.foreign.network import ForeignNetwork
from vidrestore.models.foreign.open import _opened, open_foreign
from vidrestore.models.foreign.probe import as_processor
from vidrestore.models.foreign.tiles import HALF_A_CODE, STATED_HALO
from vidrestore.models.processor import Needs, apply
from vidrestore.restoration.network import precisely_enough

ENGINES = [("torch", "fp32"), ("torch", "bf16"), ("openvino", "fp32"), ("openvino", "bf16")]


def unpadded(folder: Path) -> Path:
    """Convolutions that make no border, and a transposed one that cuts some off, as waifu2x does."""
    conv, up = nn.Conv2d(3, 8, 3), torch.randn(3, 8, 4, 4) * 0.1
    lines = [
        conv_line(conv, "in", "a", "9=2 -23310=1,0.1"),
        "Deconvolution up 1 1 a b 0=3 1=4 3=2 4=3 5=1 6=384",
        "Crop cut 1 1 b c 0=2 1=2 3=-233 4=-233 5=-233 6=2 7=2",
    ]
    return write(folder, lines, tagged(conv.weight) + plain(conv.bias) + tagged(up) + plain(torch.full((3,), 0.4)))


def pooled(folder: Path) -> Path:
    """Half the size and back, added to the picture: even sizes only."""
    conv = nn.Conv2d(3, 3, 3, padding=1)
    conv.weight.data *= 0.2
    lines = [
        "Split split 1 2 in in0 in1",
        "Pooling pool 1 1 in0 a 0=1 1=2 2=2 5=1",
        conv_line(conv, "a", "b"),
        "Interp up 1 1 b c 0=1 1=2.0 2=2.0",
        "BinaryOp sum 2 1 in1 c out 0=0",
    ]
    return write(folder, lines, tagged(conv.weight) + plain(conv.bias * 0.1))


FOUND: dict[Callable[[Path], Path], tuple[Needs, int]] = {
    compact: (Needs(scale=2, halo=2), 0),
    unpadded: (Needs(scale=2, halo=2), 3),
    pooled: (Needs(multiple=2, halo=2), 0),
    gated: (Needs(halo=STATED_HALO, blends=True), 0),
}
"""Networks, and what is found of each."""


@cache
def network_of(make: Callable[[Path], Path], folder: Path) -> ForeignNetwork:
    torch.manual_seed(2)
    return open_foreign(make(folder))


@pytest.fixture
def network(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ForeignNetwork:
    return network_of(request.param, tmp_path_factory.getbasetemp())


@pytest.mark.parametrize("make", FOUND, ids=lambda make: make.__name__)
def test_needs_are_found(make: Callable[[Path], Path], tmp_path_factory: pytest.TempPathFactory):
    network = network_of(make, tmp_path_factory.getbasetemp())
    assert (network.needs, network.border) == FOUND[make]
    assert (network.seam > 0) == (make is gated)


@pytest.mark.parametrize("network", FOUND, ids=lambda make: make.__name__, indirect=True)
@pytest.mark.parametrize(("engine", "precision"), ENGINES)
def test_every_engine_gives_the_same_in_tiles_and_batches(network: ForeignNetwork, engine: str, precision: str):
    window = pictures(3, 70, 94)
    scale = network.needs.scale
    whole = inferred(network, engine, precision, window)
    assert whole.shape == (3, 1, 3, 70 * scale, 94 * scale) and whole.dtype == torch.float32
    error = (whole - apply(network, window)).abs().max()
    assert error < (1e-5 if precision == "fp32" else 0.02)
    assert torch.equal(inferred(network, engine, precision, window[:1]), whole[:1])
    if network.seam == 0:
        tiled = inferred(network, engine, precision, window, tile=40)
        assert torch.equal(tiled, whole) if precision == "fp32" else (tiled - whole).abs().max() < 0.02


@pytest.mark.parametrize("scale", [1, 3, 4])
def test_other_scales(scale: int, tmp_path: Path):
    network = open_foreign(compact(tmp_path, scale=scale))
    assert network.needs == Needs(scale=scale, halo=2)


def module_sizes(module: nn.Module) -> Callable[[int, int], tuple[int, ...]]:
    return lambda height, width: tuple(module(torch.rand(1, 3, height, width)).shape)


class Windowed(nn.Module):
    """Each window of 8 pixels minus a share of its mean; pads to windows by itself, so that it takes any size."""

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        x = F.pad(x, (0, -width % 8, 0, -height % 8), mode="replicate")
        mean = F.interpolate(F.avg_pool2d(x, 8), scale_factor=8.0, mode="nearest")
        return (0.5 * x + 0.5 * mean)[..., :height, :width]


def test_the_grid_that_a_network_works_on_is_found():
    needs = as_processor(Windowed(), module_sizes(Windowed())).needs
    assert needs.multiple == 8 and needs.halo < 8


class Far(nn.Module):
    """Blurs by many convolutions in a row: far pixels count, but are not seen."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    def forward(self, x: Tensor) -> Tensor:
        for _ in range(self.times):
            x = F.avg_pool2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), 3, 1)
        return x


def test_a_halo_that_would_be_too_large_is_as_large_as_what_is_seen():
    network = as_processor(Far(80), module_sizes(Far(80)))
    assert 16 < network.needs.halo < 80
    window = pictures(1, 200, 200)
    tiled = inferred(network, "torch", "fp32", window, tile=160)
    assert (tiled - inferred(network, "torch", "fp32", window)).abs().max() < HALF_A_CODE


def test_random_numbers_of_a_network_are_refused_in_words():
    def sizes(height: int, width: int) -> tuple[int, ...]:
        return 1, 3, height + width % 7, width

    with pytest.raises(ModelError, match="a whole factor"):
        as_processor(nn.Identity(), sizes)


class Rough(nn.Module):
    """Adds a large number and takes it away again: bf16 loses the picture."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1)
        self.conv.weight.data = torch.eye(3)[..., None, None]
        self.conv.bias.data = torch.full((3,), 100.0)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x) - 100


def test_what_bf16_keeps_is_measured(tmp_path: Path):
    assert 45 < open_foreign(compact(tmp_path)).bf16 < 80
    rough = as_processor(Rough(), module_sizes(Rough()))
    assert rough.bf16 < 20
    asked = Settings(precision="auto")
    assert precisely_enough([rough], asked).precision == "fp32"
    assert precisely_enough([rough], Settings(precision="bf16")).precision == "bf16"
    assert precisely_enough([open_foreign(compact(tmp_path))], asked) == asked


def test_what_was_measured_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("VIDRESTORE_CACHE", str(tmp_path / "cache"))
    path = compact(tmp_path)

    def open_again() -> ForeignNetwork:
        _opened.cache_clear()
        return open_foreign(path)

    first, window = open_again(), pictures(1, 30, 40)
    (entry,) = (tmp_path / "cache").iterdir()
    with monkeypatch.context() as context:
        context.setattr(probe, "_measure", lambda *_: pytest.fail("measured again"))
        second = open_again()
        assert (second.needs, second.bf16, second.seam, second.border) == (first.needs, first.bf16, 0, 0)
        assert torch.equal(apply(second, window), apply(first, window))
    for content in (b"no JSON", b'{"scale": 2}', entry.read_bytes()[32:].replace(b'"halo": 2', b'"halo": 99999')):
        entry.write_bytes(cache_sum(entry, content) + content)
        assert open_again().needs == first.needs
    with path.with_suffix(".bin").open("r+b") as file:
        file.seek(40)
        file.write(b"\0\0\0\0")
    open_again()
    assert len(list((tmp_path / "cache").iterdir())) == 2


class Picky(nn.Module):
    """Each pixel twice; noise where it is no colour."""

    def forward(self, x: Tensor) -> Tensor:
        x = torch.where((x < 0) | (x > 1), torch.full_like(x, 7.0), x)
        return x.repeat_interleave(2, -1).repeat_interleave(2, -2)


def test_colours_outside_the_cube_are_kept_from_the_network_and_from_loss():
    """In 4:2:0, one pixel of 60 of a real picture lay outside; SPAN lost up to 6 dB by them."""
    network = as_processor(Picky(), module_sizes(Picky()))
    window = 3 * torch.rand(2, 1, 3, 40, 50) - 1
    expected = window.repeat_interleave(2, -1).repeat_interleave(2, -2)
    torch.testing.assert_close(inferred(network, "torch", "fp32", window), expected)
    assert torch.equal(inferred(network, "torch", "fp32", window, tile=24), apply(network, window))
