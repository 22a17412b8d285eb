"""The kernels of motion on a CPU: the bits of the plain torch that they stand in for."""

import subprocess
import sys

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from vidrestore.models.kernels import loops, motion, motion_cpu
from vidrestore.models.networks import aligned

SIZES = [(1, 4, 4, 4), (2, 3, 4, 8), (3, 5, 8, 4), (1, 1, 12, 52), (2, 4, 100, 36), (1, 2, 132, 204)]
"""B, N, H and W."""


def frames(b: int, n: int, height: int, width: int, kind: str) -> tuple[Tensor, Tensor]:
    """(B, 1, H, W) and (B, N, H, W): nothing matches in noise, textures move by up to 12 pixels."""
    generator = torch.Generator().manual_seed(0)
    if kind == "noise":
        found = torch.rand(b, n + 1, height, width, generator=generator)
        return found[:, :1], found[:, 1:]
    large = F.interpolate(
        torch.rand(b, 1, height // 4 + 8, width // 4 + 8, generator=generator), scale_factor=4, mode="bicubic"
    )
    places = torch.randint(0, 25, (n + 1, 2), generator=generator).tolist()
    found = torch.cat([large[..., y : y + height, x : x + width] for y, x in places], 1)
    found += 0.02 * torch.rand(found.shape, generator=generator)
    return found[:, :1], found[:, 1:]


@pytest.mark.parametrize("kind", ["noise", "texture"])
@pytest.mark.parametrize("size", SIZES)
def test_the_motion_of_the_reference(size: tuple[int, int, int, int], kind: str) -> None:
    picture, others = frames(*size, kind)
    for a, b in zip(motion.reference(picture, others), motion_cpu.motion(picture, others), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("kind", ["noise", "texture"])
@pytest.mark.parametrize("size", SIZES)
def test_the_facts_of_the_reference(size: tuple[int, int, int, int], kind: str) -> None:
    picture, others = frames(*size, kind)
    y, x = 40 * torch.rand(2, *size, generator=torch.Generator().manual_seed(1)) - 20
    y[..., ::3, :], x[..., ::2] = y[..., ::3, :].round(), (2 * x[..., ::2]).round() / 2  # right on and right between
    found = motion_cpu.facts(picture, others, y, x, news=aligned.NEWS, place=aligned.PLACE)
    assert torch.equal(found, aligned._facts(picture, others, y, x))


@pytest.mark.parametrize(("rows", "threads"), [(1, 3), (5, 1), (64, 2)])
def test_any_bands_and_threads_give_the_same(rows: int, threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    window = torch.cat(frames(2, 4, 68, 44, "texture"), 1)[:, :, None]
    (usual,) = aligned.Aligned().prepare(window)
    monkeypatch.setattr(loops, "BAND", rows)
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    (found,) = aligned.Aligned().prepare(window)
    assert torch.equal(found, usual)


def test_what_is_no_number_reads_nothing_beyond_the_picture() -> None:
    picture, others = frames(1, 2, 16, 24, "noise")
    nothing = torch.full_like(others, torch.nan)
    for a, b in zip(motion.reference(picture, nothing), motion_cpu.motion(picture, nothing), strict=True):
        assert torch.equal(a.isnan(), b.isnan()) and b.isnan().any()
    y = torch.tensor([torch.nan, torch.inf, -torch.inf]).repeat(8)[:24].expand_as(others)
    assert motion_cpu.facts(picture, others, y, y, news=1, place=1).shape == (1, 13, 16, 24)


def test_kernels_leave_gradients_and_other_dtypes_to_torch() -> None:
    picture, others = frames(1, 2, 16, 24, "noise")
    assert motion.by_kernels(picture, others)
    assert not motion.by_kernels(picture.double(), others.double())
    wanting = others.clone().requires_grad_()
    y, _ = motion.motion(picture, wanting)
    y.sum().backward()
    assert wanting.grad is not None and wanting.grad.any()
    with torch.no_grad():
        assert motion.by_kernels(picture, wanting)


def test_numba_is_imported_no_sooner_than_needed() -> None:
    code = "import sys, vidrestore.models.networks.aligned; assert 'numba' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_sizes_that_do_not_halve_twice_are_refused() -> None:
    with pytest.raises(ValueError, match="multiples of 4"):
        motion_cpu.motion(torch.rand(1, 1, 8, 10), torch.rand(1, 4, 8, 10))
