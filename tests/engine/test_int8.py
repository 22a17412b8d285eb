from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import nn

from vidrestore.engine import Settings, choose
from vidrestore.engine.backends.int8 import InInt8, in_int8
from vidrestore.engine.backends.layers import inference_copy
from vidrestore.engine.backends.openvino_engine import OpenVinoEngine
from vidrestore.engine.infer import Inference
from vidrestore.errors import ModelError, UsageError
from vidrestore.models.weights import files, manifest
from vidrestore.models.weights.calibration import calibrate, calibrated, extremes, measure
from vidrestore.training.data.degrade import Degradation, degrade
from vidrestore.training.evaluate.clips import stills
from vidrestore.training.evaluate.upscaling import evaluate_upscale, mean

needs_vnni = pytest.mark.skipif(not torch.cpu._is_vnni_supported(), reason="this CPU has no VNNI")
SHIPPED = ["espcn-x2", "espcn-x3"]
Codes = NDArray[np.int64]


def chain() -> nn.Sequential:
    torch.manual_seed(3)
    return nn.Sequential(nn.Conv2d(1, 8, 3), nn.Tanh(), nn.Conv2d(8, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 2, 3))


def test_measure_finds_what_inner_convolutions_read():
    core, pictures = chain(), [(torch.rand(1, 1, 9, 9),) for _ in range(3)]
    with torch.no_grad():
        found = measure(core, pictures)
        read = torch.cat([core[:2](*each) for each in pictures])
    assert found == {"2": (float(read.min()), float(read.max()))} and read.min() < 0
    with torch.no_grad():
        core(torch.rand(1, 1, 99, 99) * 9)
    assert found["2"][1] == float(read.max()), "it no longer looks"
    assert not calibrated(core)
    calibrate(core, found)
    assert calibrated(core) == {core[2]: found["2"]}
    with pytest.raises(AttributeError):
        calibrate(core, {"nowhere": (0, 1)})


def test_the_range_holds_0_whatever_is_seen():
    core = nn.Sequential(nn.Conv2d(1, 1, 1), nn.Hardtanh(2, 3), nn.Conv2d(1, 1, 1), nn.Conv2d(1, 1, 1))
    with torch.no_grad():
        low, high = measure(core, [(torch.full((1, 1, 2, 2), 9.0),)])["2"]
    assert low == 0 and 2 <= high <= 3


@pytest.mark.parametrize("span", [(0.0, 1.5), (-0.5, 1.5)])
def test_it_is_integer_arithmetic(span: tuple[float, float]):
    """Against sums of products of whole numbers."""
    torch.manual_seed(1)
    layer, x = nn.Conv2d(5, 4, 3, padding=1), torch.empty(2, 5, 7, 9).uniform_(span[0] - 0.3, span[1] + 0.3)
    low, high = span
    step = (high - low) / 255
    zero = round(-low / step)
    read = (torch.round(x.double() / step).long() + zero).clamp(0, 255) - zero
    steps = layer.weight.detach().double().abs().amax((1, 2, 3)) / 127
    weight = torch.round(layer.weight.detach().double() / steps[:, None, None, None]).long()
    assert weight.abs().max() == 127
    sums = torch.from_numpy(convolved(F.pad(read, (1, 1, 1, 1)).numpy(), weight.numpy()))
    expected = sums * (steps * step)[:, None, None] + layer.bias.detach().double()[:, None, None]
    found = InInt8(layer, span)(x).detach()
    # A value in the middle between two steps may go either way in fp32.
    assert (found - expected).abs().max() < 1e-5


def convolved(x: Codes, weight: Codes) -> Codes:
    out = np.zeros((len(x), len(weight), x.shape[2] - 2, x.shape[3] - 2), np.int64)
    for (i, j), _ in np.ndenumerate(weight[0, 0]):
        out += np.einsum("bchw,oc->bohw", x[..., i : i + out.shape[2], j : j + out.shape[3]], weight[..., i, j])
    return out


def test_a_range_of_nothing_and_weights_of_nothing_stay_finite():
    layer = nn.Conv2d(2, 2, 3)
    nn.init.zeros_(layer.weight)
    found = InInt8(layer, (0.0, 0.0))(torch.rand(1, 2, 5, 5))
    assert torch.equal(found, layer.bias[:, None, None].expand(1, 2, 3, 3))


