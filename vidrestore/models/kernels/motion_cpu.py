"""motion() and what it makes of neighbours on a CPU, float32: numba loops that read a row while it is in the cache.

The bits of motion.py and of `aligned`, which remain the reference: every sum and product in their order, and
none fused, since what is rounded to whole pixels must not flip. Threads are our own (see local_conv_cpu.py).

Rows beyond a picture's edge are those at the edge; kernels work on the rows top..bottom of picture n of batch b.
"""

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from .loops import Array, as_array, compiled, over_bands
from .motion_reference import FARTHER, FLAT, MULTIPLE, REACH, STEPS, WINDOW

Float = np.float32
"""Of every number: numba makes double precision of a Python float."""

ZERO, HALF, ONE, TWO, THREE, FOUR, NINE = (Float(x) for x in (0, 0.5, 1, 2, 3, 4, 9))
AREA = Float((2 * WINDOW + 1) ** 2)
FLAT_SUM = Float((2 * WINDOW + 1) ** 2 * FLAT)
PLACES = np.array(sorted(product(range(-REACH, REACH + 1), repeat=2), key=lambda at: math.hypot(*at)))
"""What the search tries, (81, 2), in its order."""
PENALTIES = np.array([FARTHER * math.hypot(*at) for at in PLACES], Float)


def motion(picture: Tensor, others: Tensor) -> tuple[Tensor, Tensor]:
    """See motion.motion.

    Raises:
        ValueError: a height or width that is no multiple of 4.
    """
    if picture.shape[-2] % MULTIPLE or picture.shape[-1] % MULTIPLE:
        raise ValueError(f"{tuple(picture.shape) = }: height and width must be multiples of {MULTIPLE}")
    with ThreadPoolExecutor(torch.get_num_threads()) as pool:
        levels = [(as_array(picture), as_array(others))]
        for _ in range(2):
            levels.append((_resized(pool, _halve, levels[-1][0], 1 / 2), _resized(pool, _halve, levels[-1][1], 1 / 2)))
        small, smalls = levels.pop()
        padded = as_array(F.pad(torch.from_numpy(smalls), (REACH, REACH, 0, 0), mode="replicate"))
        y, x = np.empty_like(smalls), np.empty_like(smalls)
        over_bands(pool, _search, [y, x, small, padded, PLACES, PENALTIES])
        for small, smalls in reversed(levels):
            y, x = _refined(pool, small, smalls, _resized(pool, _double, y, 2), _resized(pool, _double, x, 2))
    return torch.from_numpy(y), torch.from_numpy(x)


def facts(middle: Tensor, others: Tensor, y: Tensor, x: Tensor, *, news: float, place: float, more: int = 0) -> Tensor:
    """What models/networks/aligned.py shows its network, (B, 1 + 6 * N + more, H, W).

    Args:
        middle: (B, 1, H, W).
        others, y, x: (B, N, H, W), neighbours and what `motion` found.
        news, place: factors of what a neighbour adds, and of where that lies.
        more: planes behind these, whose content is the caller's.
    """
    b, n, height, width = others.shape
    out = np.empty((b, 1 + 6 * n + more, height, width), Float)
    arrays = [as_array(t) for t in (y, x, F.pad(middle, (2,) * 4, mode="replicate"), others)]
    with ThreadPoolExecutor(torch.get_num_threads()) as pool:
        over_bands(pool, _facts, [*arrays, out, Float(news), Float(place)])
    return torch.from_numpy(out)


