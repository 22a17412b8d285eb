"""Repeated patterns, fences and stairs: where several motions match equally well, that of the rest of the picture.

A search finds any of the answers that are a period apart, and another one beside it, so that a pattern jumps. The rest
of the picture shows which of them is meant: the camera's motion also explains what no other motion does.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from .paths import Grey, Motion
from .warp import Flow, warp

SMALLER = 2
"""Times, each way, that pictures are made smaller for the comparison."""
AROUND = 17
"""Pixels of those, a side, that are judged together."""
EACH = 8
"""Pixels each way, of the whole picture, of which one is asked how it moves."""
MOST = 4
"""Motions that are tried: those that most of the picture has."""
BIN, APART = 2.0, 3.0
"""Pixels, of the whole picture: what counts as one motion, and by how much another one differs from it."""
SHARE, ALONE = 0.02, 0.15
"""Of the picture that has a motion which is tried, and that it must explain and no other: then it is the camera's."""
SLIGHT, EQUAL, WORSE = 1.0, 1.2, 2.0
"""Codes of mean difference that do not count; times as much that counts as the same, and as clearly more."""
FEWEST = 0.1
"""Share of the pixels around one that the other picture must show, too, or a motion explains nothing."""
NOTHING = np.float32(255)
"""The mean difference of a motion that explains nothing."""
CONTRAST = 8.0
"""Codes of mean contrast below which nothing repeats."""


def settled(first: Grey, second: Grey, motion: Motion) -> Motion:
    """The motion that was found, with every pattern moved as the rest of the picture shows; luma of one size."""
    return Motion(_settled(first, second, motion.forward), -_settled(second, first, -motion.backward))


def _settled(first: Grey, second: Grey, flow: Flow) -> Flow:
    motions = _most(flow)
    if len(motions) < 2:
        return flow
    height, width = first.shape
    size = max(1, width // SMALLER), max(1, height // SMALLER)
    one, other = (
        np.asarray(cv2.resize(each, size, interpolation=cv2.INTER_AREA), np.uint8) for each in (first, second)
    )
    found = np.asarray(cv2.resize(flow, size, interpolation=cv2.INTER_NEAREST), np.float32)
    costs = [_cost(one, other, np.full_like(found, motion)) for motion in motions]
    bar = EQUAL * _cost(one, other, found) + SLIGHT
    free = _mean(cv2.absdiff(one, np.asarray(cv2.blur(one, (AROUND, AROUND)), np.uint8))) > CONTRAST
    alone = [_alone(number, costs, free) for number in range(len(motions))]
    result, mask = found.copy(), np.zeros(free.shape, np.uint8)
    for number in sorted(range(len(motions)), key=lambda each: -alone[each]):
        if alone[number] < ALONE:
            break
        fits = free & (costs[number] <= bar)
        free &= ~fits
        apart = np.abs(found - motions[number])
        fits &= np.maximum(apart[..., 0], apart[..., 1]) > APART
        result[fits] = motions[number]
        mask[fits] = 1
    if not mask.any():
        return flow
    chosen, settled = (cv2.resize(each, (width, height), interpolation=cv2.INTER_NEAREST) for each in (mask, result))
    return np.where(chosen[..., None] > 0, settled, flow)


def _most(flow: Flow) -> list[Flow]:
    """The motions that most of the picture has, (2,) each."""
    sample = flow[::EACH, ::EACH].reshape(-1, 2)
    bins = np.rint(sample / BIN).astype(np.int64) @ np.array((1 << 20, 1))
    _, member, counts = np.unique(bins, return_inverse=True, return_counts=True)
    found: list[Flow] = []
    for number in np.argsort(-counts):
        if counts[number] < SHARE * len(sample) or len(found) == MOST:
            break
        here = np.median(sample[member == number], axis=0)
        if all(np.abs(here - other).max() > APART for other in found):
            found.append(np.asarray(here, np.float32))
    return found


def _cost(one: Grey, other: Grey, flow: Flow) -> NDArray[np.float32]:
    """Mean difference around each pixel of what both pictures show; `flow` in pixels of the whole picture."""
    height, width = one.shape
    x = np.arange(width, dtype=np.float32) + flow[..., 0] / SMALLER
    y = np.arange(height, dtype=np.float32)[:, None] + flow[..., 1] / SMALLER
    seen = ((x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)).astype(np.float32)
    apart = cv2.absdiff(one, warp(other, flow, 1 / SMALLER, cv2.INTER_CUBIC))
    share = _mean(seen)
    return np.where(share < FEWEST, NOTHING, _mean(apart * seen) / np.maximum(share, FEWEST))


def _mean(image: Grey | NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.blur(image.astype(np.float32), (AROUND, AROUND)), np.float32)


def _alone(number: int, costs: list[NDArray[np.float32]], detail: NDArray[np.bool_]) -> float:
    """Share of the picture that one motion explains and no other."""
    others = np.min([cost for each, cost in enumerate(costs) if each != number], axis=0)
    return float(np.mean(detail & (WORSE * costs[number] + SLIGHT < others)))
