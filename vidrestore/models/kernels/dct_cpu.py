"""without_noise() on a CPU, float32: numba loops along a row of patches, which stay in the cache.

The same sums as dct_reference.py in another order, which is the same for a tile as for the whole picture. The basis is
even or odd about its middle, so its halves share their products: what mirrors is added or subtracted first.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .dct_reference import LAMBDA, LEAST, MOST, SIDE, STRIDE, basis
from .loops import Array, as_array, compiled, over_bands

Float = np.float32
"""Of every number: numba makes double precision of a Python float."""
ZERO, ONE, LOW, RANGE = (Float(x) for x in (0, 1, LEAST / (MOST - LEAST), MOST - LEAST))
HALF = SIDE // 2
_compiled = compiled(error_model="numpy")


def without_noise(frames: Tensor, middle: int, sigmas: Sequence[float]) -> Tensor:
    """See dct.without_noise."""
    b, count, height, width = frames.shape
    out = np.empty((b, 1, height, width * len(sigmas)), Float)
    slopes = np.array([1 / (LAMBDA * sigma * RANGE) for sigma in sigmas], Float)
    in_space, in_time = (basis(n, torch.empty(0)) for n in (SIDE, count))
    changes = torch.einsum("kn,bnhw->bkhw", in_time, frames)  # a frequency in time each; the first one is the mean
    padded = as_array(F.pad(changes, (SIDE,) * 4, mode="replicate"))
    arguments = [out, padded, as_array(in_space), as_array(in_time[:, middle]), slopes]
    with ThreadPoolExecutor(torch.get_num_threads()) as pool:
        over_bands(pool, _band, arguments)
    pictures = torch.from_numpy(out).view(b, height, len(sigmas), width)
    return pictures.permute(0, 2, 1, 3).contiguous()


@_compiled
def _band(
    out: Array, frames: Array, in_space: Array, back: Array, slopes: Array, b: int, n: int, top: int, bottom: int
) -> None:
    """Rows top..bottom of all pictures of batch b, which lie beside each other in a row of `out`."""
    width = frames.shape[3]
    patches = (width - SIDE) // STRIDE + 1
    sums = np.zeros((len(slopes), bottom - top, width), Float)
    weights = np.zeros((len(slopes), bottom - top, width), Float)
    coefficients = np.empty((len(back), SIDE, SIDE, patches), Float)
    for first in range(top + STRIDE, bottom + SIDE, STRIDE):
        _transform(coefficients, frames[b], first, in_space)
        for number in range(len(slopes)):
            kept, weight = _kept(coefficients, back, slopes[number])
            _add(sums[number], weights[number], kept, weight, in_space, first - SIDE - top)
    inner = width - 2 * SIDE
    for number in range(len(slopes)):
        for row in range(bottom - top):
            for x in range(inner):
                out[b, 0, top + row, number * inner + x] = sums[number, row, SIDE + x] / weights[number, row, SIDE + x]


@_compiled
def _transform(out: Array, frames: Array, first: int, in_space: Array) -> None:
    """Coefficients (F, SIDE, SIDE, patches) of the patches that begin in one row, of each frame alone."""
    count, patches, width = out.shape[0], out.shape[3], frames.shape[2]
    rows, columns = np.empty((2, HALF, width), Float), np.empty((2, HALF, patches), Float)
    down = np.empty((STRIDE, width // STRIDE), Float)
    for n in range(count):
        for i in range(HALF):
            upper, lower = frames[n, first + i], frames[n, first + SIDE - 1 - i]
            for x in range(width):
                rows[0, i, x] = upper[x] + lower[x]
                rows[1, i, x] = upper[x] - lower[x]
        for u in range(SIDE):
            f = in_space[u]
            a, b, c, d = rows[u % 2]
            for x in range(width // STRIDE):
                down[0, x] = f[0] * a[2 * x] + f[1] * b[2 * x] + f[2] * c[2 * x] + f[3] * d[2 * x]
                down[1, x] = f[0] * a[2 * x + 1] + f[1] * b[2 * x + 1] + f[2] * c[2 * x + 1] + f[3] * d[2 * x + 1]
            for j in range(HALF):
                left, right = down[j % 2, j // 2 :], down[(SIDE - 1 - j) % 2, (SIDE - 1 - j) // 2 :]
                for x in range(patches):
                    columns[0, j, x] = left[x] + right[x]
                    columns[1, j, x] = left[x] - right[x]
            for v in range(SIDE):
                f, to = in_space[v], out[n, u, v]
                a, b, c, d = columns[v % 2]
                for x in range(patches):
                    to[x] = f[0] * a[x] + f[1] * b[x] + f[2] * c[x] + f[3] * d[x]


@_compiled
def _kept(coefficients: Array, back: Array, slope: Float) -> tuple[Array, Array]:
    """The middle frame's coefficients (SIDE, SIDE, patches), as much as stays of each, and what a patch counts."""
    count, _, _, patches = coefficients.shape
    kept = np.zeros((SIDE, SIDE, patches), Float)
    weight = np.zeros(patches, Float)
    for u in range(SIDE):
        for v in range(SIDE):
            to = kept[u, v]
            for k in range(count):
                source, factor = coefficients[k, u, v], back[k]
                if k + u + v == 0:  # the mean of all
                    for x in range(patches):
                        weight[x] += ONE
                        to[x] += factor * source[x]
                    continue
                for x in range(patches):
                    share = min(max(abs(source[x]) * slope - LOW, ZERO), ONE)
                    weight[x] += share
                    to[x] += factor * source[x] * share
    for x in range(patches):
        weight[x] = ONE / weight[x]
    for u in range(SIDE):
        for v in range(SIDE):
            for x in range(patches):
                kept[u, v, x] *= weight[x]
    return kept, weight


