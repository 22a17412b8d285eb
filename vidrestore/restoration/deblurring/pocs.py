"""Undoing a known blur by projections onto convex sets (POCS), pixel after pixel; the blur may vary over the picture.

Each pixel says that the scene, seen through the blur there, lies within a bound of it. The scene is moved by the least
that makes this true, for one pixel after the other, and then to within [0, 1]; and again.

Sources: spec/networks.md E 4; Trussell and Civanlar 1984; Ozkan, Tekalp and Sezan 1994 for blur that varies.
"""

import math

import numba
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .scene.uniform import mirror

BOUND = 1.0
"""Of a pixel's error, in standard deviations of the noise."""
ROUNDS = 40
STEADY = 0.2
"""Share of the noise that a round still has to change, root of the mean square."""
Floats = NDArray[np.float32]


def pocs(picture: Tensor, psf: Tensor, *, noise: float, rounds: int = ROUNDS) -> Tensor:
    """A scene that explains the picture within the noise, near the picture itself.

    Args:
        picture: (C, H, W) float, nominally in [0, 1].
        psf: (K, K), K odd, sum 1, see psf.py; or (rows, columns, K, K), one for each part of the picture.
        noise: its standard deviation in the picture, more than 0.
        rounds: over all pixels, at most.

    Returns:
        (C, H, W), in [0, 1].

    Raises:
        ValueError: the noise, or the shape of the point spread functions, is none of these.
    """
    if not (math.isfinite(noise) and noise > 0):
        raise ValueError(f"the noise is more than 0, not {noise}")
    if psf.dim() not in (2, 4) or psf.shape[-1] != psf.shape[-2] or psf.shape[-1] % 2 == 0:
        raise ValueError(f"a point spread function is (K, K), K odd, not {tuple(psf.shape)}")
    kernels = psf if psf.dim() == 4 else psf[None, None]
    _, height, width = picture.shape
    reach = psf.shape[-1] // 2
    down, across = (mirror(n, reach, n + 2 * reach, torch.device("cpu")) for n in (height, width))
    seen: Floats = picture.float().cpu().numpy()
    scene: Floats = np.ascontiguousarray(seen[:, down.numpy()][:, :, across.numpy()])
    where = _parts(height, width, kernels.shape[0], kernels.shape[1])
    # A pixel spreads into its point spread function, so it is gathered by the same turned around.
    gathered: Floats = np.ascontiguousarray(kernels.flatten(0, 1).flip(1, 2).float().cpu().numpy())
    norms = (gathered**2).sum((1, 2))
    for _ in range(rounds):
        before = scene.copy()
        for channel, given in zip(scene, seen, strict=True):
            _round(channel, given, gathered, norms, where, np.float32(BOUND * noise))
        np.clip(scene, 0, 1, out=scene)
        if np.mean((scene - before) ** 2) <= (STEADY * noise) ** 2:
            break
    shown = scene[:, reach : reach + height, reach : reach + width]
    return torch.from_numpy(np.ascontiguousarray(shown)).to(picture)


def _parts(height: int, width: int, rows: int, columns: int) -> NDArray[np.int64]:
    """(H, W): the number of the part that each pixel lies in, row by row, all parts of one size but for rounding."""
    down, across = (np.arange(n) * parts // n for n, parts in ((height, rows), (width, columns)))
    return np.asarray(down[:, None] * columns + across, np.int64)


@numba.njit(cache=True, fastmath=False)  # type: ignore[untyped-decorator]
def _round(
    scene: Floats, seen: Floats, gathered: Floats, norms: Floats, where: NDArray[np.int64], bound: np.float32
) -> None:
    size = gathered.shape[1]
    for y in range(seen.shape[0]):
        for x in range(seen.shape[1]):
            taps = gathered[where[y, x]]
            total = np.float32(0)
            for i in range(size):
                for j in range(size):
                    total += taps[i, j] * scene[y + i, x + j]
            wrong = seen[y, x] - total
            if abs(wrong) > bound:
                step = (wrong - bound if wrong > 0 else wrong + bound) / norms[where[y, x]]
                for i in range(size):
                    for j in range(size):
                        scene[y + i, x + j] += step * taps[i, j]
