"""Layers that cut, join and reorder blobs without changing a number."""

from collections.abc import Callable, Mapping
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .param import Layer
from .weights import Weights

NOTHING = -233
"""Stands for a number that is not given: the rest, all of it, or no such axis."""
ORDERS = ((2, 1, 0), (1, 2, 0), (2, 0, 1), (0, 2, 1), (1, 0, 2), (0, 1, 2))
"""Of Permute, by number: the axes (0 channels, 1 height, 2 width) from the innermost of the result on."""


def dim_of(axis: int) -> int:
    """A blob's axis as torch counts them, with the batch first."""
    return axis + 1 if axis >= 0 else axis


class Concat(nn.Module):
    """Blobs one after the other."""

    def __init__(self, axis: int) -> None:
        super().__init__()
        self.dim = dim_of(axis)

    def forward(self, *blobs: Tensor) -> Tensor:
        """(B, ...) of one shape but for this axis."""
        return torch.cat(blobs, self.dim)


class Slice(nn.Module):
    """A blob in parts."""

    def __init__(self, axis: int, sizes: tuple[int, ...], starts: tuple[int, ...], count: int) -> None:
        super().__init__()
        self.dim, self.sizes, self.starts, self.count = dim_of(axis), sizes, starts, count

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """As many parts as the layer writes: of `sizes`, from `starts` on, or alike."""
        length = int(x.shape[self.dim])
        if self.starts:
            starts = [0, *(start % length if start < 0 else start for start in self.starts), length]
            return torch.split(x, [end - start for start, end in pairwise(starts)], self.dim)
        sizes: list[int] = []
        for i in range(self.count):
            size = self.sizes[i] if self.sizes else NOTHING
            sizes.append((length - sum(sizes)) // (self.count - i) if size == NOTHING else size)
        return tuple(x.narrow(self.dim, sum(sizes[:i]), sizes[i]) for i in range(self.count))


class CropByBorder(nn.Module):
    """Some pixels off each end of channels, height and width, and no more than a size kept."""

    def __init__(self, before: tuple[int, ...], after: tuple[int, ...], sizes: tuple[int, ...]) -> None:
        super().__init__()
        self.before, self.after, self.sizes = before, after, sizes

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W), or fewer axes, the innermost of these."""
        for back in range(1, x.dim()):
            start, end, size = self.before[-back], self.after[-back], self.sizes[-back]
            index: list[slice] = [slice(None)] * x.dim()
            index[-back] = slice(start, -end if end else None)
            x = x[tuple(index)]
            if size != NOTHING:
                x = x.narrow(-back, 0, min(size, int(x.shape[-back])))
        return x


class CropByRange(nn.Module):
    """Along some axes only what lies from a start to an end, either counted from the end where it is negative."""

    def __init__(self, starts: tuple[int, ...], ends: tuple[int, ...], axes: tuple[int, ...]) -> None:
        super().__init__()
        self.starts, self.ends, self.axes = starts, ends, axes

    def forward(self, x: Tensor) -> Tensor:
        """(B, ...)."""
        for axis, start, end in zip(self.axes or range(x.dim() - 1), self.starts, self.ends, strict=False):
            index: list[slice] = [slice(None)] * x.dim()
            index[dim_of(axis)] = slice(None if start == NOTHING else start, None if end in (NOTHING, 0) else end)
            x = x[tuple(index)]
        return x


class CropLike(nn.Module):
    """From a corner on, the size of another blob."""

    def __init__(self, channel: int, top: int, left: int) -> None:
        super().__init__()
        self.corner = channel, top, left

    def forward(self, x: Tensor, like: Tensor) -> Tensor:
        """(B, C, H, W) and (B, C', H', W') -> (B, C', H', W')."""
        channel, top, left = self.corner
        channels, height, width = like.shape[1:]
        return x[:, channel : channel + channels, top : top + height, left : left + width]


class Reshape(nn.Module):
    """The same numbers in other axes: from the innermost, a size, 0 for the one that was there, -1 for the rest."""

    def __init__(self, sizes: tuple[int, ...]) -> None:
        super().__init__()
        self.sizes = sizes

    def forward(self, x: Tensor) -> Tensor:
        """(B, ...). Width, height and channels of what has fewer axes: the innermost, and the outermost."""
        own = x.shape[1:]
        there = own[-1], own[-2] if len(own) > 1 else 1, own[0] if len(own) > 2 else 1
        sizes = [size or there[i] for i, size in enumerate(self.sizes)]
        return x.reshape(x.shape[0], *reversed(sizes))


class Permute(nn.Module):
    """The axes in another order."""

    def __init__(self, order: int) -> None:
        super().__init__()
        self.order = ORDERS[order]

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W), or (B, H, W) of which only height and width can change places."""
        if x.dim() == 3:
            return x if self.order == ORDERS[0] else x.mT
        return x.permute(0, *(axis + 1 for axis in reversed(self.order)))


class Flatten(nn.Module):
    """All axes in one."""

    def forward(self, x: Tensor) -> Tensor:
        """(B, ...) -> (B, N)."""
        return x.flatten(1)