def compare(picture: Tensor, others: Tensor, y: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    """See motion.compare."""
    apart, differs = (np.empty(tuple(others.shape), Float) for _ in range(2))
    arrays = [as_array(t) for t in (y, x, picture, others)]
    with ThreadPoolExecutor(torch.get_num_threads()) as pool:
        over_bands(pool, _compare, [*arrays, apart, differs])
    return torch.from_numpy(apart), torch.from_numpy(differs)


def _refined(pool: ThreadPoolExecutor, picture: Array, others: Array, y: Array, x: Array) -> tuple[Array, Array]:
    b, _, height, width = picture.shape
    slopes = np.empty((b, 6, height, width), Float)
    over_bands(pool, _slopes, [picture, slopes])
    for _ in range(STEPS):
        to_y, to_x = np.empty_like(y), np.empty_like(x)
        over_bands(pool, _step, [y, x, picture, others, slopes, to_y, to_x])
        y, x = to_y, to_x
    return y, x


def _resized(pool: ThreadPoolExecutor, kernel: Callable[..., None], planes: Array, scale: float) -> Array:
    b, n, height, width = planes.shape
    out = np.empty((b, n, int(height * scale), int(width * scale)), Float)
    over_bands(pool, kernel, [out, planes])
    return out


_compiled = compiled(error_model="numpy")  # nothing is fused or rearranged


@_compiled
def _within(at: int, size: int) -> int:
    return min(max(at, 0), size - 1)


@_compiled
def _place(at: Float, size: int) -> np.uint32:
    """As `_within`, of a whole number; no NaN leaves the picture."""
    last = Float(size - 1)
    at = at if at > ZERO else ZERO
    return np.uint32(at if at < last else last)


@_compiled
def _halve(out: Array, pictures: Array, b: int, n: int, top: int, bottom: int) -> None:
    for row in range(top, bottom):
        to, above, below = out[b, n, row], pictures[b, n, 2 * row], pictures[b, n, 2 * row + 1]
        for x in range(to.size):
            to[x] = (above[2 * x] + above[2 * x + 1] + below[2 * x] + below[2 * x + 1]) / FOUR


@_compiled
def _double(out: Array, places: Array, b: int, n: int, top: int, bottom: int) -> None:
    """Twice as many places, each twice as far."""
    for row in range(top, bottom):
        to, source = out[b, n, row], places[b, n, row // 2]
        for x in range(source.size):
            to[2 * x] = to[2 * x + 1] = TWO * source[x]


@_compiled
def _search(
    y: Array, x: Array, picture: Array, others: Array, places: NDArray[np.int64], penalties: Array,
    b: int, n: int, top: int, bottom: int,
) -> None:  # fmt: skip
    """`others` are padded by REACH to the left and to the right."""
    height, width = y.shape[2:]
    apart = np.empty((bottom - top + 2 * WINDOW, width), Float)
    cost, padded = np.empty(width, Float), np.empty(width + 2 * WINDOW, Float)
    least = np.full((bottom - top, width), Float(np.inf))
    best = np.zeros((bottom - top, width), Float)
    for number in range(len(places)):
        down, right = places[number]
        for r in range(len(apart)):
            here = _within(top - WINDOW + r, height)
            there = others[b, n, _within(here + down, height), REACH + right :]
            to, beside = apart[r], picture[b, 0, here]
            for c in range(width):
                to[c] = abs(there[c] - beside[c])
        for r in range(bottom - top):
            _window(apart, r, padded, cost)
            _keep_least(cost, penalties[number], Float(number), least[r], best[r])
    for r in range(bottom - top):
        for c in range(width):
            y[b, n, top + r, c], x[b, n, top + r, c] = places[int(best[r, c])]


@_compiled
def _keep_least(cost: Array, penalty: Float, number: Float, least: Array, best: Array) -> None:
    for x in range(cost.size):
        total = cost[x] + penalty
        better = total < least[x]
        least[x] = total if better else least[x]
        best[x] = number if better else best[x]


@_compiled
def _window(rows: Array, first: int, padded: Array, out: Array) -> None:
    """Sums over 5x5 pixels, one row of them, from five of `rows`; `padded` is for scratch, of the width + 4."""
    width = out.size
    one, two, three, four, five = rows[first], rows[first + 1], rows[first + 2], rows[first + 3], rows[first + 4]
    for x in range(width):
        padded[x + 2] = (one[x] + two[x]) + (three[x] + four[x]) + five[x]
    padded[0] = padded[1] = padded[2]
    padded[width + 2] = padded[width + 3] = padded[width + 1]
    for x in range(width):
        out[x] = (padded[x] + padded[x + 1]) + (padded[x + 2] + padded[x + 3]) + padded[x + 4]


@_compiled
def _slopes(picture: Array, slopes: Array, b: int, n: int, top: int, bottom: int) -> None:
    """Of each pixel: the gradients, the window's sums of their products, and the inverse of the determinant."""
    height, width = picture.shape[2:]
    products = np.empty((3, bottom - top + 2 * WINDOW, width), Float)
    line, padded = np.empty((2, width), Float), np.empty(width + 2 * WINDOW, Float)
    down, right = line
    for r in range(products.shape[1]):
        row = _within(top - WINDOW + r, height)
        above, here, below = picture[b, 0, max(row - 1, 0)], picture[b, 0, row], picture[b, 0, _within(row + 1, height)]
        for x in range(width):
            down[x] = (below[x] - above[x]) / TWO
        for x in range(1, width - 1):
            right[x] = (here[x + 1] - here[x - 1]) / TWO
        right[0], right[-1] = (here[1] - here[0]) / TWO, (here[-1] - here[-2]) / TWO
        for x in range(width):
            products[0, r, x], products[1, r, x] = down[x] * down[x], right[x] * right[x]
            products[2, r, x] = down[x] * right[x]
        if top <= row < bottom:
            slopes[b, :2, row] = line
    for row in range(top, bottom):
        yy, xx, yx, scale = slopes[b, 2, row], slopes[b, 3, row], slopes[b, 4, row], slopes[b, 5, row]
        _window(products[0], row - top, padded, yy)
        _window(products[1], row - top, padded, xx)
        _window(products[2], row - top, padded, yx)
        for x in range(width):
            yy[x] += FLAT_SUM
            xx[x] += FLAT_SUM
            scale[x] = ONE / (yy[x] * xx[x] - yx[x] * yx[x])


@_compiled
def _step(
    y: Array, x: Array, picture: Array, others: Array, slopes: Array, to_y: Array, to_x: Array,
    b: int, n: int, top: int, bottom: int,
) -> None:  # fmt: skip
    height, width = y.shape[2:]
    first, last = max(top - 1, 0), min(bottom + 1, height)  # what the mean over 3x3 pixels needs
    products = np.empty((2, last - first + 2 * WINDOW, width), Float)
    moved = np.empty((2, last - first, width), Float)
    line, padded, along = np.empty(width, Float), np.empty(width + 2 * WINDOW, Float), np.empty((2, width), Float)
    for r in range(products.shape[1]):
        row = _within(first - WINDOW + r, height)
        _between(others[b, n], row, y[b, n, row], x[b, n, row], line)
        _products(line, picture[b, 0, row], slopes[b, 0, row], products[0, r])
        _products(line, picture[b, 0, row], slopes[b, 1, row], products[1, r])
    for r in range(last - first):
        row = first + r
        yy, xx, yx, scale = slopes[b, 2, row], slopes[b, 3, row], slopes[b, 4, row], slopes[b, 5, row]
        _window(products[0], r, padded, along[0])
        _window(products[1], r, padded, along[1])
        _moved(y[b, n, row], xx, along[0], yx, along[1], scale, moved[0, r])
        _moved(x[b, n, row], yy, along[1], yx, along[0], scale, moved[1, r])
    for row in range(top, bottom):
        above, below = max(row - 1, 0) - first, min(row + 1, height - 1) - first
        _mean(moved[0, above], moved[0, row - first], moved[0, below], padded, to_y[b, n, row])
        _mean(moved[1, above], moved[1, row - first], moved[1, below], padded, to_x[b, n, row])


@_compiled
def _between(picture: Array, row: int, y: Array, x: Array, out: Array) -> None:
    """A row of what `picture` shows at displacements between pixels, bilinear."""
    height, width = picture.shape
    for c in range(width):
        top, left = np.floor(y[c]), np.floor(x[c])
        down, right = y[c] - top, x[c] - left
        at_y, at_x = Float(row) + top, Float(c) + left
        above, below = _place(at_y, height), _place(at_y + ONE, height)
        near, far = _place(at_x, width), _place(at_x + ONE, width)
        upper = picture[above, near] + (picture[above, far] - picture[above, near]) * right
        lower = picture[below, near] + (picture[below, far] - picture[below, near]) * right
        out[c] = upper + (lower - upper) * down


@_compiled
def _compare(
    y: Array, x: Array, picture: Array, others: Array, apart: Array, differs: Array,
    b: int, n: int, top: int, bottom: int,
) -> None:  # fmt: skip
    height, width = y.shape[2:]
    sizes = np.empty((bottom - top + 2 * WINDOW, width), Float)
    line, padded = np.empty(width, Float), np.empty(width + 2 * WINDOW, Float)
    for r in range(len(sizes)):
        row = _within(top - WINDOW + r, height)
        _between(others[b, n], row, y[b, n, row], x[b, n, row], line)
        for c in range(width):
            line[c] -= picture[b, 0, row, c]
            sizes[r, c] = abs(line[c])
        if top <= row < bottom:
            apart[b, n, row] = line
    for row in range(top, bottom):
        _window(sizes, row - top, padded, line)
        for c in range(width):
            differs[b, n, row, c] = line[c] / AREA


@_compiled
def _products(there: Array, here: Array, slope: Array, out: Array) -> None:
    for x in range(out.size):
        out[x] = slope[x] * (there[x] - here[x])


@_compiled
def _moved(at: Array, square: Array, along: Array, mixed: Array, across: Array, scale: Array, out: Array) -> None:
    """`at` less what Lucas and Kanade's two equations give, at most a pixel."""
    for x in range(out.size):
        step = (square[x] * along[x] - mixed[x] * across[x]) * scale[x]
        step = -ONE if step < -ONE else step
        step = ONE if step > ONE else step
        out[x] = at[x] - step


@_compiled
def _mean(above: Array, here: Array, below: Array, padded: Array, out: Array) -> None:
    """Means over 3x3 pixels, one row of them."""
    width = out.size
    for x in range(width):
        padded[x + 1] = above[x] + here[x] + below[x]
    padded[0], padded[width + 1] = padded[1], padded[width]
    for x in range(width):
        out[x] = (padded[x] + padded[x + 1] + padded[x + 2]) / NINE


@_compiled
def _facts(
    y: Array, x: Array, middle: Array, others: Array, out: Array, news: Float, place: Float,
    b: int, n: int, top: int, bottom: int,
) -> None:  # fmt: skip
    """`middle` is padded by 2."""
    count, width = y.shape[1], y.shape[3]
    added, down, right = np.empty(width, Float), np.empty(width, Float), np.empty(width, Float)
    for row in range(top, bottom):
        _nearest(others[b, n], row, y[b, n, row], x[b, n, row], added, down, right)
        _news(middle[b, 0], row, down, right, news, added)
        if n == 0:
            here, centred = middle[b, 0, row + 2], out[b, 0, row]
            for c in range(width):
                centred[c] = here[c + 2] - HALF
        _times(down, place, down)
        _times(right, place, right)
        planes = out[b, 1 + n :: count, row]
        planes[0], planes[4], planes[5] = added, down, right
        for c in range(width):
            planes[1, c] = added[c] * down[c]
        for c in range(width):
            planes[2, c] = added[c] * right[c]
        for c in range(width):
            planes[3, c] = planes[1, c] * right[c]


@_compiled
def _times(source: Array, factor: Float, out: Array) -> None:
    for x in range(out.size):
        out[x] = factor * source[x]


@_compiled
def _nearest(picture: Array, row: int, y: Array, x: Array, out: Array, down: Array, right: Array) -> None:
    """A row of the samples nearest to where pixels have gone, and how far below and right of there they lie."""
    height, width = picture.shape
    for c in range(width):
        to_y, to_x = np.rint(y[c]), np.rint(x[c])
        out[c] = picture[_place(Float(row) + to_y, height), _place(Float(c) + to_x, width)]
        down[c], right[c] = to_y - y[c], to_x - x[c]


@_compiled
def _news(picture: Array, row: int, down: Array, right: Array, factor: Float, samples: Array) -> None:
    """`samples`, less what a bicubic enlargement of `picture`, padded by 2, shows at most half a pixel away."""
    r0, r1, r2, r3, r4 = picture[row], picture[row + 1], picture[row + 2], picture[row + 3], picture[row + 4]
    for x in range(samples.size):
        weights, shares = _cubic(down[x]), _cubic(right[x])
        total = weights[0] * _across(r0, x, shares)
        total += weights[1] * _across(r1, x, shares)
        total += weights[2] * _across(r2, x, shares)
        total += weights[3] * _across(r3, x, shares)
        total += weights[4] * _across(r4, x, shares)
        samples[x] = factor * (samples[x] - total)


@_compiled
def _across(row: Array, x: int, shares: Any) -> Float:  # noqa: ANN401
    total = shares[0] * row[x] + shares[1] * row[x + 1] + shares[2] * row[x + 2]
    return total + shares[3] * row[x + 3] + shares[4] * row[x + 4]  # type: ignore[no-any-return]


@_compiled
def _cubic(at: Float) -> Any:  # noqa: ANN401
    """See models/networks/aligned.py."""
    near = abs(at)
    half = near / TWO
    towards = half * (ONE + near * (FOUR - THREE * near))
    against = -half * (ONE - near) * (ONE - near)
    beyond = -half * near * (ONE - near)
    here = ONE - towards - against - beyond
    if at >= ZERO:
        return ZERO, against, here, towards, beyond
    return beyond, towards, here, against, ZERO
