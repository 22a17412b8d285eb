"""How a picture is blurred, from the picture alone: the length and angle of its streaks, or the sigma of a Gaussian.

A blur that is the same everywhere multiplies the picture's spectrum, and leaves its own shape there: a streak the
ripples of a sinc across it, a Gaussian a fall that steepens. Pictures themselves fall off evenly, about as
frequency^-2.3 in power. Each blur of a list is compared with the log spectrum after all that an unblurred picture
could show (an even fall, stronger in some directions than in others) has been taken from both; the one that
correlates best is it, and the correlation says how sure that is.

The idea of ripples in the log spectrum is Cannon's (1976); comparing all of it at once is our own.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

BLOCK = 256
"""Side of the blocks whose spectra are averaged; a streak of a tenth of it still shows several ripples."""
FALL = 2.3
LENGTHS = (4.0, 40.0)
SIGMAS = (0.6, 8.0)
SURE_OF_MOTION = 0.6
"""Correlation below which a streak is not to be believed. On Kodak pictures: 0.7 and more; without any, to 0.47."""
SURE_OF_GAUSSIAN = 0.75
"""The same of a Gaussian: 0.8 and more; sharp pictures and streaks to 0.42, a lens out of focus by 4 pixels to 0.73."""


@dataclass(frozen=True, slots=True)
class Motion:
    """A streak, as `psf.motion` makes it."""

    length: float
    angle: float
    confidence: float
    """0 to 1; see SURE_OF_MOTION."""


@dataclass(frozen=True, slots=True)
class Gaussian:
    """A bell, as `psf.gaussian` makes it."""

    sigma: float
    confidence: float
    """0 to 1; see SURE_OF_GAUSSIAN."""


def motion(picture: Tensor) -> Motion:
    """The streak of a motion in a straight line, 4 to 40 pixels long.

    Args:
        picture: (C, H, W) float, at least 64 pixels a side; 256 and more for long streaks.

    Raises:
        ValueError: the picture is smaller.
    """
    spectrum = _Spectrum.of(picture, top=0.4, even=lambda f: f.square())
    lengths: Sequence[float] = [LENGTHS[0] + n for n in range(int(LENGTHS[1] - LENGTHS[0]) + 1)]
    angles: Sequence[float] = range(0, 180, 4)
    best = (0.0, 0.0, -1.0)
    for fineness in (1, 0.25, 0.1):
        for angle in angles:
            across, down = math.cos(math.radians(angle)), -math.sin(math.radians(angle))
            along = spectrum.x * across + spectrum.y * down
            found = spectrum.compare(torch.sinc(along * torch.tensor(lengths)[:, None]).square())
            if float(found.max()) > best[2]:
                best = (lengths[int(found.argmax())], float(angle), float(found.max()))
        lengths = [max(1.0, best[0] + n * fineness / 2) for n in range(-4, 5)]
        angles = [best[1] + n * fineness for n in range(-4, 5)]
    return Motion(best[0], best[1] % 180, max(0.0, best[2]))


def gaussian(picture: Tensor) -> Gaussian:
    """The standard deviation of a Gaussian blur, 0.6 to 8 pixels.

    Args:
        picture: as of `motion`.
    """
    spectrum = _Spectrum.of(picture, top=0.5)
    steps = round((SIGMAS[1] - SIGMAS[0]) / 0.1)
    sigmas = torch.tensor([SIGMAS[0] + (SIGMAS[1] - SIGMAS[0]) * n / steps for n in range(steps + 1)])
    found = spectrum.compare((-((2 * math.pi * sigmas[:, None] * spectrum.frequency) ** 2)).exp())
    return Gaussian(float(sigmas[found.argmax()]), max(0.0, float(found.max())))


@dataclass(frozen=True, slots=True)
class _Spectrum:
    """A picture's power spectrum at the frequencies that say something; all of them (N,)."""

    power: Tensor
    x: Tensor
    """Cycles per pixel, to the right."""
    y: Tensor
    frequency: Tensor
    floor: float
    """Of the noise, in `power`."""
    plain: Tensor
    """(N, K), orthonormal: what unblurred pictures differ in."""

    @classmethod
    def of(cls, picture: Tensor, *, top: float, even: Callable[[Tensor], Tensor] | None = None) -> "_Spectrum":
        """Of a picture (C, H, W), up to the frequency `top`; `even` is something more that pictures differ in."""
        if min(picture.shape[-2:]) < 64:
            raise ValueError(f"a picture of {picture.shape[-1]}x{picture.shape[-2]} is too small to show its blur")
        power = _power(picture.float().mean(0).cpu())
        side = len(power)
        y, x = (axis.expand_as(power) for axis in (torch.fft.fftfreq(side)[:, None], torch.fft.rfftfreq(side)[None]))
        frequency = x.hypot(y)
        # Upright and level edges of the world pile up on the axes, and tell nothing.
        use = (frequency > 0.02) & (frequency < top) & (x > 1.5 / side) & (y.abs() > 1.5 / side)
        power, x, y, frequency = power[use], x[use], y[use], frequency[use]
        turn = [x * x - y * y, 2 * x * y]
        two = [t / frequency**2 for t in turn]
        four = [two[0] ** 2 - two[1] ** 2, 2 * two[0] * two[1]]
        log = frequency.log()
        differs = [torch.ones_like(x), log, *two, *four, *(t * log for t in two)]
        if even is not None:
            differs.append(even(frequency))
        plain = torch.linalg.qr(torch.stack(differs, 1).double())[0].float()
        floor = float(power.sort().values[: max(1, len(power) // 100)].mean())
        return cls(power, x, y, frequency, floor, plain)

    def compare(self, blurs: Tensor) -> Tensor:
        """How well each of the blurs' own power spectra (M, N) explains what is seen: correlations (M,)."""
        even = blurs * self.frequency**-FALL
        expected = even * (self.power.sum() / even.sum(1))[:, None] + self.floor
        spectrum, expected = self._without_plain(self.power.log()[None]), self._without_plain(expected.log())
        lengths = expected.norm(dim=1) * spectrum.norm()
        found: Tensor = (expected @ spectrum[0]) / lengths.clamp_min(1e-9)
        return found

    def _without_plain(self, rows: Tensor) -> Tensor:
        return rows - (rows @ self.plain) @ self.plain.T


def _power(grey: Tensor) -> Tensor:
    """Geometric mean of the power spectra of overlapping blocks (N, N/2 + 1): no single block outweighs the others."""
    side = min(BLOCK, 1 << int(math.log2(min(grey.shape))))
    window = torch.hann_window(side)
    rows, columns = (starts(n, side) for n in grey.shape)
    blocks = torch.stack([grey[r : r + side, c : c + side] for r in rows for c in columns])
    blocks = (blocks - blocks.mean((-1, -2), keepdim=True)) * window[:, None] * window
    power = torch.fft.rfft2(blocks).abs().square() / window.square().sum() ** 2
    mean: Tensor = power.clamp_min(1e-12).log().mean(0).exp()
    return mean


def starts(size: int, side: int) -> list[int]:
    """Of blocks that overlap by half or more and end where the picture ends."""
    count = 1 + -(-(size - side) // (side // 2))
    return [round(n * (size - side) / max(1, count - 1)) for n in range(count)]
