"""What a deblurring network needs as a halo, and that its tiles have no seams with it; `reach` on known networks."""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from tests.frames import MeanOf
from tests.models.seams import HALF_A_CODE, reach, seam
from vidrestore.engine import Settings
from vidrestore.models.networks.msresnet import MSResNet
from vidrestore.models.processor import Needs
from vidrestore.video.pictures.read import read_picture


class Weighted(nn.Module):
    """Sums pixels within `radius`; those at its edge count for `edge`."""

    def __init__(self, radius: int, edge: float):
        super().__init__()
        self.weight = torch.full((1, 1, 2 * radius + 1, 2 * radius + 1), edge)
        self.weight[..., 1:-1, 1:-1] = 0.1
        self.radius = radius

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.conv2d(x.flatten(0, 1), self.weight, padding=self.radius).unflatten(0, x.shape[:2])


@dataclass
class Filter(MeanOf):
    def finish(self, window: Tensor, *core_out: Tensor) -> Tensor:
        return core_out[0]


def test_reach_is_the_radius_of_a_filter_without_what_counts_for_too_little() -> None:
    window = torch.rand(1, 1, 1, 32, 48)
    assert reach(Filter(Needs(halo=5), Weighted(5, 0.1)), window, at=(0.5,)) == 5
    assert reach(Filter(Needs(halo=5), Weighted(5, 1e-5)), window, at=(0.25, 0.5)) == 4
    assert reach(Filter(Needs(halo=5), Weighted(5, 1e-5)), window, at=(0.5,), error=1e-6) == 5
    assert reach(Filter(Needs(), Weighted(0, 1.0)), window, at=(0.5,)) == 0


@pytest.fixture(scope="module")
def network() -> MSResNet:
    """Narrow, its weights shaken: what it makes is far from what it sees, and every pixel of it sees far."""
    torch.manual_seed(3)
    network = MSResNet(2, 0.125).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter += 0.04 * torch.randn_like(parameter)
    return network


@pytest.fixture(scope="module")
def window(shared_data: Path) -> Tensor:
    picture = read_picture(shared_data / "eval/deblur/Flower_blur1.png")
    return picture[None, None, :, 200:520, 400:756].contiguous()


@pytest.mark.parametrize("engine", ["torch", "openvino"])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_tiles_of_a_deblurred_picture_have_no_seams(
    engine: str, precision: str, network: MSResNet, window: Tensor
) -> None:
    """With its stated halo; and visible ones with next to none."""
    settings = Settings(device="cpu", engine=engine, precision=precision)
    tile = 2 * network.needs.halo + 32
    assert seam(network, window, tile=tile, settings=settings) < HALF_A_CODE
    network.needs = replace(stated := network.needs, halo=4)
    try:
        assert seam(network, window, tile=tile, settings=settings) > HALF_A_CODE
    finally:
        network.needs = stated


def test_the_halo_that_is_needed_is_less_than_what_is_seen_and_enough(network: MSResNet, window: Tensor) -> None:
    stated = network.needs
    needed = reach(network, window, at=(0.25, 0.5, 0.75))
    assert 8 < needed <= stated.halo
    network.needs = replace(stated, halo=needed)
    try:
        assert seam(network, window, tile=2 * stated.halo + 32) < HALF_A_CODE
    finally:
        network.needs = stated
