"""Local separable convolution on a CPU, float32 RGB: numba, the innermost loops of `outer` in vector registers.

Left to itself, LLVM keeps the sums of `outer` in memory. So its two innermost loops are emitted as vector code: every
vector loaded, of kernels or of the picture, serves several rows, taps and channels, whose sums stay in registers.

The threads are ours, one pool a call. Numba's own parallel loops must not be entered from two threads at once, and
engines call from whichever thread they run in; and they set OpenMP's number of threads, torch's too.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import product
from typing import Any

import numpy as np
import torch
from llvmlite import binding, ir
from numba.core import cgutils, types
from numba.extending import intrinsic
from torch import Tensor

from . import loops
from .local_conv_rule import Rule, padded
from .loops import Array, as_array

AVX512 = bool(binding.get_host_cpu_features().get("avx512f"))
LANES = 16 if AVX512 else 8
"""Neighbouring pixels in a vector."""
ROWS = 3
"""Output rows at once in `_correlate`."""
STEP = 2 if AVX512 else 1
"""Vertical taps at once in `_correlate`: ROWS * STEP * CHANNELS sums fill most of the registers."""
STEP_BACK = 4
"""Vertical taps at once in `_correlate_back`: their weights and sums fill the registers of AVX2."""
CHANNELS = 3
BLOCK = 64
"""Pixels of a row whose kernels are copied side by side at once, a multiple of LANES.

