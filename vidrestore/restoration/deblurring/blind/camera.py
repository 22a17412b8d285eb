"""camera(): how a camera turned, zoomed and panned, from one picture whose blur is not the same all over.

A streak at each place follows from four numbers. They are sought by which all blocks of the picture are explained best:
at random at first, then around the best ones. One number that is wrong is wrong for all blocks, so a few of them that
show something else, or nothing, mislead nobody.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ..scene.moving import CameraMotion
from ..scene.moving import streaks as streaks_of
from .streaks import BLOCK, LONGEST, Streaks

SMALLEST = 2 * BLOCK
"""Pixels a side of the smallest picture whose blocks tell enough."""
TRIED, KEPT, AROUND = 6000, 30, 40
"""Motions tried at first; how many of the best are kept, and how many are tried around each of them."""
ROUNDS, CLOSER = 6, 0.6
"""Of that, each this much closer around them; first by CLOSE pixels."""
CLOSE = 3.0
SURE = 0.1
"""Correlation below which a motion is not to be believed."""
UNEVEN = 1.5
"""How many times the correlation with one streak for all blocks it has to be: else the blur is the same all over, or
there is none. Sharp pictures of the training set: to 1.3; turned or zoomed ones: 2 and more."""

LONG = 16
"""Pixels of the blocks' streaks, their mean, beyond which none is believed: shading looks like streaks of 20."""


@dataclass(frozen=True, slots=True)
class Camera:
    """A motion, and how sure it is."""

    motion: CameraMotion
    confidence: float
    """0 to 1; see SURE."""
    uneven: float
    """See UNEVEN."""
    streak: float
    """Mean of the blocks' streaks, in pixels; see LONG."""

    @property
    def trusted(self) -> bool:
        """Whether it is believed."""
        return self.confidence >= SURE and self.uneven >= UNEVEN and self.streak <= LONG


def camera(picture: Tensor) -> Camera:
    """How the camera moved.

    Args:
        picture: (C, H, W) float, black at 0 and white at 1, at least SMALLEST pixels a side.

    Raises:
        ValueError: the picture is smaller.
    """
    height, width = picture.shape[-2:]
    if min(height, width) < SMALLEST:
        raise ValueError(f"a picture of {width}x{height} is too small to show how its camera turned")
    streaks = Streaks.of(picture.float().mean(0).cpu())
    corner = math.hypot(height, width) / 2
    unit = torch.tensor([1, 1, 1 / corner, 1 / corner])
    chance = torch.Generator().manual_seed(0)
    tried = (torch.rand(TRIED, 4, generator=chance) * 2 - 1) * LONGEST * unit
    best = _best(streaks, tried)
    for number in range(ROUNDS):
        spread = CLOSE * CLOSER**number * unit
        near = best + torch.randn(AROUND, KEPT, 4, generator=chance) * spread
        best = _best(streaks, torch.cat((best, near.reshape(-1, 4))))
    confidence = float(_agreement(streaks, best[:1]))
    motion = CameraMotion(*best[0].tolist())
    streak = float(motion.streaks(streaks.x, streaks.y).norm(dim=0).mean())
    return Camera(motion, confidence, confidence / max(streaks.same, 1e-9), streak)


def _best(streaks: Streaks, motions: Tensor) -> Tensor:
    """The KEPT of (M, 4) that go best with what the blocks show, best first."""
    return motions[_agreement(streaks, motions).topk(KEPT).indices]


def _agreement(streaks: Streaks, motions: Tensor) -> Tensor:
    return streaks.agreement(streaks_of(motions, streaks.x, streaks.y))
