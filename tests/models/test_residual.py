"""The networks of document 003: the papers' parameter counts, and where training begins."""

import pytest
import torch
from torch import nn

from vidrestore.frame.resize import upsample
from vidrestore.models.networks import MODELS
from vidrestore.models.processor import apply
from vidrestore.training.weight_norm import normalise_weights

COUNTS = [
    ("srresnet", {"scale": 4}, 1_549_462),
    ("srresnet", {"scale": 1}, 1_254_036),
    ("edsr", {"scale": 2}, 1_369_859),
    ("edsr", {"scale": 3}, 1_554_499),
    ("edsr", {"scale": 4}, 1_517_571),
    ("edsr", {"scale": 2, "blocks": 32, "width": 256, "residual_scale": 0.1}, 40_729_603),
    ("edsr", {"scale": 2, "blocks": 36, "width": 256, "residual_scale": 0.1}, 45_450_243),
    ("dbpn", {"scale": 2}, 5_953_526),
    ("dbpn", {"scale": 4}, 10_426_358),
    ("dbpn", {"scale": 8}, 23_205_878),
    ("mdsr", {"scale": 2}, 7_953_987),
    ("mdsr", {"scale": 4, "blocks": 16}, 3_227_203),
]
"""Of the papers' tables, which round: DBPN's 5,953 k and 10,426 k, MDSR's 8.0 M and 3.2 M."""


def count(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize(("name", "arguments", "published"), COUNTS)
def test_parameter_counts(name: str, arguments: dict[str, object], published: int) -> None:
    with torch.device("meta"):
        assert count(MODELS[name](**arguments)) == published


def test_wdsr_has_the_published_count_while_it_is_trained() -> None:
    network = MODELS["wdsr"]()
    assert count(network) == 1_187_484
    normalise_weights(network)
    assert count(network) == 1_190_100


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("edsr", {"scale": 4}),
        ("edsr", {"scale": 8, "blocks": 1}),
        ("srresnet", {"scale": 2}),
        ("wdsr", {"scale": 3}),
        ("dbpn", {"scale": 2, "stages": 2}),
        ("mdsr", {"scale": 3}),
    ],
)
def test_an_untrained_network_with_skip_is_bicubic(name: str, arguments: dict[str, object]) -> None:
    network, window = MODELS[name](skip=True, **arguments).eval(), torch.rand(2, 1, 3, 10, 12)
    with torch.no_grad():
        torch.testing.assert_close(apply(network, window)[:, 0], upsample(window[:, 0], network.needs.scale))


def test_an_untrained_deblurring_network_with_skip_is_the_picture() -> None:
    network, window = MODELS["srresnet"](scale=1, skip=True).eval(), torch.rand(2, 1, 3, 10, 12)
    with torch.no_grad():
        torch.testing.assert_close(apply(network, window), window)