A kernel's taps lie a whole plane apart in memory: read in place, they drive each other out of the cache.
"""
BAND = 12
"""Rows a thread takes at once, a multiple of ROWS."""


def takes(image: Tensor) -> bool:
    """Whether the picture has the channels, and fills the vectors and rows, that the kernels are written for."""
    return image.shape[1] == CHANNELS and image.shape[2] >= ROWS and image.shape[3] >= LANES


def forward(image: Tensor, vertical: Tensor, horizontal: Tensor, rule: Rule) -> Tensor:
    """See local_conv.Backend."""
    below = STEP - 1 if rule == "outer" else 0
    out = torch.empty_like(image, memory_format=torch.contiguous_format)
    arrays = [
        as_array(x) for x in (padded(image, vertical.shape[1] // 2, rule, below=below), vertical, horizontal, out)
    ]
    over_rows(_outer if rule == "outer" else _twopass, arrays)
    return out


def gradients(image: Tensor, vertical: Tensor, horizontal: Tensor, rule: Rule, grad: Tensor) -> tuple[Tensor, Tensor]:
    """See local_conv.Backend."""
    below = STEP_BACK - 1 if rule == "outer" else 0
    found = [torch.empty_like(kernel, memory_format=torch.contiguous_format) for kernel in (vertical, horizontal)]
    picture = padded(image, vertical.shape[1] // 2, rule, below=below)
    arrays = [as_array(x) for x in (picture, vertical, horizontal, grad, *found)]
    over_rows(_outer_back if rule == "outer" else _twopass_back, arrays)
    return found[0], found[1]


def over_rows(kernel: Callable[..., None], arrays: list[Array]) -> None:
    """`kernel(*arrays of one picture, first row, end row)` on all rows of all pictures; arrays[1] is (B, K, H, W)."""
    batch, _, height, _ = arrays[1].shape
    bands = [(b, top, min(top + BAND, height)) for b in range(batch) for top in range(0, height, BAND)]

    def work(band: tuple[int, int, int]) -> None:
        kernel(*(array[band[0]] for array in arrays), band[1], band[2])

    with ThreadPoolExecutor(torch.get_num_threads()) as pool:
        for _ in pool.map(work, bands):  # raises what a thread raised
            pass


# Products are fused into sums, nothing else is rearranged: a pixel's value does not depend on where in a vector, a band
# or a tile it lies.
compiled = loops.compiled(fastmath={"contract"})


# Vector code. numba and llvmlite are untyped: Value is a number or a pointer of the code being emitted.

Value = Any
VECTOR = ir.VectorType(ir.FloatType(), LANES)
INDEX = ir.IntType(64)


class _Code:
    """Emits code on vectors of LANES floats, which lie anywhere in flat arrays."""

    def __init__(self, context: Value, builder: Value, signature: Value, args: Value) -> None:
        self.builder = builder
        self.args = [
            context.make_array(kind)(context, builder, arg).data if isinstance(kind, types.Array) else arg
            for kind, arg in zip(signature.args, args, strict=True)
        ]
        self.none = context.get_dummy_value()

    def sum(self, start: Value | int, *products: tuple[Value | int, Value | int]) -> Value:
        """start + a * b + ..., of integers."""
        whole = [[ir.Constant(INDEX, x) if isinstance(x, int) else x for x in pair] for pair in products]
        total = ir.Constant(INDEX, start) if isinstance(start, int) else start
        for a, b in whole:
            total = self.builder.add(total, self.builder.mul(a, b))
        return total

    def load(self, array: Value, index: Value | int) -> Value:
        return self.builder.load(self._pointer(array, index), align=4)

    def store(self, value: Value, array: Value, index: Value | int) -> None:
        self.builder.store(value, self._pointer(array, index), align=4)

    def _pointer(self, array: Value, index: Value | int) -> Value:
        place = self.builder.gep(array, [self.sum(index)])
        return self.builder.bitcast(place, VECTOR.as_pointer())

    def mad(self, a: Value, b: Value, c: Value) -> Value:
        """a * b + c."""
        return self.builder.fadd(self.builder.fmul(a, b, flags=["contract"]), c, flags=["contract"])

    def zero(self) -> Value:
        """A variable: LLVM keeps it in a register."""
        return cgutils.alloca_once_value(self.builder, ir.Constant(VECTOR, [0.0] * LANES))

    def get(self, variable: Value) -> Value:
        return self.builder.load(variable)

    def add_product(self, variable: Value, a: Value, b: Value) -> None:
        self.builder.store(self.mad(a, b, self.builder.load(variable)), variable)

    @contextmanager
    def loop(self, count: Value) -> Iterator[Value]:
        """The code emitted inside runs `count` times; gives the index."""
        with cgutils.for_range(self.builder, count) as loop:
            yield loop.index


@intrinsic  # type: ignore[untyped-decorator]
def _copy(typing: Value, target: Value, at: Value, source: Value, start: Value) -> Value:
    """target[at : at + LANES] = source[start : start + LANES]"""

    def emit(context: Value, builder: Value, signature: Value, args: Value) -> Value:
        code = _Code(context, builder, signature, args)
        target, at, source, start = code.args
        code.store(code.load(source, start), target, at)
        return code.none

    return types.void(target, types.intp, source, types.intp), emit


@intrinsic  # type: ignore[untyped-decorator]
def _correlate(
    typing: Value, image: Value, plane: Value, stride: Value, at: Value,
    across: Value, taps: Value, down: Value, first: Value, out: Value,
) -> Value:  # fmt: skip
    """out[c, r] += sum_q down[first + q, r] * sum_j across[j, r] * image[at + c * plane + q * stride + j]

    for every c < CHANNELS, r < ROWS, q < STEP, j < taps; across, down and out hold vectors, one after the other.
    """

    def emit(context: Value, builder: Value, signature: Value, args: Value) -> Value:
        code = _Code(context, builder, signature, args)
        image, plane, stride, at, across, taps, down, first, out = code.args
        starts = {(q, c): code.sum(at, (plane, c), (stride, q)) for q, c in product(range(STEP), range(CHANNELS))}
        sums = {(q, c, r): code.zero() for (q, c), r in product(starts, range(ROWS))}
        with code.loop(taps) as j:
            kernel = [code.load(across, code.sum(r * LANES, (j, ROWS * LANES))) for r in range(ROWS)]
            for (q, c), start in starts.items():
                pixels = code.load(image, code.sum(start, (j, 1)))
                for r, tap in enumerate(kernel):
                    code.add_product(sums[q, c, r], pixels, tap)
        for c, r in product(range(CHANNELS), range(ROWS)):
            total = code.load(out, (c * ROWS + r) * LANES)
            for q in range(STEP):
                tap = code.load(down, code.sum((q * ROWS + r) * LANES, (first, ROWS * LANES)))
                total = code.mad(code.get(sums[q, c, r]), tap, total)
            code.store(total, out, (c * ROWS + r) * LANES)
        return code.none

    integer = types.intp
    return types.void(image, integer, integer, integer, across, integer, down, integer, out), emit


@intrinsic  # type: ignore[untyped-decorator]
def _correlate_back(
    typing: Value, image: Value, plane: Value, stride: Value, at: Value, grad: Value,
    across: Value, taps: Value, down: Value, first: Value, across_grad: Value, down_grad: Value,
) -> Value:  # fmt: skip
    """With t(q, j) = sum_c grad[c] * image[at + c * plane + q * stride + j], for every q < STEP_BACK and j < taps:

    down_grad[first + q] = sum_j across[j] * t(q, j), across_grad[j] += sum_q down[first + q] * t(q, j).
    """

    def emit(context: Value, builder: Value, signature: Value, args: Value) -> Value:
        code = _Code(context, builder, signature, args)
        image, plane, stride, at, grad, across, taps, down, first, across_grad, down_grad = code.args
        rows = [[code.sum(at, (plane, c), (stride, q)) for c in range(CHANNELS)] for q in range(STEP_BACK)]
        grads = [code.load(grad, c * LANES) for c in range(CHANNELS)]
        places = [code.sum(q * LANES, (first, LANES)) for q in range(STEP_BACK)]
        weights = [code.load(down, place) for place in places]
        sums = [code.zero() for _ in range(STEP_BACK)]
        with code.loop(taps) as j:
            here = code.sum(0, (j, LANES))
            kernel, total = code.load(across, here), code.load(across_grad, here)
            for starts, weight, summed in zip(rows, weights, sums, strict=True):
                t = ir.Constant(VECTOR, [0.0] * LANES)
                for g, start in zip(grads, starts, strict=True):
                    t = code.mad(g, code.load(image, code.sum(start, (j, 1))), t)
                code.add_product(summed, kernel, t)
                total = code.mad(weight, t, total)
            code.store(total, across_grad, here)
        for place, summed in zip(places, sums, strict=True):
            code.store(code.get(summed), down_grad, place)
        return code.none

    integer = types.intp
    arrays = (across, integer, down, integer, across_grad, down_grad)
    return types.void(image, integer, integer, integer, grad, *arrays), emit


# Kernels over the rows top..bottom of one picture: image padded (C, H + K - 1 + ..., W + K - 1), kernels (K, H, W).
# The last vector of a row and the last ROWS rows of a picture lie against its end and compute some pixels twice.


@compiled
def _outer(image: Array, vertical: Array, horizontal: Array, out: Array, top: int, bottom: int) -> None:
    taps, height, width = vertical.shape
    plane, stride = image.shape[1] * image.shape[2], image.shape[2]
    steps = (taps + ROWS + STEP - 2) // STEP * STEP
    # Tap i of output row r applies to picture row i + r, one place for all rows; zeros where a row has no tap.
    near = np.zeros((BLOCK // LANES, steps * ROWS * LANES), np.float32)
    wide = np.empty((BLOCK // LANES, taps * ROWS * LANES), np.float32)
    sums = np.empty(CHANNELS * ROWS * LANES, np.float32)
    for row in range(top, bottom, ROWS):
        y = min(row, height - ROWS)
        for block in range(0, width, BLOCK):
            vectors = -(-min(BLOCK, width - block) // LANES)
            for r in range(ROWS):
                for i in range(taps):
                    for n in range(vectors):
                        source = (i * height + y + r) * width + min(block + n * LANES, width - LANES)
                        _copy(near[n], ((i + r) * ROWS + r) * LANES, vertical, source)
                        _copy(wide[n], (i * ROWS + r) * LANES, horizontal, source)
            for n in range(vectors):
                x = min(block + n * LANES, width - LANES)
                sums[:] = 0
                for first in range(0, steps, STEP):
                    _correlate(image, plane, stride, (y + first) * stride + x, wide[n], taps, near[n], first, sums)
                for c in range(CHANNELS):
                    for r in range(ROWS):
                        _copy(out, (c * height + y + r) * width + x, sums, (c * ROWS + r) * LANES)


@compiled
def _outer_back(
    image: Array, vertical: Array, horizontal: Array, grad: Array,
    vertical_grad: Array, horizontal_grad: Array, top: int, bottom: int,
) -> None:  # fmt: skip
    taps, height, width = vertical.shape
    plane, stride = image.shape[1] * image.shape[2], image.shape[2]
    steps = -(-taps // STEP_BACK) * STEP_BACK
    near = np.zeros((BLOCK // LANES, steps * LANES), np.float32)
    wide = np.empty((BLOCK // LANES, taps * LANES), np.float32)
    near_grad, wide_grad = np.empty_like(near), np.empty_like(wide)
    grads = np.empty(CHANNELS * LANES, np.float32)
    for y in range(top, bottom):
        for block in range(0, width, BLOCK):
            vectors = -(-min(BLOCK, width - block) // LANES)
            for i in range(taps):
                for n in range(vectors):
                    source = (i * height + y) * width + min(block + n * LANES, width - LANES)
                    _copy(near[n], i * LANES, vertical, source)
                    _copy(wide[n], i * LANES, horizontal, source)
            wide_grad[:] = 0
            for n in range(vectors):
                x = min(block + n * LANES, width - LANES)
                for c in range(CHANNELS):
                    _copy(grads, c * LANES, grad, (c * height + y) * width + x)
                for i in range(0, steps, STEP_BACK):
                    at = (y + i) * stride + x
                    _correlate_back(
                        image, plane, stride, at, grads, wide[n], taps, near[n], i, wide_grad[n], near_grad[n]
                    )
            for i in range(taps):
                for n in range(vectors):
                    target = (i * height + y) * width + min(block + n * LANES, width - LANES)
                    _copy(vertical_grad, target, near_grad[n], i * LANES)
                    _copy(horizontal_grad, target, wide_grad[n], i * LANES)


@compiled
def _vertical_pass(image: Array, vertical: Array, y: int, v: Array) -> None:
    """Row y of V into v (C, W + K - 1), with the zeros around it."""
    taps, _, width = vertical.shape
    v[:] = 0
    for i in range(taps):
        for c in range(CHANNELS):
            for x in range(width):
                v[c, x + taps // 2] += vertical[i, y, x] * image[c, y + i, x]


@compiled
def _twopass(image: Array, vertical: Array, horizontal: Array, out: Array, top: int, bottom: int) -> None:
    taps, _, width = vertical.shape
    v = np.empty((CHANNELS, width + taps - 1), np.float32)
    for y in range(top, bottom):
        _vertical_pass(image, vertical, y, v)
        out[:, y] = 0
        for j in range(taps):
            for c in range(CHANNELS):
                for x in range(width):
                    out[c, y, x] += horizontal[j, y, x] * v[c, x + j]


@compiled
def _twopass_back(
    image: Array, vertical: Array, horizontal: Array, grad: Array,
    vertical_grad: Array, horizontal_grad: Array, top: int, bottom: int,
) -> None:  # fmt: skip
    taps, _, width = vertical.shape
    v = np.empty((CHANNELS, width + taps - 1), np.float32)
    v_grad = np.empty_like(v)
    for y in range(top, bottom):
        _vertical_pass(image, vertical, y, v)
        v_grad[:] = 0
        horizontal_grad[:, y] = 0
        vertical_grad[:, y] = 0
        for j in range(taps):
            for c in range(CHANNELS):
                for x in range(width):
                    horizontal_grad[j, y, x] += grad[c, y, x] * v[c, x + j]
                for x in range(width):
                    v_grad[c, x + j] += grad[c, y, x] * horizontal[j, y, x]
        for i in range(taps):
            for c in range(CHANNELS):
                for x in range(width):
                    vertical_grad[i, y, x] += v_grad[c, x + taps // 2] * image[c, y + i, x]
