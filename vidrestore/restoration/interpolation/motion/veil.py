"""What is half transparent and stands still in front of moving pictures: logos and boxes, white or black.

Through a veil a picture shows (1 - share) * background + share * grey, and the background of each pixel is what the
other picture shows along the motion of the surroundings: so each of the two tells the share at each pixel. Where both
tell the same, and their neighbours, too, there is a veil. It is taken out before pictures move, and laid over again.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from .overlay import MOVING
from .paths import Motion
from .warp import Flow, Picture, warp

Plane = NDArray[np.float32]
"""Luma or a share: (H, W)."""
Bits = NDArray[np.bool_]
Mask = NDArray[np.uint8]
"""0 or 1."""
Places = NDArray[np.int64]
"""Rows or columns."""

GREYS = np.float32(1), np.float32(0)
"""That are looked for; others of nearly the same are taken for these."""
SHOWS, DIFFERENT = 8 / 255, 20 / 255
"""Luma by which a veil changes what is behind it at least, and by which that differs from one picture to the other."""
AWAY = 0.15
"""Luma between the grey and what is behind it, or no share can be told."""
SHARE = (0.15, 0.85)
"""Of the grey, where a veil is looked for: less is hardly seen, and more is an overlay (overlay.py)."""
EVEN = 0.1
"""Difference of the shares that two pictures tell, at most."""
BINS, AGREE = 20, 0.4
"""Shares that are told apart; how many of the places have one of three that follow each other."""
FEWEST = 24
"""Places together that are no chance."""
TOGETHER, MARGIN = 33, 16
"""Pixels within which places belong together; pixels around them in which a veil may go on."""
ROUNDS, SETTLED = 16, 0.01
"""At most; share of the veil that still changes when it is settled. A veil wider than the motion takes several."""
LEAST, MOST = 0.04, 0.9
"""Shares below and above which nothing can be told."""
SMOOTH = 0.7
"""Sigma in pixels of the Gaussian over which a share is told."""
BETTER = 0.4
"""Share of the misfit that a veil may leave, or there is none. Of a logo of half white laid over clips of data/train it
leaves 0.18 to 0.23; of what else looks like a veil on them 0.57 and more."""


@dataclass(frozen=True, slots=True)
class Veil:
    """The same in both pictures."""

    share: Plane
    """Of the grey, 0 to MOST."""
    grey: np.float32

    def taken_from(self, picture: NDArray[np.float32]) -> NDArray[np.float32]:
        """The picture behind it, (H, W) or (H, W, 3)."""
        share = self.share if picture.ndim == 2 else self.share[..., None]
        return np.asarray((picture - share * self.grey) / (1 - share), np.float32)

    def laid_over(self, made: Picture) -> Picture:
        """The picture made of what is behind, and the veil in front of it."""
        return np.asarray(made + (self.grey - made) * self.share[..., None], np.float32)


def find(first: Picture, second: Picture, wide: Motion) -> Veil | None:
    """What changes its background in the same way in both pictures; None where nothing does.

    Args:
        wide: the motion of the surroundings of each pixel.
    """
    if max(np.abs(flow).max() for flow in wide) < MOVING:
        return None
    pair = _Pair(_luma(first), _luma(second), wide.forward, -wide.backward)
    place = _place(pair)
    if place is None:
        return None
    grey, (top, bottom, left, right) = place
    farthest = int(max(np.abs(flow[top:bottom, left:right]).max() for flow in wide)) + 2
    height, width = pair.first.shape
    rows = slice(max(0, top - farthest), min(height, bottom + farthest))
    columns = slice(max(0, left - farthest), min(width, right + farthest))
    region = np.zeros((height, width), np.float32)
    region[top:bottom, left:right] = 1
    part = _Pair(*(each[rows, columns] for each in pair))
    share = _share(part, grey, region[rows, columns])
    if not _better(part, Veil(share, grey)):
        return None
    region[rows, columns] = share
    return Veil(region, grey)


class _Pair(NamedTuple):
    first: Plane
    second: Plane
    onward: Flow
    """From the first to the second, on the grid of the first."""
    back: Flow
    """From the second to the first, on the grid of the second."""

    def behind(self, veil: Veil | None = None) -> Iterator[tuple[Plane, Plane, Flow]]:
        """Each picture, what the other shows without the veil behind its pixels, and the motion there."""
        ways = (self.first, self.second, self.onward), (self.second, self.first, self.back)
        for picture, other, flow in ways:
            clean = other if veil is None else veil.taken_from(other)
            yield picture, warp(clean, flow, 1, cv2.INTER_LINEAR), flow


def _luma(picture: Picture) -> Plane:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.float32)


def _inside(flow: Flow, rows: Places, columns: Places) -> Bits:
    """Whether the other picture shows what is at these pixels."""
    height, width = flow.shape[:2]
    there = flow[rows, columns]
    x, y = there[..., 0] + columns, there[..., 1] + rows
    return np.asarray((x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1), np.bool_)


def _place(pair: _Pair) -> tuple[np.float32, tuple[int, int, int, int]] | None:
    """The grey of a veil, and the top, bottom, left and right of where it may be."""
    (one, behind, onward), (other, behind_other, back) = pair.behind()
    shows = cv2.min(cv2.absdiff(one, behind), cv2.absdiff(other, behind_other)) > SHOWS
    rows, columns = np.nonzero(shows & (cv2.absdiff(behind, behind_other) > DIFFERENT))
    seen = _inside(onward, rows, columns) & _inside(back, rows, columns)
    at = rows[seen], columns[seen]
    if len(at[0]) < FEWEST:
        return None
    planes = [each[at] for each in (one, behind, other, behind_other)]
    found = [_alike(grey, at, planes, one.shape) for grey in GREYS]
    number = int(np.argmax([np.count_nonzero(mask) for mask in found]))
    mask = found[number]
    _, groups = cv2.connectedComponents(cv2.dilate(mask, np.ones((TOGETHER, TOGETHER), np.uint8)))
    kept = np.bincount(groups[mask > 0], minlength=groups.max() + 1) >= FEWEST
    rows, columns = np.nonzero(kept[groups] & (mask > 0))
    if len(rows) == 0:
        return None
    height, width = mask.shape
    top, left = (max(0, int(each.min()) - MARGIN) for each in (rows, columns))
    bottom, right = (int(each.max()) + MARGIN + 1 for each in (rows, columns))
    return GREYS[number], (top, min(height, bottom), left, min(width, right))


def _alike(grey: np.float32, at: tuple[Places, Places], planes: list[Plane], shape: tuple[int, ...]) -> Mask:
    """Where both pictures tell the same share of a grey, and one that most such places have."""
    mask = np.zeros(shape, np.uint8)
    one, behind, other, behind_other = planes
    away, away_other = grey - behind, grey - behind_other
    far = np.minimum(np.abs(away), np.abs(away_other)) > AWAY
    share, share_other = (
        (p - b) / np.where(far, d, 1) for p, b, d in ((one, behind, away), (other, behind_other, away_other))
    )
    mean = (share + share_other) / 2
    same = far & (np.abs(share - share_other) < EVEN) & (np.abs(mean - 0.5) < SHARE[1] - 0.5)
    mask[at[0][same], at[1][same]] = 1
    mask = np.asarray(cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)), np.uint8)
    same = mask[at] > 0
    counts = np.convolve(np.histogram(mean[same], BINS, (0, 1))[0], np.ones(3), "same")
    if counts.max() < max(FEWEST, AGREE * np.count_nonzero(same)):
        return np.zeros_like(mask)
    other_share = np.abs(mean - (np.argmax(counts) + 0.5) / BINS) > 1.5 / BINS
    mask[at[0][other_share], at[1][other_share]] = 0
    return mask


def _ratio(above: Plane, below: Plane) -> Plane:
    above, below = (cv2.GaussianBlur(each, (0, 0), SMOOTH) for each in (above, below))
    return np.asarray(np.minimum(above / (below + np.float32(1e-3)), np.float32(MOST)), np.float32)


def _share(pair: _Pair, grey: np.float32, region: Plane) -> Plane:
    """Of the grey, at each pixel of a region: what explains both pictures, told from the veil's edge inwards."""
    share = np.zeros_like(region)
    everywhere = np.indices(region.shape)
    seen = [_inside(flow, *everywhere) for flow in (pair.onward, pair.back)]
    for _ in range(ROUNDS):
        above, below = np.zeros_like(region), np.zeros_like(region)
        for (picture, behind, _), inside in zip(pair.behind(Veil(share, grey)), seen, strict=True):
            away = (grey - behind) * inside
            above += (picture - behind) * away
            below += away * away
        told = _ratio(above, below)
        told = np.where(told > LEAST, told * region, np.float32(0))
        changed = float(np.abs(told - share).sum())
        share = told
        if changed <= SETTLED * float(share.sum()):
            break
    return share


def _better(pair: _Pair, veil: Veil) -> bool:
    """Whether what is behind a veil fits much better along the motion of its surroundings than what is seen."""
    near = cv2.dilate((veil.share > SHARE[0]).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    if not near.any():
        return False
    clean = veil.taken_from(pair.first), warp(veil.taken_from(pair.second), pair.onward, 1, cv2.INTER_LINEAR)
    left = cv2.absdiff(*clean) * (1 - veil.share)
    before = cv2.absdiff(pair.first, warp(pair.second, pair.onward, 1, cv2.INTER_LINEAR))
    return float(left[near].mean()) < BETTER * float(before[near].mean())
