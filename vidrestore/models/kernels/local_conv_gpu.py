"""Local separable convolution on a GPU, float32 RGB: Triton. Without Triton installed, AVAILABLE is false.

A program makes BLOCK neighbouring pixels of a row, one a thread. The taps of the kernels are read along the row, so
that neighbours share each transaction; the picture's pixels, read some thousand times each, come from the cache.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from .local_conv_rule import Rule, padded

try:
    import triton
    import triton.language as tl
except ImportError:
    triton = None

AVAILABLE = triton is not None
BLOCK = 128
CHANNELS = 3

Kernel = Any
"""What Triton makes of a function: called as kernel[grid](...)."""


def takes(image: Tensor) -> bool:
    """Whether the picture has the channels that the kernels are written for."""
    return AVAILABLE and image.shape[1] == CHANNELS


def forward(image: Tensor, vertical: Tensor, horizontal: Tensor, rule: Rule) -> Tensor:
    """See local_conv.Backend."""
    reach = vertical.shape[1] // 2
    if rule == "outer":
        out = torch.empty_like(image, memory_format=torch.contiguous_format)
        _launch(_outer, padded(image, reach, rule), vertical, horizontal, out, like=vertical)
        return out
    return _weigh(F.pad(_weigh(padded(image, reach, rule), vertical, 1), (reach, reach)), horizontal, 0)


def gradients(image: Tensor, vertical: Tensor, horizontal: Tensor, rule: Rule, grad: Tensor) -> tuple[Tensor, Tensor]:
    """See local_conv.Backend."""
    reach = vertical.shape[1] // 2
    picture = padded(image, reach, rule)
    if rule == "outer":
        found = [torch.empty_like(kernel, memory_format=torch.contiguous_format) for kernel in (vertical, horizontal)]
        for other, result, along in ((horizontal, found[0], 1), (vertical, found[1], 0)):
            _launch(_outer_back, picture, other, grad, result, like=vertical, along=along)
        return found[0], found[1]
    v = F.pad(_weigh(picture, vertical, 1), (reach, reach))
    v_grad = torch.empty_like(grad, memory_format=torch.contiguous_format)
    _launch(_spread, horizontal, grad, v_grad, like=vertical)
    return _weigh_back(picture, v_grad, vertical, 1), _weigh_back(v, grad, horizontal, 0)


def _weigh(picture: Tensor, kernel: Tensor, along: int) -> Tensor:
    """One pass of `twopass`, down the columns of a picture padded that way (`along` 1) or along its rows (0)."""
    b, _, h, w = kernel.shape
    out = picture.new_empty(b, CHANNELS, h, w)
    _launch(_pass, picture, kernel, out, like=kernel, along=along)
    return out


def _weigh_back(picture: Tensor, grad: Tensor, kernel: Tensor, along: int) -> Tensor:
    """The gradient of `_weigh` for the kernel, from that of its output."""
    out = torch.empty_like(kernel, memory_format=torch.contiguous_format)
    _launch(_pass_back, picture, grad, out, like=kernel, along=along)
    return out


def _launch(kernel: Kernel, *tensors: Tensor, like: Tensor, **constants: int) -> None:
    """A program for each block of pixels of kernels (B, K, H, W)."""
    batch, taps, height, width = like.shape
    grid = (-(-width // BLOCK), height, batch)
    arrays = [x.detach().contiguous() for x in tensors]
    with torch.cuda.device(like.device if like.is_cuda else -1):  # Triton launches on the current one, whatever it is
        kernel[grid](*arrays, height, width, taps=taps, block=BLOCK, **constants)


def _jit(function: Callable[..., None]) -> Kernel:
    return function if triton is None else triton.jit(function)


# In every kernel: picture (B, 3, ...) padded, weights and their gradients (B, taps, H, W), the rest (B, 3, H, W); each
# tensor comes as a pointer to its first number. `size` is a plane of H * W pixels. The batch's offset is 64 bits wide;
# all others fit into 32.


@_jit
def _outer(
    picture: tl.tensor, vertical: tl.tensor, horizontal: tl.tensor, out: tl.tensor,
    height: int, width: int, taps: tl.constexpr, block: tl.constexpr,
) -> None:  # fmt: skip
    x, y, b = tl.program_id(0) * block + tl.arange(0, block), tl.program_id(1), tl.program_id(2).to(tl.int64)
    inside = x < width
    size, stride = height * width, width + taps - 1
    plane = stride * (height + taps - 1)
    picture += b * 3 * plane + y * stride + x
    vertical += b * taps * size + y * width + x
    horizontal += b * taps * size + y * width + x
    out += b * 3 * size + y * width + x
    zero = tl.zeros((block,), tl.float32)
    red, green, blue = zero, zero, zero
    for i in range(taps):
        row_red, row_green, row_blue = zero, zero, zero
        for j in range(taps):
            weight = tl.load(horizontal + j * size, inside, 0)
            at = picture + i * stride + j
            row_red += weight * tl.load(at, inside, 0)
            row_green += weight * tl.load(at + plane, inside, 0)
            row_blue += weight * tl.load(at + 2 * plane, inside, 0)
        weight = tl.load(vertical + i * size, inside, 0)
        red += weight * row_red
        green += weight * row_green
        blue += weight * row_blue
    tl.store(out, red, inside)
    tl.store(out + size, green, inside)
    tl.store(out + 2 * size, blue, inside)


@_jit
def _outer_back(
    picture: tl.tensor, weights: tl.tensor, grad: tl.tensor, out: tl.tensor,
    height: int, width: int, taps: tl.constexpr, block: tl.constexpr, along: tl.constexpr,
) -> None:  # fmt: skip
    """out[a] = sum_b weights[b] * sum_c grad[c] * picture[c] at tap (a, b): a counts rows if `along` is 1, else b."""
    x, y, b = tl.program_id(0) * block + tl.arange(0, block), tl.program_id(1), tl.program_id(2).to(tl.int64)
    inside = x < width
    size, stride = height * width, width + taps - 1
    plane = stride * (height + taps - 1)
    step, other = (stride, 1) if along == 1 else (1, stride)
    picture += b * 3 * plane + y * stride + x
    weights += b * taps * size + y * width + x
    out += b * taps * size + y * width + x
    grad += b * 3 * size + y * width + x
    red = tl.load(grad, inside, 0)
    green = tl.load(grad + size, inside, 0)
    blue = tl.load(grad + 2 * size, inside, 0)
    for i in range(taps):
        total = tl.zeros((block,), tl.float32)
        for j in range(taps):
            at = picture + i * step + j * other
            value = red * tl.load(at, inside, 0)
            value += green * tl.load(at + plane, inside, 0)
            value += blue * tl.load(at + 2 * plane, inside, 0)
            total += tl.load(weights + j * size, inside, 0) * value
        tl.store(out + i * size, total, inside)


@_jit
def _pass(
    picture: tl.tensor, weights: tl.tensor, out: tl.tensor,
    height: int, width: int, taps: tl.constexpr, block: tl.constexpr, along: tl.constexpr,
) -> None:  # fmt: skip
    x, y, b = tl.program_id(0) * block + tl.arange(0, block), tl.program_id(1), tl.program_id(2).to(tl.int64)
    inside = x < width
    size = height * width
    stride = width if along == 1 else width + taps - 1
    plane = stride * (height + taps - 1 if along == 1 else height)
    step = stride if along == 1 else 1
    picture += b * 3 * plane + y * stride + x
    weights += b * taps * size + y * width + x
    out += b * 3 * size + y * width + x
    zero = tl.zeros((block,), tl.float32)
    red, green, blue = zero, zero, zero
    for i in range(taps):
        weight = tl.load(weights + i * size, inside, 0)
        red += weight * tl.load(picture + i * step, inside, 0)
        green += weight * tl.load(picture + i * step + plane, inside, 0)
        blue += weight * tl.load(picture + i * step + 2 * plane, inside, 0)
    tl.store(out, red, inside)
    tl.store(out + size, green, inside)
    tl.store(out + 2 * size, blue, inside)


@_jit
def _pass_back(
    picture: tl.tensor, grad: tl.tensor, out: tl.tensor,
    height: int, width: int, taps: tl.constexpr, block: tl.constexpr, along: tl.constexpr,
) -> None:  # fmt: skip
    """out[i] = sum_c grad[c] * picture[c] at tap i."""
    x, y, b = tl.program_id(0) * block + tl.arange(0, block), tl.program_id(1), tl.program_id(2).to(tl.int64)
    inside = x < width
    size = height * width
    stride = width if along == 1 else width + taps - 1
    plane = stride * (height + taps - 1 if along == 1 else height)
    step = stride if along == 1 else 1
    picture += b * 3 * plane + y * stride + x
    out += b * taps * size + y * width + x
    grad += b * 3 * size + y * width + x
    red = tl.load(grad, inside, 0)
    green = tl.load(grad + size, inside, 0)
    blue = tl.load(grad + 2 * size, inside, 0)
    for i in range(taps):
        value = red * tl.load(picture + i * step, inside, 0)
        value += green * tl.load(picture + i * step + plane, inside, 0)
        value += blue * tl.load(picture + i * step + 2 * plane, inside, 0)
        tl.store(out + i * size, value, inside)


@_jit
def _spread(
    weights: tl.tensor, grad: tl.tensor, out: tl.tensor,
    height: int, width: int, taps: tl.constexpr, block: tl.constexpr,
) -> None:  # fmt: skip
    """The gradient of the second pass for V: each pixel gives its gradient to those it was made of, weighted."""
    x, y, b = tl.program_id(0) * block + tl.arange(0, block), tl.program_id(1), tl.program_id(2).to(tl.int64)
    size = height * width
    weights += b * taps * size + y * width
    grad += b * 3 * size + y * width
    out += b * 3 * size + y * width + x
    zero = tl.zeros((block,), tl.float32)
    red, green, blue = zero, zero, zero
    for j in range(taps):
        at = x - j + taps // 2
        there = (at >= 0) & (at < width)
        weight = tl.load(weights + j * size + at, there, 0)
        red += weight * tl.load(grad + at, there, 0)
        green += weight * tl.load(grad + at + size, there, 0)
        blue += weight * tl.load(grad + at + 2 * size, there, 0)
    tl.store(out, red, x < width)
    tl.store(out + size, green, x < width)
    tl.store(out + 2 * size, blue, x < width)
