"""Point spread functions: what one sharp pixel becomes in a blurred picture. (K, K), K odd, float64, sum 1.

Laid over the picture as it is seen: `blur` spreads every pixel into its point spread function (a convolution).
"""

import math

import torch
from torch import Tensor

POINTS = 64
"""On each pixel of a streak."""
CHORDS = 64
"""Vertical lines through each pixel whose lengths inside the disk make up the pixel's share of it."""


def gaussian(sigma: float) -> Tensor:
    """A Gaussian of standard deviation `sigma` pixels, sampled, out to 4 sigma."""
    _positive("sigma", sigma)
    steps = _steps(4 * sigma)
    line = torch.exp(-0.5 * (steps / sigma) ** 2)
    return _unit(line[:, None] * line)


def motion(length: float, angle: float) -> Tensor:
    """A straight streak through the centre, evenly exposed; each point of it shared out to the four pixels around it.

    Args:
        length: in pixels.
        angle: degrees counter-clockwise from the horizontal, as seen; 180 more is the same streak.
    """
    _positive("length", length)
    points = math.ceil(length * POINTS)
    along = ((torch.arange(points, dtype=torch.float64) + 0.5) / points - 0.5) * length
    across, down = along * math.cos(math.radians(angle)), -along * math.sin(math.radians(angle))
    steps = _steps(max(float(across.abs().max()), float(down.abs().max())) + 0.5)
    near_x, near_y = ((1 - (steps[:, None] - at).abs()).clamp_min(0) for at in (across, down))
    return _unit(near_y @ near_x.T)


def disk(radius: float) -> Tensor:
    """A lens out of focus: an even disk of `radius` pixels, each pixel by the area that it covers."""
    _positive("radius", radius)
    steps = _steps(radius)
    across = (torch.arange(CHORDS, dtype=torch.float64) + 0.5) / CHORDS - 0.5 + steps[:, None]
    half = (radius**2 - across**2).clamp_min(0).sqrt()
    top, bottom = (torch.maximum(torch.minimum(steps[:, None, None] + end, half), -half) for end in (-0.5, 0.5))
    return _unit((bottom - top).mean(-1))


def from_picture(picture: Tensor) -> Tensor:
    """A measured one: (h, w) of values from 0 up, black around it; its middle is where a sharp pixel stays.

    Raises:
        ValueError: negative or all zero.
    """
    if picture.min() < 0 or picture.max() <= 0:
        raise ValueError("a point spread function has values from 0 up, and not only zeros")
    side = max(picture.shape) | 1
    square = torch.zeros(side, side, dtype=torch.float64)
    top, left = ((side - n) // 2 for n in picture.shape)
    square[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return _unit(square)


def _steps(reach: float) -> Tensor:
    """Whole pixels from the centre, as many as it takes to hold `reach`; each is a pixel wide."""
    count = max(0, math.ceil(reach - 0.5 - 1e-9))
    return torch.arange(-count, count + 1, dtype=torch.float64)


def _unit(psf: Tensor) -> Tensor:
    return psf / psf.sum()


def _positive(name: str, value: float) -> None:
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"the {name} of a blur is more than 0, not {value}")
