"""Pictures in tiles with a halo, so that any size fits into memory."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor

from ..errors import UsageError
from ..models.processor import Needs
from .blend import shares


@dataclass(frozen=True, slots=True)
class Span:
    """One tile along one axis, in pixels."""

    read: slice
    """What the tile reads of the input."""
    keep: slice
    """What of the tile's output is right, counted from the tile's own start."""
    into: slice
    """Where that lies in the whole output."""


def spans(size: int, *, tile: int, halo: int = 0, multiple: int = 1, scale: int = 1) -> list[Span]:
    """Cover one axis of `size` input pixels with overlapping tiles of one length, at most `tile`.

    The tiles start on multiples of `multiple`, so that a network that pools sees the grid it sees in the whole
    picture; the first and the last end at the picture's own border; each seam lies `halo` pixels or more inside both
    tiles. The length is the smallest that needs no more tiles than `tile` would.

    Args:
        size: a multiple of `multiple`.
        tile: input pixels, halo on both sides included; 0 or at least `size`: one tile, the whole.
        scale: output pixels per input pixel; `keep` and `into` count output pixels, `read` input pixels.

    Raises:
        UsageError: the tile leaves nothing inside the halo.
    """
    if tile == 0 or tile >= size:
        whole = slice(0, size * scale)
        return [Span(slice(0, size), whole, whole)]
    step = multiple
    margin = -(-halo // step) * step
    stride = tile // step * step - 2 * margin
    if stride <= 0:
        good = good_tile(halo, multiple)
        raise UsageError(f"{tile = } leaves nothing inside {halo = }: give {good} or more, or 0 for the whole picture")
    count = -(-(size - 2 * margin) // stride)
    stride = -(-(size - 2 * margin) // (count * step)) * step
    length = stride + 2 * margin
    starts = [min(i * stride, size - length) for i in range(count)]
    # A seam half way between two borders: the best place when the halo is only nearly enough.
    seams = [0, *((b + a + length) // 2 for a, b in pairwise(starts)), size]
    return [
        Span(
            slice(start, start + length),
            slice((left - start) * scale, (right - start) * scale),
            slice(left * scale, right * scale),
        )
        for start, (left, right) in zip(starts, pairwise(seams), strict=True)
    ]


def good_tile(halo: int, multiple: int) -> int:
    """The side of the smallest tile to advise, in pixels: more than half of it is of use. Smaller ones work, slowly."""
    return 4 * (-(-halo // multiple) * multiple) + -(-16 // multiple) * multiple


def in_tiles(fn: Callable[[Tensor], Tensor], x: Tensor, *, tile: int, needs: Needs) -> Tensor:
    """Apply `fn` tile by tile, in the memory of one tile: the same result as `fn(x)` where the halo is all `fn` sees.

    Args:
        fn: (B, T, C, h, w) -> (B, K, C', scale*h, scale*w), for any h and w that are multiples of `needs.multiple`.
        x: (B, T, C, H, W), any H and W: replicated at the right and the bottom up to `needs.multiple`, and cropped.
        tile: input pixels a side, halo included; 0 for the whole picture.

    Raises:
        UsageError: the tile leaves nothing inside the halo.
    """
    height, width = x.shape[-2:]
    right, bottom = -width % needs.multiple, -height % needs.multiple
    padded = x
    if right or bottom:
        flat = F.pad(x.flatten(0, 1), (0, right, 0, bottom), mode="replicate")
        padded = torch.unflatten(flat, 0, x.shape[:2])
    if tile == 0 or tile >= max(padded.shape[-2:]):
        return fn(padded)[..., : height * needs.scale, : width * needs.scale]
    rows, columns = (
        spans(n, tile=tile, halo=needs.halo, multiple=needs.multiple, scale=needs.scale) for n in padded.shape[-2:]
    )
    out = _blended(fn, padded, rows, columns, needs) if needs.blends else _joined(fn, padded, rows, columns)
    return out[..., : height * needs.scale, : width * needs.scale]


def _joined(fn: Callable[[Tensor], Tensor], x: Tensor, rows: list[Span], columns: list[Span]) -> Tensor:
    """Of each tile what is right, side by side."""
    out = torch.empty(0)
    for row in rows:
        for column in columns:
            part = fn(x[..., row.read, column.read])
            if not out.numel():
                out = part.new_empty((*part.shape[:-2], rows[-1].into.stop, columns[-1].into.stop))
            out[..., row.into, column.into] = part[..., row.keep, column.keep]
    return out


def _blended(fn: Callable[[Tensor], Tensor], x: Tensor, rows: list[Span], columns: list[Span], needs: Needs) -> Tensor:
    """The tiles' sum, each by its share at each place."""
    scale = needs.scale
    height, width = x.shape[-2:]
    down, across = (
        shares([span.read for span in axis], size=size, margin=max(1, needs.halo), scale=scale)
        for axis, size in ((rows, height), (columns, width))
    )
    out = torch.empty(0)
    for row, top in zip(rows, down, strict=True):
        for column, left in zip(columns, across, strict=True):
            part = fn(x[..., row.read, column.read])
            if not out.numel():
                out = part.new_zeros((*part.shape[:-2], scale * height, scale * width))
            place = (..., _scaled(row.read, scale), _scaled(column.read, scale))
            out[place] += part * (top[:, None] * left).to(part)
    return out


def _scaled(part: slice, scale: int) -> slice:
    return slice(part.start * scale, part.stop * scale)
