"""Point spread functions against a streak, a disk and a bell laid down one sample at a time."""

import math

import numpy as np
import pytest
import torch

from vidrestore.restoration.deblurring import psf


@pytest.mark.parametrize(("length", "angle"), [(5, 0), (9, 90), (7.5, 30), (12, 137), (20, -40), (0.4, 10)])
def test_a_streak_is_its_points(length: float, angle: float) -> None:
    found = psf.motion(length, angle).numpy()
    middle = len(found) // 2
    wanted = np.zeros_like(found)
    count = 20_000
    for i in range(count):
        along = ((i + 0.5) / count - 0.5) * length
        x = middle + along * math.cos(math.radians(angle))
        y = middle - along * math.sin(math.radians(angle))  # rows go down
        left, top = math.floor(x), math.floor(y)
        for row in (top, top + 1):
            for column in (left, left + 1):
                if share := (1 - abs(y - row)) * (1 - abs(x - column)):
                    wanted[row, column] += share / count
    np.testing.assert_allclose(found, wanted, atol=2e-5)


def test_a_streak_has_its_length_and_angle() -> None:
    """Variance along it length^2 / 12, and a pixel's own (1/6 each way, for tents) besides."""
    found = psf.motion(18, 30)
    steps = torch.arange(len(found)) - len(found) // 2
    x, y = steps.double()[None], -steps.double()[:, None]
    xx, yy, xy = (float((found * moment).sum()) for moment in (x * x, y * y, x * y))
    assert xx + yy == pytest.approx(18**2 / 12 + 2 / 6, rel=0.02)
    assert math.degrees(0.5 * math.atan2(2 * xy, xx - yy)) == pytest.approx(30, abs=0.5)
    torch.testing.assert_close(psf.motion(18, 210), found)


@pytest.mark.parametrize("radius", [0.3, 1, 2.5, 2.52, 7])
def test_a_disk_is_its_area(radius: float) -> None:
    found = psf.disk(radius)
    reach, fine = len(found) // 2, 401
    at = (torch.arange(fine, dtype=torch.float64) + 0.5) / fine - 0.5
    at = (torch.arange(-reach, reach + 1)[:, None] + at).flatten()
    inside = (at**2 + at[:, None] ** 2 <= radius**2).double()
    counted = inside.view(2 * reach + 1, fine, 2 * reach + 1, fine).sum((1, 3))
    torch.testing.assert_close(found, counted / counted.sum(), rtol=0, atol=1e-3)
    assert found[0].sum() > 0 and reach + 0.5 >= radius


@pytest.mark.parametrize("sigma", [0.2, 1, 2.4])
def test_a_bell_is_the_formula(sigma: float) -> None:
    found = psf.gaussian(sigma)
    n = len(found) // 2
    wanted = np.array([[math.exp(-(i * i + j * j) / 2 / sigma**2) for j in range(-n, n + 1)] for i in range(-n, n + 1)])
    np.testing.assert_allclose(found.numpy(), wanted / wanted.sum(), atol=1e-15)
    assert n >= 4 * sigma - 0.5


def test_a_picture_keeps_its_middle_and_sums_to_one() -> None:
    found = psf.from_picture(torch.tensor([[0.0, 2.0, 6.0]]))
    assert found.tolist() == [[0, 0, 0], [0, 0.25, 0.75], [0, 0, 0]]
    assert psf.from_picture(torch.ones(2, 4)).shape == (5, 5)


@pytest.mark.parametrize("make", [psf.gaussian, psf.disk, lambda x: psf.motion(x, 0)])
@pytest.mark.parametrize("value", [0, -1, math.inf, math.nan])
def test_blurs_without_extent_are_refused(make: object, value: float) -> None:
    with pytest.raises(ValueError, match=f"is more than 0, not {value}"):
        make(value)  # type: ignore[operator]


@pytest.mark.parametrize("values", [[[0.0, 0.0]], [[1.0, -0.1]]])
def test_pictures_that_are_no_psf_are_refused(values: list[list[float]]) -> None:
    with pytest.raises(ValueError, match="from 0 up"):
        psf.from_picture(torch.tensor(values))
