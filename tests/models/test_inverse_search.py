"""inverse_search: what moved is brought back, luma and chroma, and noise is not followed."""

import pytest
import torch
import torch.nn.functional as F

from vidrestore.models.kernels.inverse_search import moved, search
from vidrestore.models.kernels.motion import compare, motion


def texture(height: int, width: int, planes: int = 1) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(1, planes, height // 4, width // 4, generator=generator)
    return F.interpolate(coarse, size=(height, width), mode="bicubic").clamp(0, 1)


@pytest.mark.parametrize("planes", [1, 3])
@pytest.mark.parametrize("shift", [(0, 0), (3, -5), (-1, 9)])
def test_what_moved_is_brought_back(planes: int, shift: tuple[int, int]) -> None:
    wide = texture(160, 192, planes)
    down, right = shift
    picture = wide[..., 16:144, 16:176]
    other = wide[..., 16 - down : 144 - down, 16 - right : 176 - right]
    made = moved(other[:, None], *search(picture[:, :1], other[:, :1]))
    assert made.shape == (1, 1, planes, 128, 160)
    inside = (..., slice(16, -16), slice(16, -16))
    assert (made[:, 0] - picture)[inside].abs().mean() < 0.01
    if any(shift):
        assert (other - picture)[inside].abs().mean() > 0.05


@pytest.mark.parametrize("size", [(2, 2), (17, 300), (64, 40)])
def test_small_pictures_are_searched_too(size: tuple[int, int]) -> None:
    picture = torch.rand(2, 3, *size)
    others = torch.stack((picture, picture), 1)
    made = moved(others, *search(picture[:, :1], others[:, :, 0]))
    assert made.shape == (2, 2, 3, *size)
    assert (made[:, :, 0] - picture[:, None, 0]).abs().mean() < 0.05


def test_noise_is_not_followed() -> None:
    """Matched pixel by pixel, a neighbour repeats a part of the picture's own noise; here it does not."""
    still = texture(128, 160)
    noise = 0.05 * torch.randn(2, *still.shape[1:], generator=torch.Generator().manual_seed(1))
    picture, other = still + noise[0], still + noise[1]
    y, x = motion(picture, other)
    by_pixel = picture + compare(picture, other, y, x)[0]
    smooth = moved(other[:, None], *search(picture, other))[:, 0]
    inside = (..., slice(16, -16), slice(16, -16))

    def repeated(made: torch.Tensor) -> float:
        error, own = (made - still)[inside].flatten(), (picture - still)[inside].flatten()
        return float(torch.corrcoef(torch.stack((error, own)))[0, 1])

    assert repeated(by_pixel) > 0.1 > 3 * abs(repeated(smooth))