class Squeeze(nn.Module):
    """Without axes of length 1, or with more of them."""

    def __init__(self, axes: tuple[int, ...], *, more: bool) -> None:
        super().__init__()
        self.axes, self.more = axes, more

    def forward(self, x: Tensor) -> Tensor:
        """(B, ...)."""
        if self.more:
            for dim in map(dim_of, self.axes):
                x = x.unsqueeze(dim)
            return x
        dims = [dim_of(axis) % x.dim() for axis in self.axes] or [d for d in range(1, x.dim()) if x.shape[d] == 1]
        return x.squeeze(tuple(dims))


class Shuffle(nn.Module):
    """Channels dealt among groups."""

    def __init__(self, groups: int, *, back: bool) -> None:
        super().__init__()
        self.groups, self.back = groups, back

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W)."""
        parts = torch.unflatten(x, 1, (-1, self.groups) if self.back else (self.groups, -1))
        return parts.transpose(1, 2).flatten(1, 2)


class Pad(nn.Module):
    """More pixels on each side, of a value, or of what the picture has there."""

    def __init__(self, border: tuple[int, ...], kind: str, value: float) -> None:
        super().__init__()
        self.border, self.kind, self.value = border, kind, value

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W), or fewer axes, the innermost of these."""
        sides = self.border[: 2 * (x.dim() - 1)]
        if self.kind == "constant":
            return F.pad(x, sides, value=self.value)
        return F.pad(x, sides[:4] if x.dim() > 3 else sides, mode=self.kind)


def _slice(layer: Layer, weights: Weights) -> nn.Module:
    sizes, starts, axis = layer.wholes(0), layer.wholes(2), layer.whole(1, least=-3, most=2)
    count = len(layer.writes)
    if (sizes and len(sizes) != count) or (starts and len(starts) != count - 1) or (sizes and starts):
        raise layer.error(f"writes {count} blobs, which is not what its sizes say")
    if any(size != NOTHING and size <= 0 for size in sizes):
        raise layer.error("cuts off a part of no size")
    return Slice(axis, sizes, starts, count)


def _crop(layer: Layer, weights: Weights) -> nn.Module:
    starts, ends, axes = layer.wholes(9), layer.wholes(10), layer.wholes(11)
    left, top, channel = (layer.whole(option) for option in (0, 1, 2))
    most = 1 << 20
    sizes = tuple(layer.whole(option, least=NOTHING, most=most) for option in (5, 4, 3))
    after = tuple(layer.whole(option) for option in (8, 7, 6))
    if len(layer.reads) == 2:
        return CropLike(channel, top, left)
    if starts or ends:
        if len(starts) != len(ends) or (axes and len(axes) != len(starts)) or any(abs(a) > 3 for a in axes):
            raise layer.error("has starts, ends and axes that do not go together")
        return CropByRange(starts, ends, axes)
    if 0 in sizes and sizes != (0, 0, 0):
        sizes = tuple(size or NOTHING for size in sizes)
    return CropByBorder((channel, top, left), after, sizes if any(sizes) else (NOTHING,) * 3)


def _reshape(layer: Layer, weights: Weights) -> nn.Module:
    layer.only(3, 0)  # channels last on the way
    layer.only(11, NOTHING)  # a depth
    given = [layer.whole(option, NOTHING, least=-1, most=1 << 24) for option in (0, 1, 2)]
    sizes = tuple(size for size in given if size != NOTHING)
    if not sizes or given[: len(sizes)] != [*sizes] or sizes.count(-1) > 1:
        raise layer.error("does not say which axes it makes")
    return Reshape(sizes)


def _padding(layer: Layer, weights: Weights) -> nn.Module:
    top, bottom, left, right = (layer.whole(option) for option in (0, 1, 2, 3))
    kind = layer.choice(4, ("constant", "replicate", "reflect"))
    layer.only(6, 0)  # a value for each channel
    front, behind = layer.whole(7), layer.whole(8)
    if kind != "constant" and (front or behind):
        raise layer.error("continues channels by more of them, which is not supported")
    return Pad((left, right, top, bottom, front, behind), kind, layer.real(5))


def _squeeze(layer: Layer, weights: Weights) -> nn.Module:
    if any(layer.whole(option) for option in (0, 1, 2, 11)):
        raise layer.error("names its axes one by one, which is not supported")
    axes = layer.wholes(3)
    if any(abs(axis) > 3 for axis in axes):
        raise layer.error("names an axis that no blob has")
    return Squeeze(axes, more=layer.kind == "ExpandDims")


def _dropout(layer: Layer, weights: Weights) -> nn.Module:
    if (scale := layer.real(0, 1)) != 1:
        raise layer.error(f"multiplies by {scale:g}, which is not supported")
    return nn.Identity()


SHAPES: Mapping[str, Callable[[Layer, Weights], nn.Module]] = {
    "Concat": lambda layer, weights: Concat(layer.whole(0, least=-3, most=2)),
    "Crop": _crop,
    "Dropout": _dropout,
    "ExpandDims": _squeeze,
    "Flatten": lambda layer, weights: Flatten(),
    "Padding": _padding,
    "Permute": lambda layer, weights: Permute(layer.whole(0, most=len(ORDERS) - 1)),
    "Reshape": _reshape,
    "ShuffleChannel": lambda layer, weights: Shuffle(layer.whole(0, 1, least=1), back=layer.whole(1, most=1) == 1),
    "Slice": _slice,
    "Squeeze": _squeeze,
}
"""How each is built of its line and its weights."""
