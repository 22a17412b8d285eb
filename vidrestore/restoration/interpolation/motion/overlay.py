"""What stands still in front of moving pictures: subtitles, logos, letterbox bars.

A dense search carries letters along with what moves behind them, and what is behind does not move right beside them.
So letters are found, the motion behind them is continued from around, and they are laid over the result again.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from .exposure import Exposure
from .paths import Motion
from .warp import Flow, Picture, warp

Mask = NDArray[np.float32]
"""(H, W), a share."""
Bits = NDArray[np.bool_]
Codes = NDArray[np.uint8]
"""RGB in 8 bits, (H, W, 3); or one plane of it, (H, W)."""

STILL = 5
"""Codes of 8 bits by which what stands still changes at most; compression makes as much."""
NOISE = 20
"""The same of what lies between pixels that stand still."""
APART = 14
"""Codes more than it changes, by which an overlay misfits if it is thought to move with its surroundings."""
EDGE = 38
"""Codes of contrast that no overlay is without."""
BLACK = 30
"""Codes of the brightest pixel of a letterbox bar."""
AROUND = 16
"""Pixels a side that count as one where the motion of the surroundings is told: 5 times 5 of them, twice."""
MOVING = 1.0
"""Pixels that surroundings move at least."""
FEWEST = 24
"""Pixels of a group of letters that are no chance, at least."""
BESIDE, ENOUGH = 31, 0.04
"""Pixels on a side of an overlay in which the surroundings are seen to move, and the share of them that must."""
NEAR = 3
"""Pixels around a letter within which another belongs to its group, twice."""
RIM = 2
"""Pixels around letters that hold a share of them."""
SPOILED = (16, 24)
"""Pixels around an overlay where the search may have taken its stillness for that of what is behind."""
BETTER = 1.0
"""Share of the misfit around an overlay that may be left once the motion behind it is continued from around."""
ONCE = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, slots=True)
class Overlay:
    """Where it is, the same in both pictures, and what moves behind it."""

    inside: Mask
    """1 where it hides what is behind it, less on its rim."""
    touched: Mask
    """1 where it has any share, else 0."""
    motion: Motion
    """Of what is behind it."""

    def taken_from(self, picture: Picture) -> Picture:
        """The picture, what is behind continued smoothly."""
        return _continued(picture, 1 - self.touched)

    def laid_over(self, made: Picture, first: Picture, second: Picture, time: float) -> Picture:
        """The picture made of what is behind, and the overlay in front of it."""
        front = cv2.addWeighted(first, 1 - time, second, time, 0)
        return np.asarray(made + (front - made) * self.inside[..., None], np.float32)

    def seen(self, one: Picture, other: Picture, flows: tuple[Flow, Flow], time: float) -> tuple[Picture, Picture]:
        """Two pictures that were moved along `flows` to `time`; what the overlay hid in one is as the other has it."""
        hid = warp(self.touched, flows[0], -time, cv2.INTER_LINEAR)
        hid_other = warp(self.touched, flows[1], 1 - time, cv2.INTER_LINEAR)
        apart = other - one
        share, share_other = hid * (1 - hid_other), hid_other * (1 - hid)
        return one + apart * share[..., None], other - apart * share_other[..., None]


class _Pair(NamedTuple):
    first: Codes
    second: Codes

    def misfits(self, motion: Motion) -> tuple[Codes, Codes]:
        """Largest difference of a channel from what the other picture shows along `motion`."""
        onward = warp(self.second, motion.forward, 1, cv2.INTER_LINEAR)
        back = warp(self.first, motion.backward, -1, cv2.INTER_LINEAR)
        return _apart(self.first, onward), _apart(self.second, back)


def find(first: Picture, second: Picture, motion: Motion, wide: Motion, exposure: Exposure | None) -> Overlay | None:
    """What stands still although its surroundings move, and letterbox bars; None where nothing does.

    Args:
        motion: as it was found.
        wide: that of the surroundings.
        exposure: the change of light that the surroundings, but no overlay, take part in.
    """
    if max(np.abs(flow).max() for flow in wide) < MOVING:
        return None
    pair = _Pair(_codes(first), _codes(second))
    level = pair if exposure is None else _Pair(pair.first, _codes(exposure.second_at(second, 0)))
    bars = _bars(pair)
    letters = _letters(_apart(*pair), level, wide) & ~bars
    if not (bars.any() or letters.any()):
        return None
    touched = cv2.dilate(letters.astype(np.uint8), ONCE, iterations=RIM) | bars
    kept, behind = _behind(level, motion, wide, touched, bars)
    if not kept.any():
        return None
    rim = cv2.blur(cv2.dilate((letters & kept).astype(np.float32), ONCE), (3, 3))
    return Overlay(np.maximum(rim, bars.astype(np.float32)), (touched * kept).astype(np.float32), behind)


def _codes(picture: Picture) -> Codes:
    return np.asarray(cv2.multiply(picture, (255, 255, 255, 0), dtype=cv2.CV_8U), np.uint8)  # rounds and saturates


def _letters(rest: Codes, pair: _Pair, around: Motion) -> Bits:
    """What changes by `rest` only, and fits nothing in `pair` along the motion of its surroundings."""
    contrast = _contrast(pair.first)
    still = rest < STILL
    if np.count_nonzero(still & (contrast > EDGE)) < FEWEST:
        return np.zeros_like(still)
    onward, back = pair.misfits(around)
    bar = cv2.add(rest, APART)  # saturates
    # What a moving thing uncovers or hides stands still, too, and misfits on one side; letters do on both.
    sure = (np.minimum(onward, back) > bar) & (contrast > EDGE) & _surrounded(cv2.subtract(rest, onward) > APART)
    seeds = _in_groups(still & (np.maximum(onward, back) > bar), still & sure)
    closed = cv2.morphologyEx(seeds.astype(np.uint8), cv2.MORPH_CLOSE, ONCE, iterations=NEAR)
    return np.asarray(seeds | ((closed > 0) & (rest < NOISE)), np.bool_)


def around(motion: Motion) -> Motion:
    """The median motion in the wide surroundings of each pixel."""
    return Motion(*map(_around, motion))


def _around(flow: Flow) -> Flow:
    height, width = flow.shape[:2]
    small = max(1, round(width / AROUND)), max(1, round(height / AROUND))
    planes = []
    for plane in cv2.split(flow):
        median = cv2.resize(plane, small, interpolation=cv2.INTER_AREA)
        for _ in range(2):
            median = cv2.medianBlur(median, 5)
        planes.append(cv2.resize(median, (width, height), interpolation=cv2.INTER_LINEAR))
    return np.asarray(cv2.merge(planes), np.float32)


def _apart(one: Codes, other: Codes) -> Codes:
    """Largest difference of a channel."""
    return _brightest(cv2.absdiff(one, other))


def _brightest(picture: Codes) -> Codes:
    """The largest channel of each pixel; NumPy's maximum over three takes forty times as long."""
    red, green, blue = cv2.split(picture)
    return np.asarray(cv2.max(cv2.max(red, green), blue), np.uint8)


