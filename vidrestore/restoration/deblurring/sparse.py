"""Undoing a known blur where the picture is held to have few edges and wide flat parts, right up to its borders.

The Wiener filter takes neighbours' differences for Gaussian. Those of pictures are not: most are near 0 and a few are
large. Such a prior (hyper-Laplacian, Levin et al. 2007; Krishnan and Fergus 2009) keeps flat parts flat, without the
ringing that an estimated kernel, which is never quite right, would leave there. It is solved by least squares whose
weights follow the differences found so far; each by conjugate gradients, which the Wiener filter preconditions.
"""

import torch
from torch import Tensor

from .scene.moving import CameraMotion, MovingScene
from .scene.uniform import Scene, contrast

EXPONENT = 0.8
"""Of the differences: 2 is Gaussian, 1 Laplacian."""
SPREAD = 0.35
"""Scale of the prior, as a share of the differences' root mean square."""
LEAST = 0.01
"""Differences below are held alike, white at 1."""
OUTER, ROUNDS = 2, 10
"""Sets of weights, and rounds of conjugate gradients in each."""
ROUNDS_MOVING = 5
"""The same where the camera moved: each takes longer there, and more of them gained nothing."""


def sparse(picture: Tensor, blur: Tensor | CameraMotion, *, noise: float) -> Tensor:
    """The scene that explains the picture and has few edges.

    Args:
        picture: (C, H, W) float, nominally in [0, 1].
        blur: a point spread function (K, K), K odd, sum 1, see psf.py; or how the camera moved.
        noise: its standard deviation in the picture, more than 0.

    Returns:
        (C, H, W), not clamped.

    Raises:
        ValueError: the noise or the shape of the point spread function is none of these.
    """
    if isinstance(blur, CameraMotion):
        return _restored(MovingScene.of(picture, blur, noise), picture, noise, ROUNDS_MOVING)
    return _restored(Scene.of(picture, blur, noise), picture, noise, ROUNDS)


def _restored(scene: Scene | MovingScene, picture: Tensor, noise: float, rounds: int) -> Tensor:
    power = contrast(picture, scene.kept, noise) / 2
    x, known = scene.mirrored(picture), scene.back(picture)
    weights = torch.full((2, *x.shape), noise**2 / power).to(x)
    for _ in range(OUTER):
        x = _solved(scene, known, weights, x, rounds)
        scale = SPREAD * power**0.5
        # In fp64: torch's power of fp32 rounds otherwise where a thread's share ends.
        weights = (_slopes(x).square() + LEAST**2).double() ** (EXPONENT / 2 - 1)
        weights = (noise**2 * EXPONENT / scale**EXPONENT * weights).to(x)
    return scene.crop(_solved(scene, known, weights, x, rounds))


def _solved(scene: Scene | MovingScene, known: Tensor, weights: Tensor, x: Tensor, rounds: int) -> Tensor:
    """Where a weighted least squares problem has its minimum, from `x` on."""

    def times(x: Tensor) -> Tensor:
        return scene.back(scene.forth(x)) + _back(weights * _slopes(x))

    residual = known - times(x)
    step = direction = scene.undone(residual)
    size = _dot(residual, step)
    for _ in range(rounds):
        change = times(direction)
        far = size / _dot(direction, change).clamp_min(torch.finfo(x.dtype).tiny)
        x, residual = x + far * direction, residual - far * change
        step = scene.undone(residual)
        before, size = size, _dot(residual, step)
        direction = step + size / before.clamp_min(torch.finfo(x.dtype).tiny) * direction
    return x


def _dot(one: Tensor, other: Tensor) -> Tensor:
    """(C, 1, 1). Summed in fp64: in fp32 the number of threads would show, and a farm's workers have fewer."""
    return (one * other).sum((-1, -2), keepdim=True, dtype=torch.float64).to(one.dtype)


def _slopes(x: Tensor) -> Tensor:
    """Differences to the right and below, (2, C, H, W), of a scene that goes round."""
    return torch.stack((x.roll(-1, -1) - x, x.roll(-1, -2) - x))


def _back(slopes: Tensor) -> Tensor:
    """The transpose of `_slopes`."""
    across, down = slopes
    out: Tensor = across.roll(1, -1) - across + down.roll(1, -2) - down
    return out
