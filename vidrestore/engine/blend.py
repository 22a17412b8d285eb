"""Tiles that go over into each other, for networks in which each pixel depends on the whole picture."""

from collections.abc import Sequence

import torch
from torch import Tensor


def shares(reads: Sequence[slice], *, size: int, margin: int, scale: int) -> list[Tensor]:
    """How much each tile along one axis counts at each output pixel of its own; at each place they add up to 1.

    Next to where it ends, a tile counts nothing: what it has there is not what the whole picture has. Then its share
    grows evenly over `margin` input pixels.

    Args:
        reads: what the tiles read of the `size` input pixels; two neighbours share 2 * `margin` of them or more.
    """
    ramps, total = [], torch.zeros(size * scale)
    for read in reads:
        at = (torch.arange(read.start * scale, read.stop * scale) + 0.5) / scale
        inside = torch.full_like(at, 2 * margin)
        if read.start:
            inside = inside.minimum(at - read.start)
        if read.stop < size:
            inside = inside.minimum(read.stop - at)
        ramps.append(((inside - margin / 2) / margin).clamp(0, 1))
        total[read.start * scale : read.stop * scale] += ramps[-1]
    return [ramp / total[read.start * scale : read.stop * scale] for ramp, read in zip(ramps, reads, strict=True)]
