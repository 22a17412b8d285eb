"""SepConv: the counts, the start at the average, how far it looks, and what tiles change."""

import pytest
import torch
from torch import Tensor

from vidrestore.engine.tile import in_tiles
from vidrestore.models.kernels.local_conv_rule import Rule
from vidrestore.models.networks.interpolation.sepconv import REACH, SepConv
from vidrestore.models.processor import apply

HEADS = ("vertical1", "vertical2", "horizontal1", "horizontal2")


def test_parameter_counts() -> None:
    network = SepConv()
    assert sum(p.numel() for p in network.parameters()) == 21_675_452
    assert len(network.state_dict()) == 94
    parts = {name: sum(p.numel() for p in part.parameters()) for name, part in network.core.named_children()}
    # spec/networks.md A.1, row by row.
    assert parts == {
        **{"conv1": 20_256, "conv2": 92_352, "conv3": 369_024, "conv4": 1_475_328, "conv5": 5_899_776},
        **{"deconv5": 7_079_424, "upsample5": 2_359_808, "deconv4": 2_360_064, "upsample4": 590_080},
        **{"deconv3": 590_208, "upsample3": 147_584, "deconv2": 147_648, "upsample2": 36_928},
        **dict.fromkeys(HEADS, 126_743),
    }


@pytest.mark.parametrize("rule", ["outer", "twopass"])
@pytest.mark.parametrize("normalise", [False, True])
def test_it_starts_at_the_average_of_the_frames(rule: Rule, normalise: bool) -> None:
    network = SepConv(width=0.125, taps=13, local_conv=rule, normalise=normalise)
    window = torch.rand(2, 2, 3, 64, 96)
    started = apply(network, window)
    for head in HEADS:
        torch.nn.init.zeros_(getattr(network.core, head)[-1].weight)
    average = window.mean(1, keepdim=True)
    torch.testing.assert_close(apply(network, window), average)
    # As it is initialised it is not the average, but nearer to it than to black.
    assert 0 < (started - average).square().mean() < average.square().mean()


@pytest.mark.parametrize("rule", ["outer", "twopass"])
def test_normalised_kernels_keep_brightness(rule: Rule) -> None:
    window = torch.full((1, 2, 3, 64, 64), 0.6) + torch.zeros(1, 2, 3, 64, 64)
    flat = apply(SepConv(width=0.125, taps=5, local_conv=rule, normalise=True), window)
    torch.testing.assert_close(flat, window[:, :1], atol=1e-4, rtol=0)
    other = apply(SepConv(width=0.125, taps=5, local_conv=rule), window)
    assert (other - window[:, :1]).abs().max() > 0.01


def test_training_reaches_every_parameter() -> None:
    network = SepConv(width=0.0625, taps=5)
    window, target = torch.rand(1, 2, 3, 64, 64), torch.rand(1, 1, 3, 64, 64)
    (apply(network, window) - target).abs().mean().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.parameters())


def test_the_halo_is_exactly_how_far_it_looks() -> None:
    """Where in its grid of 32 pixels one lies decides how far it looks; nothing cancels among positive weights."""
    network = SepConv(width=0.03125, taps=1).double()
    for parameter in network.parameters():
        parameter.data.abs_()
    size, start = 26 * 32, 12 * 32
    frames = torch.rand(1, 6, 32, size, dtype=torch.float64, requires_grad=True)
    kernels = sum(kernel.sum((0, 1, 2)) for kernel in network.core(frames))
    assert isinstance(kernels, Tensor)
    reach = 0
    for x in range(start, start + 32):
        (grad,) = torch.autograd.grad(kernels[x], frames, retain_graph=True)
        seen = grad.abs().sum((0, 1, 2)).nonzero()
        assert seen.min() > 0 and seen.max() < size - 1, "the picture must be larger than the reach"
        reach = max(reach, x - int(seen.min()), int(seen.max()) - x)
    assert reach == REACH == network.needs.halo
    assert SepConv(width=0.03125, taps=13, local_conv="twopass").needs.halo == REACH + 6


@torch.no_grad()
def test_aligned_corners_make_tiles_nearly_the_whole() -> None:
    """Without them tiles are the whole to the last bit (test_conformance.py); with them no halo makes them so."""
    window = torch.rand(1, 2, 3, 64, 928)
    seams = {}
    for aligned in (False, True):
        torch.manual_seed(0)
        network = SepConv(width=0.0625, taps=5, normalise=True, align_corners=aligned).eval()
        whole = in_tiles(lambda x, n=network: apply(n, x), window, tile=0, needs=network.needs)
        parts = in_tiles(lambda x, n=network: apply(n, x), window, tile=832, needs=network.needs)
        seams[aligned] = 255 * (parts - whole).abs()
    assert seams[False].max() < 0.01
    assert 0.01 < seams[True].mean() < 2
