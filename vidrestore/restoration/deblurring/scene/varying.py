"""VaryingScene: what a picture was taken of whose parts are each behind a blur of their own.

Each pixel sees the scene through the blur of the part that it lies in. Sources: document 003, POCS for blur that
varies; Ozkan, Tekalp and Sezan 1994.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from .uniform import contrast, mirror

_Block = tuple[slice, slice, Tensor]
"""Rows and columns of a picture, and the blur there, (1, 1, K, K), as it is gathered."""


@dataclass(frozen=True, slots=True)
class VaryingScene:
    """As Scene, without Fourier transforms."""

    reach: int
    seen: tuple[int, int]
    """Height and width of the picture; the scene's are `reach` more on each side."""
    blocks: tuple[_Block, ...]
    damping: float
    """Of the differences between neighbours in the scene, as in Scene."""

    @classmethod
    def of(cls, picture: Tensor, psf: Tensor, noise: float) -> "VaryingScene":
        """Args: as of `landweber`. ValueError: the noise or the shape is none of these."""
        if not (math.isfinite(noise) and noise > 0):
            raise ValueError(f"the noise is more than 0, not {noise}")
        if psf.dim() != 4 or psf.shape[-1] != psf.shape[-2] or psf.shape[-1] % 2 == 0:
            raise ValueError(f"point spread functions are (rows, columns, K, K), K odd, not {tuple(psf.shape)}")
        height, width = picture.shape[-2:]
        damping = noise**2 / contrast(picture, float(psf.square().sum((2, 3)).mean()), noise)
        kernels = psf.flip(2, 3).to(picture)
        blocks = tuple(
            (rows, columns, kernels[i, j][None, None])
            for i, rows in _parts(height, psf.shape[0])
            for j, columns in _parts(width, psf.shape[1])
        )
        return cls(psf.shape[-1] // 2, (height, width), blocks, damping)

    @property
    def length(self) -> float:
        """As of Scene: by the largest sums of a row, which are 1, and of a column, of what sees."""
        height, width = self.seen
        (_, _, kernel) = self.blocks[0]
        sums = self.back(torch.ones(1, height, width).to(kernel))
        return 1 / (float(sums.max()) + 8 * self.damping)

    def crop(self, x: Tensor) -> Tensor:
        """The picture's part of the scene."""
        height, width = self.seen
        return x[..., self.reach : self.reach + height, self.reach : self.reach + width]

    def mirrored(self, picture: Tensor) -> Tensor:
        """The scene, with the picture mirrored at its borders."""
        down, across = (mirror(n, self.reach, n + 2 * self.reach, picture.device) for n in self.seen)
        return picture[..., down, :][..., across]

    def slope(self, picture: Tensor, x: Tensor) -> Tensor:
        """As of Scene."""
        return self.back(picture - self.forth(x)) - self.damping * _steepness(x)

    def forth(self, x: Tensor) -> Tensor:
        """What the picture shows of a scene."""
        out = x.new_empty(*x.shape[:-2], *self.seen)
        for rows, columns, kernel in self.blocks:
            seen = x[:, None, self._around(rows), self._around(columns)]
            out[..., rows, columns] = F.conv2d(seen, kernel)[:, 0]
        return out

    def back(self, picture: Tensor) -> Tensor:
        """The transpose of that."""
        height, width = self.seen
        out = picture.new_zeros(len(picture), height + 2 * self.reach, width + 2 * self.reach)
        for rows, columns, kernel in self.blocks:
            part = F.conv_transpose2d(picture[:, None, rows, columns], kernel)[:, 0]
            out[:, self._around(rows), self._around(columns)] += part
        return out

    def _around(self, part: slice) -> slice:
        """What of the scene a part of the picture sees."""
        return slice(part.start, part.stop + 2 * self.reach)


def _parts(size: int, parts: int) -> Iterator[tuple[int, slice]]:
    """Where each of `parts` lies in `size` samples, all of one size but for rounding; none that is empty."""
    for number in range(parts):
        part = slice(-(-number * size // parts), -(-(number + 1) * size // parts))
        if part.start < part.stop:
            yield number, part


def _steepness(x: Tensor) -> Tensor:
    """How far each sample is above its neighbours, all told: the slope of their differences' squares."""
    out = torch.zeros_like(x)
    for dim in (-1, -2):
        step = x.diff(dim=dim)
        out.narrow(dim, 1, step.shape[dim]).add_(step)
        out.narrow(dim, 0, step.shape[dim]).sub_(step)
    return out
