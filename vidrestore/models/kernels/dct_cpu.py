"""without_noise() on a CPU, float32: numba loops along a row of patches, which stay in the cache.

The same sums as dct_reference.py in another order, which is the same for a tile as for the whole picture.
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
ZERO, ONE, LOW, RANGE = (Float(x) for x in (0, 1, LEAST, MOST - LEAST))
_compiled = compiled(error_model="numpy")


def without_noise(frames: Tensor, middle: int, sigmas: Sequence[float]) -> Tensor:
    """See dct.without_noise."""
    b, count, height, width = frames.shape
    out = np.empty((b, 1, height, width * len(sigmas)), Float)
    thresholds = np.array([LAMBDA * sigma for sigma in sigmas], Float)
    padded = as_array(F.pad(frames, (SIDE,) * 4, mode="replicate"))
    in_space, in_time = (as_array(basis(n, torch.empty(0))) for n in (SIDE, count))
    with ThreadPoolExecutor(torch.get_num_threads()) as pool:
        over_bands(pool, _band, [out, padded, in_space, in_time, np.ascontiguousarray(in_time[:, middle]), thresholds])
    pictures = torch.from_numpy(out).view(b, height, len(sigmas), width)
    return pictures.permute(0, 2, 1, 3).contiguous()


@_compiled
def _band(
    out: Array, frames: Array, in_space: Array, in_time: Array, back: Array, thresholds: Array,
    b: int, n: int, top: int, bottom: int,
) -> None:  # fmt: skip
    """Rows top..bottom of all pictures of batch b, which lie beside each other in a row of `out`."""
    width = frames.shape[3]
    count, patches = len(in_time), (width - SIDE) // STRIDE + 1
    sums = np.zeros((len(thresholds), bottom - top, width), Float)
    weights = np.zeros((len(thresholds), bottom - top, width), Float)
    coefficients = np.empty((count, SIDE, SIDE, patches), Float)
    for first in range(top + STRIDE, bottom + SIDE, STRIDE):
        _transform(coefficients, frames[b], first, in_space, in_time)
        for number in range(len(thresholds)):
            kept, weight = _kept(coefficients, back, thresholds[number])
            _add(sums[number], weights[number], kept, weight, in_space, first - SIDE - top)
    inner = width - 2 * SIDE
    for number in range(len(thresholds)):
        for row in range(bottom - top):
            for x in range(inner):
                out[b, 0, top + row, number * inner + x] = sums[number, row, SIDE + x] / weights[number, row, SIDE + x]


@_compiled
def _transform(out: Array, frames: Array, first: int, in_space: Array, in_time: Array) -> None:
    """Coefficients (F, SIDE, SIDE, patches), a frequency in time first, of the patches that begin in one row."""
    count, patches = out.shape[0], out.shape[3]
    half = frames.shape[2] // STRIDE
    down = np.empty((STRIDE, half), Float)
    still = np.empty((count, SIDE, SIDE, patches), Float)
    still[:] = ZERO
    for n in range(count):
        for u in range(SIDE):
            down[:] = ZERO
            for i in range(SIDE):
                factor, row = in_space[u, i], frames[n, first + i]
                for x in range(half):
                    down[0, x] += factor * row[2 * x]
                    down[1, x] += factor * row[2 * x + 1]
            for v in range(SIDE):
                to = still[n, u, v]
                for j in range(SIDE):
                    factor, beside = in_space[v, j], down[j % 2, j // 2 :]
                    for x in range(patches):
                        to[x] += factor * beside[x]
    out[:] = ZERO
    for k in range(count):
        for n in range(count):
            factor = in_time[k, n]
            for u in range(SIDE):
                for v in range(SIDE):
                    to, source = out[k, u, v], still[n, u, v]
                    for x in range(patches):
                        to[x] += factor * source[x]


@_compiled
def _kept(coefficients: Array, back: Array, threshold: Float) -> tuple[Array, Array]:
    """The middle frame's coefficients (SIDE, SIDE, patches), as much as stays of each, and what a patch counts."""
    count, _, _, patches = coefficients.shape
    kept = np.zeros((SIDE, SIDE, patches), Float)
    weight = np.zeros(patches, Float)
    for k in range(count):
        for u in range(SIDE):
            for v in range(SIDE):
                source, to = coefficients[k, u, v], kept[u, v]
                factor = back[k]
                if k + u + v == 0:  # the mean of all
                    for x in range(patches):
                        weight[x] += ONE
                        to[x] += factor * source[x]
                    continue
                for x in range(patches):
                    share = (abs(source[x]) / threshold - LOW) / RANGE
                    share = min(max(share, ZERO), ONE)
                    weight[x] += share
                    to[x] += factor * source[x] * share
    for x in range(patches):
        weight[x] = ONE / weight[x]
    return kept, weight


@_compiled
def _add(sums: Array, weights: Array, kept: Array, weight: Array, in_space: Array, first: int) -> None:
    """What the patches show, to the rows from `first` on, as far as they are in the band."""
    rows, width = sums.shape
    patches = len(weight)
    across = np.empty((STRIDE, width // STRIDE), Float)
    counted = np.zeros((STRIDE, width // STRIDE), Float)
    for j in range(SIDE):
        to = counted[j % 2, j // 2 :]
        for x in range(patches):
            to[x] += weight[x]
    for u in range(SIDE):
        across[:] = ZERO
        for v in range(SIDE):
            source = kept[u, v]
            for j in range(SIDE):
                factor, to = in_space[v, j], across[j % 2, j // 2 :]
                for x in range(patches):
                    to[x] += factor * (source[x] * weight[x])
        for i in range(max(0, -first), min(SIDE, rows - first)):
            factor, to = in_space[u, i], sums[first + i]
            for x in range(width // STRIDE):
                to[2 * x] += factor * across[0, x]
                to[2 * x + 1] += factor * across[1, x]
    for i in range(max(0, -first), min(SIDE, rows - first)):
        to = weights[first + i]
        for x in range(width // STRIDE):
            to[2 * x] += counted[0, x]
            to[2 * x + 1] += counted[1, x]
