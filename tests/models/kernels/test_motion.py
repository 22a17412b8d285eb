"""Motion by search and steps: known shifts, and exactly the same in a tile as in the whole."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from vidrestore.models.kernels.motion import compare, motion
from vidrestore.models.kernels.motion_reference import FARTHEST, HALO, MULTIPLE, between, gather, local_mean, reference


def texture(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Smooth noise of several sizes, about [0, 1], float32."""
    rng = np.random.default_rng(seed)
    layers = [cv2.GaussianBlur(rng.standard_normal((height, width)), (0, 0), sigma) * sigma for sigma in (1.5, 4, 10)]
    return np.clip(0.5 + 0.4 * sum(layers), 0, 1).astype(np.float32)


def shifted(picture: np.ndarray, down: float, right: float) -> np.ndarray:
    matrix = np.array([[1, 0, right], [0, 1, down]], np.float64)
    size = picture.shape[::-1]
    return cv2.warpAffine(picture, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def pair(*shifts: tuple[float, float]) -> tuple[Tensor, Tensor]:
    picture = texture(96, 128)
    others = np.stack([shifted(picture, *shift) for shift in shifts])
    return torch.from_numpy(picture)[None, None], torch.from_numpy(others)[None]


def test_what_moved_is_found_to_a_fraction_of_a_pixel() -> None:
    shifts = [(0, 0), (0.4, -0.7), (3.2, 2.6), (-9.5, 12.3)]
    y, x = motion(*pair(*shifts))
    inner = (slice(24, -24), slice(24, -24))
    for number, (down, right) in enumerate(shifts):
        assert (y[0, number][inner] - down).abs().median() < 0.05
        assert (x[0, number][inner] - right).abs().median() < 0.05
        assert (y[0, number][inner] - down).abs().quantile(0.95) < 0.3


def test_what_does_not_move_stays_put_where_there_is_nothing_to_see() -> None:
    flat = torch.full((1, 1, 64, 64), 0.5)
    y, x = motion(flat, flat.expand(1, 4, 64, 64))
    assert not y.any() and not x.any()


def test_frames_compared_by_kernels_are_those_of_torch_and_of_opencv() -> None:
    generator = torch.Generator().manual_seed(0)
    picture, others = torch.rand(2, 1, 70, 48, generator=generator), torch.rand(2, 3, 70, 48, generator=generator)
    y, x = (12 * torch.randn(2, 3, 70, 48, generator=generator) for _ in range(2))
    apart, differs = compare(picture, others, y, x)
    plain = between(others, y, x) - picture
    assert torch.equal(apart, plain)
    assert torch.equal(differs, local_mean(plain.abs()))
    columns, rows = np.meshgrid(np.arange(48, dtype=np.float32), np.arange(70, dtype=np.float32))
    at = columns + x[1, 2].numpy(), rows + y[1, 2].numpy()
    moved = cv2.remap(others[1, 2].numpy(), *at, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    error = np.abs(moved - picture[1, 0].numpy() - apart[1, 2].numpy())
    assert error.mean() < 0.01  # OpenCV rounds places to a 32nd of a pixel
    box = cv2.blur(np.abs(apart[1, 2].numpy()), (5, 5), borderType=cv2.BORDER_REPLICATE)
    np.testing.assert_allclose(differs[1, 2].numpy(), box, atol=1e-5)


def test_no_displacement_is_longer_than_the_longest() -> None:
    generator = torch.Generator().manual_seed(0)
    y, x = motion(torch.rand(1, 1, 64, 64, generator=generator), torch.rand(1, 2, 64, 64, generator=generator))
    assert max(y.abs().max(), x.abs().max()) <= FARTHEST


def test_gather_is_indexing_and_the_edge_goes_on() -> None:
    pictures = torch.rand(2, 3, 8, 12)
    y, x = torch.randint(-9, 10, (2, 2, 3, 8, 12)).float().unbind(0)
    found = gather(pictures, y, x)
    for b, n, i, j in [(0, 0, 0, 0), (1, 2, 7, 11), (0, 1, 3, 5), (1, 0, 4, 9)]:
        row, column = min(max(i + int(y[b, n, i, j]), 0), 7), min(max(j + int(x[b, n, i, j]), 0), 11)
        assert found[b, n, i, j] == pictures[b, n, row, column]


@pytest.mark.parametrize("find", [motion, reference])
@pytest.mark.parametrize("seed", range(3))
def test_a_tile_has_the_motion_of_the_whole_inside_its_halo(seed: int, find: Callable[..., Tensor]) -> None:
    """Bit for bit, also where nothing matches and motion is as long as it can be."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 3, 40, 52, generator=generator)
    frames = F.interpolate(coarse, size=(160, 208)) + 0.1 * torch.rand(1, 3, 160, 208, generator=generator)
    whole = find(frames[:, :1], frames[:, 1:])
    top, left, side = 4 * MULTIPLE, 8 * MULTIPLE, 128
    tile = frames[..., top : top + side, left : left + side]
    part = find(tile[:, :1], tile[:, 1:])
    inner = slice(HALO, side - HALO)
    for a, b in zip(whole, part, strict=True):
        assert torch.equal(a[..., top : top + side, left : left + side][..., inner, inner], b[..., inner, inner])
