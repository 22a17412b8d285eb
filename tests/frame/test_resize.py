"""imresize against MATLAB's published taps and a naive oracle; upsample against imresize and shifted phases."""

import math

import numpy as np
import pytest
import torch

from vidrestore.frame.resize import cubic, fit, imresize, resize_matrix, upsample


def naive_axis(x: np.ndarray, scale: float, n_out: int) -> np.ndarray:
    """One axis, one output at a time, straight from the definition in spec/networks.md B.2."""

    def k(t: float) -> float:
        t = abs(t)
        if t <= 1:
            return 1.5 * t**3 - 2.5 * t**2 + 1
        return -0.5 * t**3 + 2.5 * t**2 - 4 * t + 2 if t <= 2 else 0.0

    n, s = len(x), min(scale, 1.0)
    out = []
    for o in range(1, n_out + 1):
        u = o / scale + 0.5 * (1 - 1 / scale)
        left = math.floor(u - 2 / s)
        taps = range(left, left + math.ceil(4 / s) + 2)
        weights = [s * k(s * (u - i)) for i in taps]
        mirrored = [(i - 1) % (2 * n) for i in taps]
        values = [x[2 * n - 1 - i if i >= n else i] for i in mirrored]
        out.append(sum(w * v for w, v in zip(weights, values, strict=True)) / sum(weights))
    return np.array(out)


def test_taps_of_half_and_quarter_are_matlabs() -> None:
    half = resize_matrix(64, 32, 0.5)[16]
    assert (half[half != 0] * 1024).tolist() == [-12, -36, 116, 444, 444, 116, -36, -12]
    quarter = resize_matrix(64, 16, 0.25)[8]
    assert (quarter[quarter != 0] * 65536)[8:].tolist() == [15792, 11920, 6384, 1488, -784, -1200, -720, -112]


@pytest.mark.parametrize(("size", "scale"), [(17, 0.5), (23, 0.31), (9, 2.0), (12, 3.7), (40, 0.25)])
def test_imresize_equals_the_naive_oracle(size: int, scale: float) -> None:
    x = torch.rand(size, size + 3, dtype=torch.float64)
    rows = np.stack([naive_axis(c, scale, math.ceil(scale * size)) for c in x.numpy().T], axis=1)
    both = np.stack([naive_axis(r, scale, math.ceil(scale * (size + 3))) for r in rows])
    np.testing.assert_allclose(imresize(x, scale).numpy(), both, atol=1e-12)


def test_uint8_is_rounded_after_each_axis() -> None:
    x = torch.randint(0, 256, (20, 30), dtype=torch.uint8)
    rows = np.stack([naive_axis(c, 0.5, 10) for c in x.double().numpy().T], axis=1)
    rows = np.clip(np.floor(rows + 0.5), 0, 255)
    both = np.stack([naive_axis(r, 0.5, 15) for r in rows])
    assert (imresize(x, 0.5).numpy() == np.clip(np.floor(both + 0.5), 0, 255)).all()


@pytest.mark.parametrize("shape", [(512, 512), (300, 900)])
def test_imresize_by_size_shrinks_the_smaller_factor_first(shape: tuple[int, int]) -> None:
    """In uint8 the order shows, since each axis is rounded."""
    x = torch.randint(0, 256, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(1))

    def along(picture: np.ndarray, axis: int) -> np.ndarray:
        out = (123, 234)[axis]
        made = np.apply_along_axis(naive_axis, axis, picture, out / shape[axis], out)
        return np.clip(np.floor(made + 0.5), 0, 255)

    first = 0 if 123 / shape[0] < 234 / shape[1] else 1
    expected, other = (along(along(x.double().numpy(), axis), 1 - axis) for axis in (first, 1 - first))
    made = imresize(x, size=(123, 234)).numpy()
    assert (made == expected).all() and not (made == other).all()


def test_imresize_takes_one_of_scale_and_size() -> None:
    x = torch.rand(12, 12)
    with pytest.raises(ValueError, match="exactly one"):
        imresize(x)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_upsample_equals_imresize_inside(scale: int) -> None:
    x = torch.rand(2, 3, 11, 14, dtype=torch.float64)
    inner = (..., slice(3 * scale, -3 * scale), slice(3 * scale, -3 * scale))
    torch.testing.assert_close(upsample(x, scale)[inner], imresize(x, scale)[inner])


def test_upsample_places_phases_where_the_offset_says() -> None:
    ramp = torch.arange(16, dtype=torch.float64).expand(1, 1, 16, 16)
    out = upsample(ramp, (1, 2), offset=(0.0, -0.125))  # cubic interpolation is exact on a ramp
    expected = torch.arange(32, dtype=torch.float64) / 2 - 0.125
    torch.testing.assert_close(out[0, 0, 5, 6:-6], expected[6:-6])
    assert out.shape == (1, 1, 16, 32)


@pytest.mark.parametrize("size", [(5, 7), (60, 300), (121, 250)])
@pytest.mark.parametrize(
    ("factor", "offset"), [((2, 2), (-0.25, 0)), ((2, 2), (-0.25, -0.25)), ((1, 4), (0, -0.375)), ((1, 2), (0, 0))]
)
def test_fit_is_least_squares(size: tuple[int, int], factor: tuple[int, int], offset: tuple[float, float]) -> None:
    """Against the system of equations itself, one axis after the other."""
    x = torch.rand(1, 2, *size, dtype=torch.float64)
    expected = x
    for axis, (steps, place) in enumerate(zip(factor, offset, strict=True), start=2):
        count = -(-size[axis - 2] // steps)
        unit = torch.eye(count, dtype=torch.float64)[None, None]
        made = upsample(unit, (1, steps), offset=(0, place))[0, 0, :, : size[axis - 2]].T
        rows = expected.movedim(axis, 0)
        solved = torch.linalg.lstsq(made, rows.flatten(1)).solution
        expected = solved.unflatten(1, rows.shape[1:]).movedim(0, axis)
    torch.testing.assert_close(fit(x, factor, offset=offset), expected, atol=1e-5, rtol=0)


def test_fit_undoes_upsample_to_its_edges() -> None:
    x = torch.rand(1, 1, 70, 91) * 2 - 1
    big = upsample(x, (2, 2), offset=(-0.25, 0.0))[..., :139, :181]
    torch.testing.assert_close(fit(big, (2, 2), offset=(-0.25, 0.0)), x, atol=5e-6, rtol=0)


def test_cubic_is_one_at_zero_and_zero_at_whole_numbers() -> None:
    assert cubic(torch.tensor([0.0, 1.0, -1.0, 2.0, 3.0])).tolist() == [1, 0, 0, 0, 0]
