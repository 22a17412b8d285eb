"""Unblur: the network that the tool deblurs with."""

import torch
from torch import nn

from vidrestore.models.unblur import Unblur
from vidrestore.processor import apply


def test_it_changes_nothing_before_it_is_trained() -> None:
    window = torch.rand(2, 1, 3, 40, 56)
    assert torch.equal(apply(Unblur(), window), window)


def test_its_size() -> None:
    assert sum(p.numel() for p in Unblur().parameters()) == 3_815_468
    assert Unblur().needs.halo == 203 and Unblur().needs.multiple == 8


def test_what_it_adds_is_laid_where_it_was_seen() -> None:
    """With every residual block and the way through smaller pictures silent, it is two convolutions at half size."""
    network = Unblur((12, 16, 24), (1, 1, 1))
    for name, parameter in network.named_parameters():
        if not name.startswith(("core.first", "core.last")):
            nn.init.zeros_(parameter)
    first, last = network.core.first, network.core.last
    for layer in (first, last):
        nn.init.zeros_(layer.weight)
        nn.init.zeros_(layer.bias)
        with torch.no_grad():
            for channel in range(12):
                layer.weight[channel, channel, 1, 1] = 1
    window = torch.rand(1, 1, 3, 16, 24)
    assert torch.allclose(apply(network, window), 2 * window - 0.5, atol=1e-6)
