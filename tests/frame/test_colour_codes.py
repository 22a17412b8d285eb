"""Code values of colours: against tables of the standards, the equations of ITU-T H.273 in fractions, and FFmpeg."""

import math
from fractions import Fraction
from itertools import product

import av
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from vidrestore.frame.colour import change_depth, luma_of_rgb, rgb_with_luma, to_planes, to_rgb
from vidrestore.frame.frame import Colour, Matrix, Planes

WEIGHTS: dict[Matrix, tuple[str, str]] = {
    "bt709": ("0.2126", "0.0722"),
    "fcc": ("0.30", "0.11"),
    "bt601": ("0.299", "0.114"),
    "smpte240m": ("0.212", "0.087"),
    "bt2020": ("0.2627", "0.0593"),
}
"""K_R and K_B as table 4 of H.273 has them."""
MATRICES: tuple[Matrix, ...] = (*WEIGHTS, "ycgco")
DEPTHS = (8, 10, 12)

COLOURS = [*product((0, 1), repeat=3), (0.25, 0.5, 0.75), (0.875, 0.125, 0.625)]
"""The corners of the cube, and two inside it: all exact in binary."""

INSIDE = [(red / 8, green / 8, blue / 8) for red, green, blue in product((1, 3, 5, 7), repeat=3)]
"""Far enough from the edges of every matrix's codes."""

SPACES: dict[Matrix, str] = {
    **{"bt709": "bt709", "fcc": "fcc", "bt601": "bt470bg"},
    **{"smpte240m": "smpte240m", "bt2020": "bt2020nc", "ycgco": "ycgco"},
}
"""FFmpeg's names."""

BARS = {
    ("bt601", 8): """
        235 128 128  210 16 146  170 166 16  145 54 34  106 202 222  81 90 240  41 240 110  16 128 128""",
    ("bt709", 8): """
        235 128 128  219 16 138  188 154 16  173 42 26  78 214 230  63 102 240  32 240 118  16 128 128""",
    ("bt709", 10): """
        940 512 512  877 64 553  754 615 64  691 167 105  313 857 919  250 409 960  127 960 471  64 512 512""",
}
"""Bars of full amplitude, white to black, of broadcast: ITU-R BT.1729 for BT.601, SMPTE RP 219 for BT.709."""
BAR_COLOURS = [(1, 1, 1), (1, 1, 0), (0, 1, 1), (0, 1, 0), (1, 0, 1), (1, 0, 0), (0, 0, 1), (0, 0, 0)]


def picture(colours: list[tuple[float, ...]]) -> Tensor:
    """(3, 1, N)"""
    return torch.tensor(colours, dtype=torch.float32).T.reshape(3, 1, -1)


def codes(rgb: Tensor, colour: Colour) -> Tensor:
    """(3, N): Y, U, V, not rounded."""
    made = to_planes(rgb, colour, subsample_x=0, subsample_y=0)
    assert made.u is not None and made.v is not None
    return torch.stack((made.y[0], made.u[0], made.v[0]))


def planes(yuv: Tensor, colour: Colour) -> Planes:
    y, u, v = yuv[:, None]
    return Planes(y, u, v, colour, 0, 0)


def by_the_standard(colour: tuple[float, ...], matrix: Matrix, *, full: bool, depth: int) -> tuple[Fraction, ...]:
    """Equations 20 to 48 of H.273, before rounding."""
    red, green, blue = map(Fraction, colour)
    if matrix == "ycgco":
        y, first, second = (
            (red + 2 * green + blue) / 4,
            (2 * green - red - blue) / 4,
            (red - blue) / 2,
        )
    else:
        k_red, k_blue = map(Fraction, WEIGHTS[matrix])
        y = k_red * red + (1 - k_red - k_blue) * green + k_blue * blue
        first, second = (blue - y) / (2 * (1 - k_blue)), (red - y) / (2 * (1 - k_red))
    middle = Fraction(2) ** (depth - 1)
    if full:
        top = 2**depth - 1
        return top * y, top * first + middle, top * second + middle
    unit = Fraction(2) ** (depth - 8)
    return unit * (219 * y + 16), unit * 224 * first + middle, unit * 224 * second + middle


@pytest.mark.parametrize(("matrix", "depth"), BARS)
def test_bars_have_the_codes_that_broadcast_has_for_them(matrix: Matrix, depth: int) -> None:
    wanted = torch.tensor([int(code) for code in BARS[matrix, depth].split()]).reshape(-1, 3).T
    assert torch.equal(codes(picture(BAR_COLOURS), Colour(matrix, depth=depth)).round().int(), wanted)