def _contrast(picture: Codes) -> Codes:
    """Between the brightest and the darkest of 3x3 pixels."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.morphologyEx(grey, cv2.MORPH_GRADIENT, ONCE), np.uint8)


def _surrounded(moving: Bits) -> Bits:
    """Whether enough moves with the surroundings on three sides of a pixel at least."""
    height, width = moving.shape
    share = cv2.blur(moving.astype(np.float32), (BESIDE, BESIDE), borderType=cv2.BORDER_REPLICATE)
    half = BESIDE // 2 + 1
    padded = cv2.copyMakeBorder(share, half, half, half, half, cv2.BORDER_REPLICATE) > ENOUGH
    sides = [(0, half), (2 * half, half), (half, 0), (half, 2 * half)]
    seen = sum((padded[y : y + height, x : x + width].astype(np.uint8) for y, x in sides), np.zeros((), np.uint8))
    return np.asarray(seen >= 3, np.bool_)


def _in_groups(mask: Bits, sure: Bits) -> Bits:
    """What of `mask` is in groups with enough pixels that are sure."""
    _, groups = cv2.connectedComponents(cv2.dilate(mask.astype(np.uint8), ONCE, iterations=NEAR))
    keep = np.bincount(groups[mask & sure], minlength=groups.max() + 1) >= FEWEST
    return np.asarray(mask & keep[groups], np.bool_)


def _bars(pair: _Pair) -> Bits:
    """Rows and columns from the edges of the picture that are black in both, where not all is."""
    bright = np.asarray(cv2.max(*map(_brightest, pair)), np.uint8)
    rows, columns = np.flatnonzero(bright.max(axis=1) >= BLACK), np.flatnonzero(bright.max(axis=0) >= BLACK)
    bars = np.zeros(bright.shape, np.bool_)
    if len(rows) and len(columns):
        bars[: rows[0]] = bars[rows[-1] + 1 :] = True
        bars[:, : columns[0]] = bars[:, columns[-1] + 1 :] = True
    return bars


def _behind(pair: _Pair, motion: Motion, around: Motion, touched: Codes, bars: Bits) -> tuple[Bits, Motion]:
    """What of an overlay makes its neighbours fit better if motion behind it is continued from around; that motion.

    A thing at rest behind a moving one looks like an overlay in all else.
    """
    wide = cv2.dilate(touched, ONCE, iterations=SPOILED[0])
    count, groups = cv2.connectedComponents(wide)
    small = _judged(pair, motion, around, touched, groups, count)
    least, *others = small
    keep = np.bincount(groups[bars], minlength=count) > 0
    chosen, best = np.zeros(count, np.int32), np.where(keep, least, BETTER * least)
    for number, left in enumerate(others, 1):
        chosen[left < best] = number
        best = np.minimum(left, best)
    keep |= chosen > 0
    keep[0] = False
    if not keep.any():
        return keep[groups], motion
    result = Motion(*(flow.copy() for flow in motion))
    for number, candidate in enumerate(_candidates(motion, around, touched, 1), 1):
        here = ((chosen == number) & keep)[groups]
        for flow, other in zip(result, candidate, strict=True):
            flow[here] = other[here]
    return keep[groups], result


def _judged(
    pair: _Pair, motion: Motion, around: Motion, touched: Codes, groups: NDArray[np.int32], count: int
) -> list[NDArray[np.float64]]:
    """Mean misfit beside each group, with the motion that was found and with each candidate; on half of the size."""
    height, width = touched.shape
    size = max(1, width // 2), max(1, height // 2)

    def halved(image: NDArray[np.uint8] | Flow, how: int = cv2.INTER_AREA) -> Any:  # noqa: ANN401 - of the same type
        return cv2.resize(image, size, interpolation=how)

    pair = _Pair(*map(halved, pair))
    motion, around = (Motion(*(halved(flow) / 2 for flow in each)) for each in (motion, around))
    groups, touched = halved(groups.astype(np.float32), cv2.INTER_NEAREST).astype(np.int32), halved(touched * 255) > 0
    free = (~touched).astype(np.uint8)
    beside = (free > 0) & (groups > 0)

    def misfit(found: Motion) -> NDArray[np.float64]:
        # What is hidden on its way is not looked at, wherever it is hidden.
        total = np.zeros(count)
        for apart, flow, share in zip(pair.misfits(found), found, (1, -1), strict=True):
            seen = beside & (warp(free, flow, share, cv2.INTER_NEAREST) > 0)
            members = groups[seen]
            total += np.bincount(members, apart[seen], count) / np.maximum(np.bincount(members, None, count), 1)
        return total

    return [misfit(motion), *map(misfit, _candidates(motion, around, touched.astype(np.uint8), 2))]


def _candidates(motion: Motion, around: Motion, touched: Codes, smaller: int) -> Iterator[Motion]:
    """Of pictures that are `smaller` times smaller each way."""
    masks = [cv2.dilate(touched, ONCE, iterations=spoiled // smaller) > 0 for spoiled in SPOILED]
    for mask in masks:
        yield Motion(*(_continued(flow, (~mask).astype(np.float32)) for flow in motion))
    whole = Motion(*(np.median(flow[::8, ::8], axis=(0, 1)) for flow in around))
    for wide in (whole, around):
        yield Motion(*(np.where(masks[0][..., None], one, flow) for one, flow in zip(wide, motion, strict=True)))


def _continued(image: NDArray[np.float32], known: Mask) -> NDArray[np.float32]:
    """(H, W, C), unknown pixels as a coarser image of the known ones shows them."""
    height, width = known.shape
    if max(height, width) == 1 or known.min() > 0:
        return image
    size = (width + 1) // 2, (height + 1) // 2
    share = cv2.resize(known, size, interpolation=cv2.INTER_AREA)
    total = cv2.resize(image * known[..., None], size, interpolation=cv2.INTER_AREA)
    smaller = np.asarray(total / np.maximum(share, 1e-6)[..., None], np.float32)
    coarse = _continued(smaller, (share > 0).astype(np.float32))
    enlarged = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.where(known[..., None] > 0, image, enlarged)
