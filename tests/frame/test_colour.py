"""Code values to networks and back: exactness for every matrix, range, depth and siting."""

from dataclasses import replace

import pytest
import torch

from vidrestore.frame.colour import (
    change_depth,
    luma,
    luma_of_rgb,
    quantise,
    rgb_with_luma,
    rgb_with_yuv,
    to_planes,
    to_rgb,
    to_yuv,
    with_luma,
    with_rgb,
    with_yuv,
    yuv_matrix,
    yuv_of_rgb,
)
from vidrestore.frame.frame import Colour, Planes

COLOURS = [
    Colour(matrix, full_range, siting, depth)
    for matrix in ("bt601", "bt709", "bt2020", "ycgco")
    for full_range in (False, True)
    for siting in ("left", "center", "topleft")
    for depth in (8, 10)
]


def noise(colour: Colour, h: int = 21, w: int = 35, sx: int = 1, sy: int = 1) -> Planes:
    dtype = torch.uint8 if colour.depth == 8 else torch.uint16
    top = 1 << colour.depth
    make = lambda *size: torch.randint(0, top, size).to(dtype)  # noqa: E731
    chroma = (-(-h // (1 << sy)), -(-w // (1 << sx)))
    return Planes(make(h, w), make(*chroma), make(*chroma), colour, sx, sy)


def equal(a: Planes, b: Planes) -> bool:
    return all((getattr(a, p).int() == getattr(b, p).int()).all() for p in "yuv")


@pytest.mark.parametrize("colour", COLOURS)
def test_unchanged_luma_and_rgb_give_back_every_code_value(colour: Colour) -> None:
    planes = noise(colour)
    assert equal(quantise(with_luma(planes, luma(planes), scale=1)), planes)
    rgb = to_rgb(planes)
    assert equal(quantise(with_rgb(planes, rgb, rgb.clone())), planes)
    yuv = to_yuv(planes)
    assert equal(quantise(with_yuv(planes, yuv, yuv.clone())), planes)


@pytest.mark.parametrize("sub", [(1, 1), (1, 0), (0, 0), (2, 0)])
@pytest.mark.parametrize("full_range", [False, True])
def test_yuv_is_the_codes_and_takes_changes_of_each_sample(sub: tuple[int, int], full_range: bool) -> None:
    planes = noise(Colour(full_range=full_range, depth=10), 21, 35, *sub)
    other = noise(planes.colour, 21, 35, *sub)
    before, after = to_yuv(planes), to_yuv(other)
    assert before.shape == (3, 21, 35)
    black, white = (0, 1023) if full_range else (64, 940)
    torch.testing.assert_close(before[0], (planes.y.int() - black) / (white - black))
    chroma = planes.u.int()[5 >> sub[1], 7 >> sub[0]] - 512
    assert float(before[1, 5, 7]) == pytest.approx(float(chroma) / (1023 if full_range else 896), abs=1e-6)
    assert equal(quantise(with_yuv(planes, before, after)), other)


def test_a_change_within_a_chroma_sample_counts_as_its_mean() -> None:
    planes = noise(Colour(), 4, 4)
    before = to_yuv(planes)
    after = before.clone()
    after[2, 0, 0] += 8 / 224
    assert (with_yuv(planes, before, after).v - planes.v)[0, 0].item() == pytest.approx(2, abs=1e-3)


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("sub", [(1, 1), (1, 0), (0, 0), (2, 0)])
def test_planes_through_rgb_come_back_to_the_last_code(colour: Colour, sub: tuple[int, int]) -> None:
    for size in ((21, 35), (121, 250)):
        planes = noise(colour, *size, *sub)
        assert equal(quantise(to_planes(to_rgb(planes), colour, subsample_x=sub[0], subsample_y=sub[1])), planes)


def test_rgb_of_known_codes() -> None:
    """Pure colours of BT.709 video range, from the standard's table: white, red, green, blue."""
    codes = torch.tensor([[235, 128, 128], [63, 102, 240], [173, 42, 26], [32, 240, 118]], dtype=torch.uint8)
    y, u, v = (codes[:, i].reshape(1, 4) for i in range(3))
    rgb = to_rgb(Planes(y, u, v, Colour("bt709"), 0, 0))
    expected = torch.tensor([[1, 1, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1]]).T.reshape(3, 1, 4)
    torch.testing.assert_close(rgb, expected.float(), atol=0.006, rtol=0)


def test_luma_is_black_zero_white_one_in_every_range_and_depth() -> None:
    for colour, black, white in [
        (Colour(), 16, 235),
        (Colour(full_range=True), 0, 255),
        (Colour(depth=10), 64, 940),
        (Colour(depth=10, full_range=True), 0, 1023),
    ]:
        y = torch.tensor([[black, white]], dtype=torch.int32)
        assert luma(Planes(y, None, None, colour))[0, 0].tolist() == [0.0, 1.0]


@pytest.mark.parametrize("siting", ["left", "center", "topleft"])
@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("sub", [(0, 0), (1, 0), (1, 1)])
def test_enlarged_chroma_lies_where_its_siting_says(siting: str, scale: int, sub: tuple[int, int]) -> None:
    """Chroma sampled from a slope over luma coordinates must sample the same slope after enlarging."""
    sx, sy = sub
    h, w = 24, 32
    slope = lambda y, x: 20 + 2 * y[:, None] + 3 * x[None, :]  # noqa: E731

    def positions(n: int, shift: int, cosited: bool) -> torch.Tensor:
        f = 1 << shift
        return torch.arange(-(-n // f)) * f + (0 if cosited else (f - 1) / 2)

    def chroma(factor: int) -> torch.Tensor:
        """The slope where chroma samples lie, in coordinates of the small picture's luma."""
        y = positions(h * factor, sy, siting == "topleft")
        x = positions(w * factor, sx, siting != "center")
        return slope((y + 0.5) / factor - 0.5, (x + 0.5) / factor - 0.5)

    colour = Colour(siting=siting)  # type: ignore[arg-type]
    planes = Planes(torch.zeros(h, w), chroma(1), chroma(1), colour, sx, sy)
    out = with_luma(planes, torch.zeros(1, scale * h, scale * w), scale=scale)
    edge = 3 * scale
    torch.testing.assert_close(
        out.u[edge:-edge, edge:-edge], chroma(scale)[edge:-edge, edge:-edge].float(), atol=1e-3, rtol=0
    )


def test_odd_sizes_round_up() -> None:
    planes = noise(Colour(), h=143, w=175)
    out = with_luma(planes, torch.zeros(1, 429, 525), scale=3)
    assert out.u.shape == (215, 263)


def test_grey_stays_grey() -> None:
    rgb = torch.rand(1, 12, 12).expand(3, 12, 12)
    out = rgb_with_luma(rgb, luma_of_rgb(rgb), scale=1)
    torch.testing.assert_close(out, rgb, atol=1e-6, rtol=0)
    big = rgb_with_luma(rgb, torch.rand(1, 24, 24), scale=2)
    torch.testing.assert_close(big[0], big[1], atol=1e-6, rtol=0)


def test_rgb_with_its_own_luma_is_itself() -> None:
    rgb = torch.rand(3, 9, 13)
    torch.testing.assert_close(rgb_with_luma(rgb, luma_of_rgb(rgb), scale=1), rgb, atol=1e-6, rtol=0)
    other = torch.rand(3, 9, 13)
    torch.testing.assert_close(rgb_with_yuv(rgb, yuv_of_rgb(rgb), yuv_of_rgb(other)), other, atol=1e-5, rtol=0)
    torch.testing.assert_close(yuv_of_rgb(rgb)[:1], luma_of_rgb(rgb))


@pytest.mark.parametrize("full_range", [False, True])
def test_depth_there_and_back(full_range: bool) -> None:
    planes = noise(Colour(full_range=full_range))
    deep = quantise(change_depth(planes, 10))
    assert deep.y.dtype == torch.uint16
    assert equal(quantise(change_depth(deep, 8)), planes)


def test_quantise_rounds_and_clips() -> None:
    y = torch.tensor([[-3.0, 0.4, 0.6, 254.7, 300.0]])
    assert quantise(Planes(y, None, None, Colour())).y.tolist() == [[0, 0, 1, 255, 255]]


def test_yuv_rows_sum_to_one_and_zero() -> None:
    for matrix in ("bt601", "bt709", "bt2020", "smpte240m", "fcc", "ycgco"):
        torch.testing.assert_close(yuv_matrix(matrix).sum(1), torch.tensor([1.0, 0, 0], dtype=torch.float64))


def test_grey_planes_become_grey_rgb() -> None:
    planes = replace(noise(Colour()), u=None, v=None)
    rgb = to_rgb(planes)
    assert rgb.shape == (3, 21, 35)
    assert (rgb[0] == rgb[2]).all()
    assert (quantise(with_rgb(planes, rgb, rgb)).y == planes.y).all()
