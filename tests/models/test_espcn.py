"""ESPCN: the counts of the papers, and that it starts at bicubic."""

import pytest
import torch

from vidrestore.frame.resize import upsample
from vidrestore.models.networks.espcn import Espcn

COUNTS = {(4, 2): 58_212, (4, 3): 59_657, (4, 4): 61_680, (3, 2): 21_284, (3, 3): 22_729, (3, 4): 24_752}


@pytest.mark.parametrize(("layers", "scale"), COUNTS)
def test_parameter_counts(layers: int, scale: int) -> None:
    network = Espcn(scale, layers=layers)  # type: ignore[arg-type]
    assert sum(p.numel() for p in network.parameters()) == COUNTS[layers, scale]


def test_an_untrained_network_with_skip_is_bicubic() -> None:
    network, window = Espcn(3), torch.rand(2, 1, 1, 10, 12)
    out = network.finish(window, network.core(*network.prepare(window)))
    torch.testing.assert_close(out[:, 0], upsample(window[:, 0], 3))


@pytest.mark.parametrize("border", ["replicate", "zeros"])
def test_halo_is_exact(border: str) -> None:
    """A pixel changes the output up to the halo away from it, and not one pixel further."""
    network = Espcn(2, skip=False, border=border)  # type: ignore[arg-type]
    halo = network.needs.halo
    window = torch.rand(1, 1, 1, 31, 31)
    changed = window.clone()
    changed[..., 15, 15] += 1
    a, b = (network.finish(w, network.core(*network.prepare(w))) for w in (window, changed))
    rows = torch.nonzero((a != b)[0, 0, 0].any(1))[:, 0]
    assert rows.min() == 2 * (15 - halo)
    assert rows.max() == 2 * (15 + halo) + 1


def test_relu_at_the_end_reproduces_the_listing() -> None:
    network = Espcn(2, skip=False, border="zeros", final_activation="relu")
    window = torch.rand(1, 1, 1, 16, 16)
    assert (network.finish(window, network.core(*network.prepare(window))) >= 0).all()
