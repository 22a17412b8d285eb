"""Cleaner and Denoiser: where they begin, what their tiles are, and that neighbours that moved are brought back."""

import pytest
import torch
import torch.nn.functional as F

from vidrestore.models.networks.cleaner import NEWS, Cleaner
from vidrestore.models.networks.denoiser import Denoiser
from vidrestore.models.processor import apply


def moving(side: int, speed: int) -> torch.Tensor:
    """(1, 5, 3, side, side): a texture that moves to the right, with chroma of half the size."""
    generator = torch.Generator().manual_seed(0)
    wide = F.interpolate(torch.rand(1, 3, side // 4, side // 4 + 8 * speed, generator=generator), scale_factor=4)
    wide = F.avg_pool2d(wide, 5, 1, 2)
    frames = torch.stack([wide[..., speed * (4 - i) : speed * (4 - i) + side] for i in range(5)], 1)
    frames[:, :, 1:] = frames[:, :, 1:, ::2, ::2].repeat_interleave(2, -1).repeat_interleave(2, -2) - 0.5
    return frames


def test_it_begins_at_its_input() -> None:
    window = moving(64, 2)
    assert torch.equal(apply(Cleaner(8, 1), window)[:, 0], window[:, 2])


def test_neighbours_that_moved_add_nothing_new() -> None:
    """Moved onto the middle frame they show what it shows, chroma and all else in its place."""
    window = moving(96, 2)
    (seen,) = Cleaner(8, 1).prepare(window)
    assert seen.shape == (1, 12, 96, 96)
    inside = seen[..., 24:-24, 24:-24]
    assert torch.equal(seen[:, :1], window[:, 2, :1] - 0.5)
    assert torch.equal(seen[:, 1:3], window[:, 2, 1:])
    news, differs, active = (part / NEWS for part in inside[:, 3:].split((4, 4, 1), 1))
    still = (window[:, :1, 0] - window[:, 2, 0]).abs().mean()
    assert news.abs().mean() < 0.2 * still
    assert differs.mean() < 0.3 * active.mean()


def test_noise_of_what_moves_goes_before_any_training() -> None:
    """Luma begins as the mean of the denoised pictures and the input; chroma half way to the mean of all frames."""
    window = moving(96, 2)
    noisy = window + 0.06 * torch.randn(window.shape, generator=torch.Generator().manual_seed(1))
    made, middle = apply(Denoiser(8, 1), noisy)[:, 0], noisy[:, 2]
    for plane, share in ((0, 0.35), (1, 0.7), (2, 0.7)):
        error, before = ((x - window[:, 2])[:, plane, 24:-24, 24:-24].square().mean() for x in (made, middle))
        assert error < share * before


@pytest.mark.parametrize("absent", [[0], [3, 4], [0, 1, 3, 4]])
def test_frames_that_are_not_there_count_nothing(absent: list[int]) -> None:
    window = moving(96, 2) + 0.06 * torch.randn(1, 5, 3, 96, 96, generator=torch.Generator().manual_seed(1))
    network, given = Denoiser(8, 1), window.clone()
    given[:, absent] = torch.nan
    (seen,), (whole,) = network.prepare(given), network.prepare(window)
    assert not seen.isnan().any()
    one = 3 + len(network.sigmas)
    lumas, before = seen[:, 3:one] / NEWS, (window - moving(96, 2))[:, 2, :1]
    assert ((lumas + before) ** 2).mean((2, 3)).min() < 0.4 * (before**2).mean()
    differs, usual = (part[:, one + 2 : one + 6].mean((2, 3)) for part in (seen, whole))
    assert (differs / usual - 1).abs().max() < 0.6  # as if a frame with the same noise were there
    if len(absent) == 4:
        assert seen[:, one : one + 2].abs().max() == 0  # chroma's mean is the picture's own


@pytest.mark.parametrize("network", [Cleaner(8, 1), Denoiser(8, 1)])
def test_a_tile_is_the_whole_inside_its_halo(network: Cleaner | Denoiser) -> None:
    torch.manual_seed(1)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.05)
    window = torch.rand(1, 5, 3, 336, 352) * 0.2 + moving(352, 3)[..., :336, :]
    halo, top, left, side = network.needs.halo, 8, 24, 304
    with torch.no_grad():
        whole = apply(network, window)[..., top : top + side, left : left + side]
        part = apply(network, window[..., top : top + side, left : left + side])
    inner = slice(halo, side - halo)
    assert side - 2 * halo > 8
    torch.testing.assert_close(whole[..., inner, inner], part[..., inner, inner], atol=1e-6, rtol=0)