@_compiled
def _add(sums: Array, weights: Array, kept: Array, weight: Array, in_space: Array, first: int) -> None:
    """What the patches show, to the rows from `first` on, as far as they are in the band."""
    rows, width = sums.shape
    patches, half = len(weight), width // STRIDE
    across, pictures = np.empty((STRIDE, half), Float), np.zeros((2, HALF, STRIDE, half), Float)
    even, odd = np.empty(patches, Float), np.empty(patches, Float)
    for u in range(SIDE):
        across[:] = ZERO
        for j in range(HALF):
            f = in_space[:, j]
            a, b, c, d, e, g, h, k = kept[u]
            for x in range(patches):  # loops of few arrays each, or they are not vectorised
                even[x] = f[0] * a[x] + f[2] * c[x] + f[4] * e[x] + f[6] * h[x]
            for x in range(patches):
                odd[x] = f[1] * b[x] + f[3] * d[x] + f[5] * g[x] + f[7] * k[x]
            left, right = across[j % 2, j // 2 :], across[(SIDE - 1 - j) % 2, (SIDE - 1 - j) // 2 :]
            for x in range(patches):
                left[x] += even[x] + odd[x]
            for x in range(patches):
                right[x] += even[x] - odd[x]
        for i in range(HALF):
            factor, to = in_space[u, i], pictures[u % 2, i]
            for parity in range(STRIDE):
                for x in range(half):
                    to[parity, x] += factor * across[parity, x]
    counted = _counted(weight, half)
    for i in range(max(0, -first), min(SIDE, rows - first)):
        mirrored = i >= HALF
        plus, minus = pictures[:, SIDE - 1 - i if mirrored else i]
        sign = -ONE if mirrored else ONE
        to, share = sums[first + i], weights[first + i]
        for x in range(half):
            to[2 * x] += plus[0, x] + sign * minus[0, x]
            to[2 * x + 1] += plus[1, x] + sign * minus[1, x]
            share[2 * x] += counted[0, x]
            share[2 * x + 1] += counted[1, x]


@_compiled
def _counted(weight: Array, half: int) -> Array:
    """(STRIDE, half): how much the patches of a row count in every other column, and in those between."""
    counted = np.zeros((STRIDE, half), Float)
    for j in range(SIDE):
        to = counted[j % 2, j // 2 :]
        for x in range(len(weight)):
            to[x] += weight[x]
    return counted
