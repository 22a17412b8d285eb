"""Repeated pictures (animation on twos, pulldown), told from motion in spite of noise and of what codecs make of it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ...engine.window import windows
from ...frame.colour import luma, luma_of_rgb
from ...frame.frame import Frame, Planes
from ...video.facts.repeats import BLOCK, LONGEST, MOST, MOVING, is_repeat


@dataclass(frozen=True, slots=True)
class _Change:
    frame: Frame
    cut: bool
    """First of a shot, or of a size."""
    change: float
    """Since the frame before, of 255; 0 where `cut`."""


def mark_repeats(frames: Iterable[Frame]) -> Iterator[tuple[Frame, bool]]:
    """Each frame, and whether it only repeats the picture before it; `cut` must be set where a shot begins.

    A repeat changes next to nothing, and much less than other frames of its shot within LONGEST. So, where nothing
    moves, all frames within LONGEST of a motion are marked, and together last longer than that; MOST are looked ahead.
    """
    for window in windows(_changes(frames), before=MOST, after=MOST):
        now = window[MOST]
        around = [each.change for each in window if abs(each.frame.pts - now.frame.pts) <= LONGEST]
        yield now.frame, not now.cut and is_repeat(now.change, max(around))


def _changes(frames: Iterable[Frame]) -> Iterator[_Change]:
    before: Tensor | None = None
    for frame in frames:
        blocks = _blocks(frame.picture)
        cut = frame.cut or before is None or before.shape != blocks.shape
        yield _Change(frame, cut, 0.0 if cut or before is None else _change(before, blocks))
        before = blocks


def _blocks(picture: Planes | Tensor) -> Tensor:
    """(H / BLOCK, W / BLOCK) mean luma, of 255; rows and columns left over are not looked at."""
    with torch.no_grad():
        y = luma(picture) if isinstance(picture, Planes) else luma_of_rgb(picture)
        return F.avg_pool2d(y, min(BLOCK, *y.shape[1:]))[0].cpu() * 255


def _change(before: Tensor, after: Tensor) -> float:
    """How much the blocks change that change most, without the MOVING share of them that may be chance."""
    change = (after - before).abs().flatten()
    rank = 1 + int(MOVING * change.numel())
    return float(change.topk(rank).values[-1])
