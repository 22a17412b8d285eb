"""Scene: what a picture behind one blur was taken of, to its borders and beyond, in terms of Fourier transforms."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

PRIMES = 2 * 3 * 5 * 7


@dataclass(frozen=True, slots=True)
class Scene:
    """What lies in the picture and around it, seen through one blur."""

    reach: int
    """Pixels around the picture that the blur brings into it."""
    seen: tuple[int, int]
    """Height and width of the picture."""
    size: tuple[int, int]
    """And of the scene: `reach` more on each side, and up to what Fourier transforms are fast at below and right."""
    transfer: Tensor
    """Spectrum of the point spread function, as of `rfft2`."""
    damping: Tensor
    """noise^2 / S: how much of each frequency is held to be noise."""
    inverse: Tensor
    """1 / (|transfer|^2 + damping)."""
    kept: float
    """Sum of the squares of the point spread function: what the blur leaves of differences between neighbours."""

    @classmethod
    def of(cls, picture: Tensor, psf: Tensor, noise: float) -> "Scene":
        if not (math.isfinite(noise) and noise > 0):
            raise ValueError(f"the noise is more than 0, not {noise}")
        if psf.dim() != 2 or psf.shape[0] != psf.shape[1] or psf.shape[0] % 2 == 0:
            raise ValueError(f"a point spread function is (K, K), K odd, not {tuple(psf.shape)}")
        reach = len(psf) // 2
        seen = (picture.shape[-2], picture.shape[-1])
        height, width = (fast(n + 2 * reach) for n in seen)
        around = torch.zeros(height, width, dtype=torch.float64)
        around[: len(psf), : len(psf)] = psf.double()
        transfer = torch.fft.rfft2(around.roll((-reach, -reach), (0, 1)))
        kept = float(psf.square().sum())
        damping = noise**2 / contrast(picture, kept, noise) * steepness((height, width))
        inverse = 1 / (transfer.abs().square() + damping)
        kind = picture.dtype
        return cls(
            reach,
            seen,
            (height, width),
            transfer.to(picture.device, kind.to_complex()),
            damping.to(picture),
            inverse.to(picture),
            kept,
        )

    def filtered(self, change: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        """`x` with its spectrum changed."""
        return self.unfiltered(change(torch.fft.rfft2(x)))

    def unfiltered(self, spectrum: Tensor) -> Tensor:
        out: Tensor = torch.fft.irfft2(spectrum, s=self.size)
        return out

    def crop(self, x: Tensor) -> Tensor:
        """The picture's part of the scene."""
        height, width = self.seen
        return x[..., self.reach : self.reach + height, self.reach : self.reach + width]

    def around(self, picture: Tensor) -> Tensor:
        """The scene, with nothing around the picture."""
        below, right = (whole - n - self.reach for whole, n in zip(self.size, self.seen, strict=True))
        return F.pad(picture, (self.reach, right, self.reach, below))

    def mirrored(self, picture: Tensor) -> Tensor:
        """The scene, with the picture mirrored at its borders, as often as it takes."""
        down, across = (
            mirror(n, self.reach, whole, picture.device) for whole, n in zip(self.size, self.seen, strict=True)
        )
        return picture[..., down, :][..., across]

    def forth(self, x: Tensor) -> Tensor:
        """What the picture shows of a scene."""
        return self.crop(self.filtered(lambda spectrum: spectrum * self.transfer, x))

    def undone(self, x: Tensor) -> Tensor:
        """Roughly the inverse of seeing and back: what there is to precondition with."""
        return self.filtered(lambda spectrum: spectrum * self.inverse, x)

    def back(self, picture: Tensor) -> Tensor:
        """The transpose of seeing: each pixel goes to where in the scene it came from."""
        return self.filtered(lambda spectrum: spectrum * self.transfer.conj(), self.around(picture))

    def normal(self, x: Tensor) -> Tensor:
        """Seeing and back, and the damping: the matrix of the equations."""
        spectrum = torch.fft.rfft2(x)
        seen = self.around(self.crop(self.unfiltered(spectrum * self.transfer)))
        return self.unfiltered(torch.fft.rfft2(seen) * self.transfer.conj() + spectrum * self.damping)

    @property
    def length(self) -> float:
        """Of a step along `slope` that cannot lead astray."""
        return 1 / float((self.transfer.abs().square() + self.damping).max())

    def slope(self, picture: Tensor, x: Tensor) -> Tensor:
        """Half of the descent of the square error, and of the damping, at a scene `x`."""
        spectrum = torch.fft.rfft2(x)
        residual = picture - self.crop(self.unfiltered(spectrum * self.transfer))
        return self.back(residual) - self.unfiltered(spectrum * self.damping)


def contrast(picture: Tensor, kept: float, noise: float) -> float:
    """Mean square difference between neighbours, down and across, in the sharp picture.

    If those differences have all frequencies alike, the blur leaves sum(psf^2) of it, and the noise adds its own.

    Args:
        kept: that sum.
    """
    wide = [dim for dim in (-1, -2) if picture.shape[dim] > 1]  # of a single row or column there is no difference
    seen = sum(float(picture.diff(dim=dim).square().mean(dtype=torch.float64)) for dim in wide)
    return max(seen - 4 * noise**2, 0.01 * seen, 1e-12) / kept


def steepness(size: tuple[int, int]) -> Tensor:
    """Power, as of `rfft2`, that the differences between neighbours have of each frequency's; float64."""
    down, across = torch.fft.fftfreq(size[0]), torch.fft.rfftfreq(size[1])
    power: Tensor = 4 - 2 * (2 * math.pi * down.double()).cos()[:, None] - 2 * (2 * math.pi * across.double()).cos()
    return power


def fast(size: int) -> int:
    """The next length without large prime factors, with which transforms take several times as long."""
    while (PRIMES ** size.bit_length()) % size:
        size += 1
    return size


def mirror(size: int, reach: int, whole: int, device: torch.device) -> Tensor:
    """Which of `size` samples lies at each of -reach .. whole - reach - 1, edge samples twice."""
    index = torch.arange(-reach, whole - reach, device=device) % (2 * size)
    return torch.minimum(index, 2 * size - 1 - index)