@pytest.mark.parametrize("matrix", MATRICES)
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("depth", DEPTHS)
def test_codes_are_those_of_the_equations(matrix: Matrix, full: bool, depth: int) -> None:
    colour = Colour(matrix, full, depth=depth)
    wanted = [by_the_standard(each, matrix, full=full, depth=depth) for each in COLOURS]
    exact = torch.tensor([[float(code) for code in each] for each in wanted]).T
    within = 2.0 ** (depth - 20)  # of float32; a weight off by 0.0001 is off by 80 times as much
    torch.testing.assert_close(codes(picture(COLOURS), colour), exact, atol=within, rtol=0)
    torch.testing.assert_close(to_rgb(planes(exact, colour)), picture(COLOURS), atol=1e-5, rtol=0)


@pytest.mark.parametrize("old", MATRICES)
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("depth", DEPTHS)
def test_codes_change_their_matrix_as_those_of_ffmpeg_do(old: Matrix, full: bool, depth: int) -> None:
    """The filter `colorspace`, from each matrix and range to each matrix, in video range and 12 bits."""
    before = Colour(old, full, depth=depth)
    stored = codes(picture(INSIDE), before).round()
    for new in MATRICES:
        theirs = recoded(stored.numpy(), before, new)
        ours = codes(to_rgb(planes(stored, before)), Colour(new, depth=12))
        assert np.abs(ours.numpy() - theirs).max() < 1, new


def recoded(stored: NDArray[np.float32], before: Colour, new: Matrix) -> NDArray[np.uint16]:
    """(3, N) codes under `before` -> codes under `new`, video range, 12 bits, by FFmpeg."""
    kind, sample = ("yuv444p", np.uint8) if before.depth == 8 else (f"yuv444p{before.depth}le", np.uint16)
    count = stored.shape[1]
    frame = av.VideoFrame(count, 2, kind)
    for plane, row in zip(frame.planes, stored, strict=True):
        rows = np.zeros((2, plane.line_size // np.dtype(sample).itemsize), sample)
        rows[:, :count] = row
        plane.update(rows.tobytes())
    same = "iprimaries=bt709:primaries=bt709:itrc=bt709:trc=bt709"
    graph = av.filter.Graph()
    graph.link_nodes(
        graph.add_buffer(width=count, height=2, format=frame.format, time_base=Fraction(1, 25)),
        graph.add(
            "colorspace",
            f"ispace={SPACES[before.matrix]}:space={SPACES[new]}:irange={'pc' if before.full_range else 'tv'}:"
            f"range=tv:format=yuv444p12:{same}",
        ),
        graph.add("buffersink"),
    ).configure()
    graph.push(frame)
    made = graph.pull()
    return np.stack([np.frombuffer(plane, np.uint16).reshape(2, -1)[0, :count] for plane in made.planes])


@pytest.mark.parametrize(
    ("full", "old", "new"), [(f, *both) for f in (False, True) for both in product(DEPTHS, DEPTHS)]
)
def test_another_depth_keeps_the_colours(full: bool, old: int, new: int) -> None:
    before, after = (codes(picture(COLOURS), Colour("bt709", full, depth=depth)) for depth in (old, new))
    made = change_depth(planes(before, Colour("bt709", full, depth=old)), new)
    assert made.u is not None and made.v is not None and made.colour.depth == new
    torch.testing.assert_close(torch.cat((made.y, made.u, made.v)), after, atol=2.0 ** (new - 20), rtol=0)


def test_luma_of_rgb_is_that_of_bt601_and_its_chroma_stays() -> None:
    rgb = picture(COLOURS)
    wanted = [float(Fraction("0.299") * r + Fraction("0.587") * g + Fraction("0.114") * b) for r, g, b in
              (map(Fraction, each) for each in COLOURS)]  # fmt: skip
    torch.testing.assert_close(luma_of_rgb(rgb)[0, 0], torch.tensor(wanted))
    brighter = rgb_with_luma(rgb, luma_of_rgb(rgb) + 0.25, scale=1)
    torch.testing.assert_close(brighter, rgb + 0.25)
    assert math.isclose(float(luma_of_rgb(picture([(1, 1, 1)]))), 1, abs_tol=1e-6)
