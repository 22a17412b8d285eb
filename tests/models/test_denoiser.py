"""Denoiser: where it begins, what it is told, what its tiles are, and that neighbours that moved are brought back."""

import pytest
import torch
import torch.nn.functional as F

from vidrestore.models.networks.denoiser import NEWS, Denoiser
from vidrestore.models.networks.five_frames import LEVEL
from vidrestore.models.processor import apply

PLAIN, TOLD = {"width": 8, "blocks": 1}, {"width": 8, "blocks": 1, "fold": 1, "told": True}


def moving(side: int, speed: int, step: float | None = None) -> torch.Tensor:
    """(1, 5, 3 or 4, side, side): a texture that moves to the right, with chroma of half the size, and its step."""
    generator = torch.Generator().manual_seed(0)
    wide = F.interpolate(torch.rand(1, 3, side // 4, side // 4 + 8 * speed, generator=generator), scale_factor=4)
    wide = F.avg_pool2d(wide, 5, 1, 2)
    frames = torch.stack([wide[..., speed * (4 - i) : speed * (4 - i) + side] for i in range(5)], 1)
    frames[:, :, 1:] = frames[:, :, 1:, ::2, ::2].repeat_interleave(2, -1).repeat_interleave(2, -2) - 0.5
    return frames if step is None else torch.cat((frames, torch.full_like(frames[:, :, :1], step / 255)), 2)


def test_neighbours_that_moved_add_nothing_new() -> None:
    """Moved onto the middle frame they show what it shows, chroma and all else in its place."""
    window = moving(128, 2, step=0)
    network = Denoiser(**TOLD)
    (seen,) = network.prepare(window)
    lumas, chromas, differs, active, news, levels = seen[:, 3:].split((3, 2, 4, 1, 4, 5), 1)
    assert torch.equal(seen[:, :1], window[:, 2, :1] - 0.5)
    assert torch.equal(seen[:, 1:3], window[:, 2, 1:3])
    still = (window[:, :1, 0] - window[:, 2, 0]).abs().mean()
    inside = (..., slice(24, -24), slice(24, -24))
    assert news[inside].abs().mean() / NEWS < 0.2 * still
    assert differs[inside].mean() < 0.3 * active[inside].mean()
    assert chromas[inside].abs().mean() / NEWS < 0.2 * still
    assert lumas.abs().max() / NEWS < 0.01 and levels.abs().max() == 0  # of what lost nothing


def test_a_level_is_the_frames_own_and_those_of_others_are_told_beside_it() -> None:
    window = moving(64, 0, step=7)
    window[:, 3, 3], window[:, 1, 3] = 31 / 255, torch.nan
    window[:, 1] = torch.nan  # not there
    (seen,) = Denoiser(**TOLD).prepare(window)
    assert seen.shape[1] == 22
    assert seen[0, -5:, 5, 5].tolist() == pytest.approx([3 / 8, 0, 0, LEVEL * 2 / 8, 0])


def test_what_is_removed_grows_with_the_step() -> None:
    """Half a step of noise in a still texture goes where the step is told, and stays where none is."""
    noise = torch.randn(1, 5, 1, 128, 128, generator=torch.Generator().manual_seed(1)) * 8 / 255
    errors = []
    for step in (0, 40):
        window = moving(128, 0, step)
        given = window.clone()
        given[:, :, :1] += noise
        made = apply(Denoiser(**TOLD), given)[:, 0, :1]
        errors.append(float((made - window[:, 2, :1]).square().mean() / (noise**2).mean()))
    assert errors[0] > 0.9 and errors[1] < 0.5


def test_noise_of_what_moves_goes_before_any_training() -> None:
    """Luma begins as the mean of the denoised pictures and the input; chroma half way to the mean of all frames."""
    window = moving(128, 2)
    noisy = window + 0.06 * torch.randn(window.shape, generator=torch.Generator().manual_seed(1))
    made, middle = apply(Denoiser(**PLAIN), noisy)[:, 0], noisy[:, 2]
    for plane, share in ((0, 0.35), (1, 0.7), (2, 0.7)):
        error, before = ((x - window[:, 2])[:, plane, 24:-24, 24:-24].square().mean() for x in (made, middle))
        assert error < share * before


@pytest.mark.parametrize("absent", [[0], [3, 4], [0, 1, 3, 4]])
def test_frames_that_are_not_there_count_nothing(absent: list[int]) -> None:
    window = moving(96, 2) + 0.06 * torch.randn(1, 5, 3, 96, 96, generator=torch.Generator().manual_seed(1))
    network, given = Denoiser(**PLAIN), window.clone()
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


@pytest.mark.parametrize("arguments", [PLAIN, TOLD])
def test_a_tile_is_nearly_the_whole_inside_its_halo(arguments: dict[str, object]) -> None:
    """The search sees the whole picture, so it is not the same to the bit."""
    torch.manual_seed(1)
    network = Denoiser(**arguments)  # type: ignore[arg-type]
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.05)
    window = moving(352, 3, step=20 if network.told else None)
    window[:, :, :3] += torch.rand(1, 5, 3, 352, 352) * 0.1
    halo, top, left, side = network.needs.halo, 8, 24, 304
    with torch.no_grad():
        whole = apply(network, window)[..., top : top + side, left : left + side]
        part = apply(network, window[..., top : top + side, left : left + side])
    inner = slice(halo, side - halo)
    assert side - 2 * halo > 8
    assert (whole - part)[..., inner, inner].square().mean() < 10**-5


def test_chroma_as_fine_as_luma_is_seen_coarse_and_its_noise_goes_with_the_change() -> None:
    """Of a network that removes all noise that it sees: little of white noise in 4:4:4 is left, 4:2:0 is as it was."""
    clean = moving(64, 0)
    noise = torch.randn(1, 1, 2, 64, 64, generator=torch.Generator().manual_seed(1)) * 10 / 255
    network, given = Denoiser(**PLAIN), clean.clone()
    given[:, :, 1:] += noise
    (seen,) = network.prepare(given)
    assert seen[:, 1:3].var() - clean[:, 2, 1:].var() < 0.2 * noise.var()
    change = F.pad(clean[:, 2, 1:] - seen[:, 1:3], (0, 0, 0, 0, 1, 0))
    left = network.finish(given, change)[:, 0, 1:] - clean[:, 2, 1:]
    assert left.var() < 0.1 * noise.var()
    assert torch.equal(network.finish(given, 0 * change)[:, 0], given[:, 2])
    assert torch.equal(network.finish(clean, change)[:, 0], clean[:, 2] + change)
