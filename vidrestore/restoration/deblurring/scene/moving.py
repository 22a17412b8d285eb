"""MovingScene: what a picture was taken of by a camera that turned, zoomed or panned while the shutter was open.

The picture is the mean of moved copies of the scene, one for each moment. So each pixel has a straight streak of its
own. Blocks of 64 pixels, each behind one streak, lost 1 dB where this gains 2.5.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from .uniform import contrast, fast, mirror, steepness

PLACES = 5
"""Rows and columns of places whose blurs are averaged to precondition with."""


@dataclass(frozen=True, slots=True)
class CameraMotion:
    """How the picture moves while the shutter is open, evenly; forwards or backwards is the same blur."""

    across: float
    """Pixels to the right at the picture's middle."""
    down: float
    turn: float
    """Radians, clockwise as seen, around the middle."""
    zoom: float
    """Share by which distances from the middle grow."""

    def streaks(self, x: Tensor, y: Tensor) -> Tensor:
        """Pixels to the right and down, (2, ...), at places that lie `x` and `y` pixels from the middle."""
        return streaks(torch.tensor([[self.across, self.down, self.turn, self.zoom]]), x, y)[:, 0]

    def longest(self, size: tuple[int, int]) -> float:
        """Pixels, of the streaks in a picture of that height and width: one of the corners has it."""
        height, width = size
        x, y = torch.tensor([-1.0, 1, -1, 1]) * width / 2, torch.tensor([-1.0, -1, 1, 1]) * height / 2
        return float(self.streaks(x, y).norm(dim=0).max())


def streaks(motions: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Of M motions (M, 4), as CameraMotion has them: (2, M, ...), as `CameraMotion.streaks`."""
    across, down, turn, zoom = motions.T.reshape(4, len(motions), *[1] * x.dim())
    return torch.stack((across + zoom * x - turn * y, down + zoom * y + turn * x))


@dataclass(frozen=True, slots=True)
class MovingScene:
    """As Scene."""

    reach: int
    seen: tuple[int, int]
    size: tuple[int, int]
    places: Tensor
    """Where in the scene the picture's pixels lie at mid-exposure, (H, W, 2), -1 to 1, as `grid_sample` has it."""
    streaks: Tensor
    """By how much that changes from the first moment to the last."""
    moments: int
    inverse: Tensor
    """As of Scene, of the mean of the blurs at several places."""
    kept: float

    @classmethod
    def of(cls, picture: Tensor, motion: CameraMotion, noise: float) -> "MovingScene":
        seen = (picture.shape[-2], picture.shape[-1])
        longest = motion.longest(seen)
        reach = math.ceil(longest / 2) + 1
        size = (fast(seen[0] + 2 * reach), fast(seen[1] + 2 * reach))
        y, x = torch.meshgrid(*(torch.arange(n, dtype=torch.float32) + 0.5 for n in seen), indexing="ij")
        streaks = motion.streaks(x - seen[1] / 2, y - seen[0] / 2)
        power = _power(streaks, size)
        kept = float(power.mean())
        inverse = 1 / (power + noise**2 / contrast(picture, kept, noise) * steepness(size).float())
        unit = torch.tensor([2 / size[1], 2 / size[0]])
        places = (torch.stack((x, y), -1) + reach) * unit - 1
        along = streaks.movedim(0, -1) * unit
        moments = max(1, math.ceil(longest))
        return cls(reach, seen, size, places.to(picture), along.to(picture), moments, inverse.to(picture), kept)

    def forth(self, x: Tensor) -> Tensor:
        """As of Scene."""
        out = x.new_zeros(1, len(x), *self.seen)
        for places in self._moments():
            out += F.grid_sample(x[None], places, padding_mode="border", align_corners=False)
        return out[0] / self.moments

    def back(self, picture: Tensor) -> Tensor:
        """As of Scene: the gradient of `forth`, which is its transpose."""
        with torch.enable_grad():
            x = picture.new_zeros(len(picture), *self.size, requires_grad=True)
            out = torch.zeros_like(x)
            for places in self._moments():
                seen = F.grid_sample(x[None], places, padding_mode="border", align_corners=False)
                out += torch.autograd.grad(seen, x, picture[None])[0]
        return out.detach() / self.moments

    def undone(self, x: Tensor) -> Tensor:
        """As of Scene."""
        out: Tensor = torch.fft.irfft2(torch.fft.rfft2(x) * self.inverse, s=self.size)
        return out

    def crop(self, x: Tensor) -> Tensor:
        """As of Scene."""
        height, width = self.seen
        return x[..., self.reach : self.reach + height, self.reach : self.reach + width]

    def mirrored(self, picture: Tensor) -> Tensor:
        """As of Scene."""
        down, across = (
            mirror(n, self.reach, whole, picture.device) for n, whole in zip(self.seen, self.size, strict=True)
        )
        return picture[..., down, :][..., across]

    def _moments(self) -> Iterator[Tensor]:
        for number in range(self.moments):
            yield (self.places + ((number + 0.5) / self.moments - 0.5) * self.streaks)[None]


def _power(streaks: Tensor, size: tuple[int, int]) -> Tensor:
    """The mean power spectrum, as of `rfft2`, of blurs all over the picture."""
    down, across = torch.fft.fftfreq(size[0])[:, None], torch.fft.rfftfreq(size[1])
    total = torch.zeros(size[0], size[1] // 2 + 1)
    rows, columns = (torch.linspace(0, n - 1, PLACES).long() for n in streaks.shape[-2:])
    for x, y in streaks[:, rows][:, :, columns].flatten(1).T:
        total += torch.sinc(x * across + y * down).square()
    return total / PLACES**2
