"""RIFE: its motion against a naive loop, its layers against the paper's chain written plainly, its seams."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.models.rife_files import random_rife
from vidrestore.engine.tile import in_tiles
from vidrestore.models.networks.interpolation.rife import Rife, moved
from vidrestore.models.processor import apply

SMALL = (8, 8, 8, 8)


def window(height: int = 64, width: int = 128, time: float = 0.5) -> Tensor:
    coarse = torch.rand(2, 3, height // 8, width // 8, generator=torch.Generator().manual_seed(3))
    first, second = F.interpolate(coarse, size=(height, width), mode="bicubic").clamp(0, 1)
    return torch.stack((first, second, torch.full_like(first, time)))[None]


def test_parameters_are_those_of_the_public_checkpoint() -> None:
    network = Rife()
    assert sum(p.numel() for p in network.parameters()) == 5_160_980
    assert len(network.state_dict()) == 4 * (10 * 3 + 2)
    assert network.needs.multiple == 32 and Rife(SMALL, 2).needs.multiple == 64


def test_what_is_moved_is_the_bilinear_sum_of_a_naive_loop() -> None:
    picture, motion = torch.rand(1, 2, 6, 9), 8 * torch.rand(1, 2, 6, 9) - 4
    got = moved(picture, motion)
    for y in range(6):
        for x in range(9):
            at_x = min(max(x + float(motion[0, 0, y, x]), 0), 8)
            at_y = min(max(y + float(motion[0, 1, y, x]), 0), 5)
            left, top = min(int(at_x), 7), min(int(at_y), 4)
            right, down = at_x - left, at_y - top
            for channel in range(2):
                p = picture[0, channel]
                upper = (1 - right) * p[top, left] + right * p[top, left + 1]
                lower = (1 - right) * p[top + 1, left] + right * p[top + 1, left + 1]
                expected = (1 - down) * upper + down * lower
                assert float(got[0, channel, y, x]) == pytest.approx(float(expected), abs=1e-5)


def plainly(network: Rife, first: Tensor, second: Tensor, time: Tensor) -> Tensor:
    """All at full size, joined and then made smaller; one flow of four channels."""
    found = torch.zeros(0)
    for block, part in zip(network.core.blocks, network.core.parts, strict=True):
        if found.numel():
            one, other = moved(first, found[:, :2]), moved(second, found[:, 2:4])
            seen = torch.cat((one, other, time, found[:, 4:], found[:, :4] / part), 1)
        else:
            seen = torch.cat((first, second, time), 1)
        seen = F.interpolate(seen, scale_factor=1 / part, mode="bilinear", align_corners=False)
        x = block.start(seen)
        out = F.interpolate(block.end(block.deep(x) + x), scale_factor=2 * part, mode="bilinear")
        out = torch.cat((out[:, :4] * 2 * part, out[:, 4:]), 1)
        found = found + out if found.numel() else out
    share = torch.sigmoid(found[:, 4:])
    return share * moved(first, found[:, :2]) + (1 - share) * moved(second, found[:, 2:4])


@torch.no_grad()
@pytest.mark.parametrize("coarseness", [1, 2])
def test_it_is_the_chain_written_plainly(coarseness: int) -> None:
    network = random_rife(SMALL).at(coarseness, math.inf)
    sees = window(128, 192, 0.3)
    expected = plainly(network, sees[:, 0], sees[:, 1], sees[:, 2, :1])
    torch.testing.assert_close(apply(network, sees)[:, 0], expected, atol=1e-5, rtol=0)
    assert (expected - sees[:, 0]).abs().max() > 0.1 and (expected - sees[:, 1]).abs().max() > 0.1


@torch.no_grad()
def test_time_and_coarseness_matter() -> None:
    network = random_rife(SMALL)
    early, late = (apply(network, window(time=time)) for time in (0.1, 0.9))
    assert (early - late).abs().max() > 0.01
    coarser = network.at(2, math.inf)
    assert not torch.equal(apply(coarser, window()), apply(network, window()))
    own, shared = dict(network.named_parameters()), dict(coarser.named_parameters())
    assert all(own[name].data_ptr() == shared[name].data_ptr() for name in own)


@torch.no_grad()
def test_motion_that_is_too_long_gives_no_number() -> None:
    network = random_rife(SMALL)
    sees = torch.cat((window(), window()))
    changes = network.core(*network.prepare(sees))[-1].flatten()
    assert 0 < float(changes[0]) == float(changes[1])
    made = apply(network.at(1, float(changes[0]) * 1.01), sees)
    torch.testing.assert_close(made, apply(network, sees))
    assert apply(network.at(1, float(changes[0]) * 0.99), sees).isnan().all()


@torch.no_grad()
def test_tiles_go_over_into_each_other() -> None:
    """Each pixel of a block depends on 330 others to a side; beyond the halo by little."""
    network = random_rife(SMALL)
    sees = window(320, 704)
    parts = in_tiles(lambda x: apply(network, x), sees, tile=448, needs=network.needs)
    assert 0 < (parts - apply(network, sees)).abs().mean() < 0.005


def test_training_reaches_every_parameter() -> None:
    network = Rife(SMALL)
    for block in network.core.blocks:
        nn.init.normal_(block.end.weight, std=0.01)
    apply(network, window()).square().mean().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.parameters())