@needs_vnni
@pytest.mark.parametrize("name", SHIPPED)
def test_the_shipped_networks_really_compute_in_it(name: str):
    network = files.load(manifest.rows()[name])
    engine = choose(on_cpu("int8"))
    assert isinstance(engine, OpenVinoEngine) and engine.precision == "int8"
    run = engine.compile(network.core, network.prepare(torch.rand(1, 1, 1, 32, 32)))
    assert callable(run)
    (compiled,) = engine.compiled
    about = [operation.get_rt_info() for operation in compiled.get_runtime_model().get_ops()]
    kernels = [each["primitiveType"].value for each in about if each["layerType"].value == "Convolution"]
    assert len(kernels) == 4 and sum(kernel.endswith("I8") for kernel in kernels) == 2


@needs_vnni
@pytest.mark.parametrize("name", SHIPPED)
def test_real_pictures_keep_the_promise_of_every_precision(name: str, shared_data: Path):
    """50 dB to fp32, and less than 0.1 dB lost to the truth, on Set5."""
    network = files.load(manifest.rows()[name])
    degradation = Degradation(network.needs.scale)
    inferences = [Inference(network, choose(settings), settings) for settings in map(on_cpu, ("fp32", "int8"))]
    pictures = list(stills(shared_data / "eval" / "set5"))
    for picture in pictures:
        luma = torch.from_numpy(picture.frames[0])[None, None] / 255
        low = degrade(luma[..., : luma.shape[-2] // 12 * 12, : luma.shape[-1] // 12 * 12], degradation)[0]
        exact, rounded = (each([(low,)]) for each in inferences)
        assert 0 < ((exact - rounded) ** 2).mean() < 10**-5, picture.names
    exact, rounded = (
        mean(list(evaluate_upscale([network], degradation, pictures, settings=on_cpu(each), ends=0)))
        for each in ("fp32", "int8")
    )
    assert exact.psnr_y - 0.1 < rounded.psnr_y


@needs_vnni
@pytest.mark.parametrize("name", SHIPPED)
def test_nothing_is_cut_off_of_what_screens_and_pixel_art_hold(name: str):
    """Rounding leaves 36 dB of the worst pattern; ranges of photographs alone left 9 dB."""
    network = files.load(manifest.rows()[name])
    exact, rounded = (Inference(network, choose(each), each) for each in map(on_cpu, ("fp32", "int8")))
    for number, pattern in enumerate(extremes()):
        assert ((exact([(pattern,)]) - rounded([(pattern,)])) ** 2).mean() < 10**-3.4, number


@needs_vnni
def test_openvino_pads_with_what_is_0_where_numbers_may_be_negative():
    core, x = chain(), torch.rand(1, 1, 24, 32)
    calibrate(core, measure(core.requires_grad_(False), [(x,)]))
    (found,) = OpenVinoEngine("int8").compile(core, (x,))(x)
    expected = in_int8(inference_copy(core))(x)
    assert (found - core(x)).abs().max() > 1e-4, "the comparison says something"
    assert (found - expected).abs().max() < 0.1 * expected.std()


def on_cpu(precision: str) -> Settings:
    return Settings(device="cpu", precision=precision)


def test_only_where_it_is_asked_for_and_can_be_had(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(torch.cpu, "_is_vnni_supported", lambda: True)
    assert choose(on_cpu("auto")).precision in ("bf16", "fp32")
    with pytest.raises(UsageError, match="not calibrated for it; use --precision auto"):
        choose(on_cpu("int8")).compile(chain(), (torch.rand(1, 1, 9, 9),))
    with pytest.raises(UsageError, match="int8 is for OpenVINO on a CPU, not for torch on cpu"):
        choose(Settings(device="cpu", engine="torch", precision="int8"))
    monkeypatch.setattr(torch.cpu, "_is_vnni_supported", lambda: False)
    with pytest.raises(UsageError, match="this CPU has no instructions for it"):
        choose(on_cpu("int8"))


def test_ranges_that_do_not_fit_are_an_error_of_the_manifest():
    entry = manifest.rows()["espcn-x2"]
    for ranges in ({"nowhere": (0, 1)}, {"2": (0.5, 1)}, {"2": (1,)}, {"2": 3}):
        with pytest.raises(ModelError, match="the ranges of espcn-x2 in the manifest do not fit the network"):
            files.load(replace(entry, ranges=ranges))


def test_the_network_stays_as_it_is():
    core = chain()
    calibrate(core, {"2": (-1.0, 1.0)})
    before = {name: tensor.clone() for name, tensor in core.state_dict().items()}
    OpenVinoEngine("int8").compile(core, (torch.rand(1, 1, 16, 16),))
    assert all(torch.equal(tensor, before[name]) for name, tensor in core.state_dict().items())
    assert type(core[2]) is nn.Conv2d
    assert type(in_int8(core)[2]) is InInt8
