"""path(): the path of a shaken camera, from one picture.

Coarse to fine: where a picture is small, so is its blur, and hard edges show it. At each size the edges of the sharp
picture and the kernel between them and what was seen are found in turn, each from the other. How much an edge must be
worth decides where this ends. So it is done for several such weights: where two ends agree, the path is believed.

Sources: Cho and Lee 2009; Xu, Zheng and Jia 2013; Pan et al. 2014. That agreement is asked for is our own.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .edges import Floats, closed, differences, edges
from .kernel import agreement, centred, cleaned, fitted, point, resized

SIDE = 27
"""Of the kernel, in pixels: longer paths are not found."""
SMALLEST = 64
"""Pixels a side of the smallest picture that shows one."""
LOOKED_AT = 320
"""Side of the part of a large picture that is looked at."""
FINER = 2**0.5
ROUNDS = 5
"""At each size."""
WEIGHTS = (4e-3, 8e-3, 16e-3)
"""Of an edge, at the smallest size."""
FALLS, LEAST = 1.1, 1e-4
"""The factor by which the weight falls with each round, and where it ends."""
DAMPING = 0.5
"""Of the kernel."""
SURE = 0.95
"""Agreement of two paths from which on they are believed."""
SAME = 0.8
"""Agreement with the path in another part of a large picture from which on the blur is taken for the same all over."""
STILL = 0.3
"""Share of a kernel in one pixel from which on a picture counts as sharp: it is what a lens and a sensor do, or the
sharper part of a picture whose blur is not the same all over."""


@dataclass(frozen=True, slots=True)
class Path:
    """What a point of the scene became."""

    psf: Tensor
    """(SIDE, SIDE) float64, sum 1, its centre of gravity in the middle."""
    confidence: float
    """0 to 1; see SURE and SAME."""

    @property
    def trusted(self) -> bool:
        """Whether it is believed to be a blur."""
        return self.confidence >= SURE and float(self.psf.max()) < STILL


def path(picture: Tensor) -> Path:
    """The blur of a picture, where it is the same everywhere.

    Args:
        picture: (C, H, W) float, black at 0 and white at 1, at least SMALLEST pixels a side.

    Raises:
        ValueError: the picture is smaller.
    """
    if min(picture.shape[-2:]) < SMALLEST:
        raise ValueError(f"a picture of {picture.shape[-1]}x{picture.shape[-2]} is too small to show its blur")
    busiest, *elsewhere = _parts(picture.float().mean(0).cpu())
    sizes = _sizes(busiest)
    with ThreadPoolExecutor(torch.get_num_threads()) as pool:
        found = list(pool.map(lambda weight: _estimated(sizes, weight), WEIGHTS))
    alike = np.array([[agreement(one, other) for other in found] for one in found])
    np.fill_diagonal(alike, 0)
    # Of the two that agree best, the one that the others are more like, too.
    best = int((alike.max(1) + 0.01 * alike.sum(1)).argmax())
    psf = torch.from_numpy(found[best]).double()
    confidence = float(alike[best].max())
    if elsewhere and confidence >= SURE:
        same = agreement(found[best], _estimated(_sizes(elsewhere[0]), WEIGHTS[1]))
        confidence = confidence if same >= SAME else same
    return Path(psf / psf.sum(), confidence)


def _estimated(sizes: Sequence[Floats], weight: float) -> Floats:
    """The kernel (SIDE, SIDE) of a picture, given as `_sizes`."""
    kernel = point(3)
    for side, small in zip(reversed(list(_sides())), sizes, strict=True):
        kernel = centred(cleaned(resized(kernel, side)))
        height, width = small.shape
        whole = closed(small, side)
        # Near the borders the picture shows what lies outside.
        inside = np.zeros_like(whole)
        inside[side // 2 : height - 1 - side // 2, side // 2 : width - 1 - side // 2] = 1
        slopes = differences(whole) * inside
        for _ in range(ROUNDS):
            sharp = differences(edges(whole, kernel, weight)) * inside
            kernel = cleaned(fitted(sharp, slopes, kernel, DAMPING))
            weight = max(weight / FALLS, LEAST)
    return centred(kernel)


def _sizes(seen: Tensor) -> list[Floats]:
    """A picture (H, W), each time larger, for the kernels of `_sides` from the last to the first."""
    factors = [side / SIDE for side in reversed(list(_sides()))]
    return [np.asarray((seen if f == 1 else _reduced(seen, f)).contiguous().numpy(), np.float32) for f in factors]


def _sides() -> Iterator[int]:
    """Of the kernel, from the largest to 3, all odd."""
    side = SIDE
    while side > 3:
        yield side
        side = max(3, (int(side / FINER) - 1) | 1)
    yield 3


def _reduced(picture: Tensor, factor: float) -> Tensor:
    size = [round(n * factor) for n in picture.shape]
    return F.interpolate(picture[None, None], size, mode="bilinear", antialias=True, align_corners=False)[0, 0]


def _parts(grey: Tensor) -> list[Tensor]:
    """The part of a picture (H, W), LOOKED_AT a side, whose neighbours differ most; and the next that lies apart."""
    down, across = (range(0, max(1, n - LOOKED_AT + 1), LOOKED_AT // 4) for n in grey.shape)
    parts = {(y, x): grey[y : y + LOOKED_AT, x : x + LOOKED_AT] for y in down for x in across}
    busy = {at: float(part.diff(dim=0).abs().sum() + part.diff(dim=1).abs().sum()) for at, part in parts.items()}
    first = max(busy, key=lambda at: busy[at])
    apart = [at for at in busy if max(abs(at[0] - first[0]), abs(at[1] - first[1])) >= LOOKED_AT]
    return [parts[first], *(parts[at] for at in sorted(apart, key=lambda at: -busy[at])[:1])]
