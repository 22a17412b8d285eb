"""Finding cuts in a stream of frames: pictures are reduced first, and only a few frames are looked at ahead."""

from __future__ import annotations  # torch only for what the pictures are: refusals need not load it

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain, product, repeat
from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from ..base.settings import Moment
from ..errors import UsageError
from ..frame.frame import Colour, Frame, Planes
from .likeness import FAINT, Small, colour_distance, contrast, share_found, unexplained

if TYPE_CHECKING:
    from torch import Tensor

DetectorName = Literal["adaptive", "content", "threshold"]

SIDE, SHORTEST = 160, 32
"""Pixels that detectors see of a picture along its longer side, and along the shorter at least."""
AHEAD = 6
"""Frames that the adaptive detector looks ahead, and back."""
QUIET = 0.22
"""Change that is nothing even in a quiet shot, as a share of the picture's contrast."""
STILL = 0.03
"""The same, where a picture only repeats the one before and says nothing of the motion around it."""
LASTING = 0.7
"""How much of a change must remain between pictures further apart; of a flash less does."""
FEWER, FEWEST = 12, 6
"""Pictures in sight, this one included, below which what is usual around is hardly known, and not at all."""
FAST = 1.5
"""How far beyond the usual the threshold is where pictures are alike: in fast motion some frames differ as much."""
JERK = 2.0
"""And how far beyond QUIET with fewer in sight: a single jerk would set two of them apart."""
STRANGE, ALIEN = 0.15, 0.25
"""Distance of colours that sets pictures apart among many, and with few to go by."""
FOUND_BY_CHANCE = 0.05
"""Share of a picture that another one may have; 0.033 at most in 204 pairs of different scenes."""
BLANK, DRAWN = 1.0, 2.0
"""Contrast below which a picture shows nothing, and above which it shows something again."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A frame with `cut` set where a shot begins, and the score it was judged by."""

    frame: Frame
    score: float
    """What is held against the threshold, in the detector's own unit; 0 for the first frame."""


_Verdict = tuple[Frame, float, bool]
"""A frame, its score, and whether a detector takes it for the first of a shot."""


def mark_cuts(
    frames: Iterable[Frame],
    *,
    detector: DetectorName = "adaptive",
    threshold: float | None = None,
    min_length: Moment = 0,
) -> Iterator[Frame]:
    """The same frames, `cut` set on the first of each shot but the first shot; frames marked already stay so.

    adaptive   hard cuts: pictures that the one before, moved along the optical flow, explains much worse than is usual
               around them (`threshold` times), and that stay; and fades: the first picture after an empty one. Where
               fewer than a dozen pictures are in sight, at the ends and in short clips, nothing tells what is usual:
               there a picture must have nothing in common with the one before, or stand out by far
    content    hard cuts: pictures whose hue, saturation and brightness differ from the one before by `threshold`
               (0 to 255) on average; of several in a row the first
    threshold  fades: the first picture as bright as `threshold` (0 to 255, mean of red, green, blue) after darker ones

    Args:
        threshold: None: the detector's own in DETECTORS; those of content and threshold mean what they mean in
            PySceneDetect.
        min_length: seconds, or frames as an int; a cut sooner than that after the one before, or after the first
            frame, does not count.

    Raises:
        UsageError: no such detector, a threshold of 0 or less, a length below 0.
    """
    judged = judge(frames, detector=detector, threshold=threshold, min_length=min_length)
    return (each.frame for each in judged)


def judge(
    frames: Iterable[Frame],
    *,
    detector: DetectorName = "adaptive",
    threshold: float | None = None,
    min_length: Moment = 0,
) -> Iterator[Judged]:
    """As `mark_cuts`, with every frame's score; what is wrong is raised here, not with the first frame."""
    if detector not in DETECTORS:
        raise UsageError(f"there is no detector {detector!r}; choose one of {', '.join(DETECTORS)}")
    rule, default = DETECTORS[detector]
    if threshold is not None and not threshold > 0:
        raise UsageError(f"threshold {threshold:g} must be above 0; {detector} has {default:g}")
    if min_length < 0:
        raise UsageError(f"the shortest shot cannot last {float(min_length):g}; give 0 or more")
    return _long_enough(rule(frames, default if threshold is None else threshold), min_length)


def _long_enough(found: Iterable[_Verdict], length: Moment) -> Iterator[Judged]:
    """The frames with their marks, those left out that would end a shot sooner than `length`."""
    began: Moment | None = None
    for number, (frame, score, is_cut) in enumerate(found):
        now = number if isinstance(length, int) else frame.pts
        cut = is_cut or frame.cut
        if began is not None and cut and now - began < length:
            cut = False
        elif began is None or cut:
            began = now
        yield Judged(replace(frame, cut=cut), score)


@dataclass(frozen=True, slots=True)
class _Look:
    """What the adaptive detector sees of a frame."""

    frame: Frame
    small: Small
    """Y, U, V."""
    contrast: float
    change: float
    """`unexplained` by the picture before; 0 for the first."""


def _adaptive(frames: Iterable[Frame], threshold: float) -> Iterator[_Verdict]:
    past: deque[_Look] = deque(maxlen=AHEAD)
    ahead: deque[_Look] = deque()
    was_drawn = blank = False
    before: Small | None = None
    for frame in chain(frames, repeat(None, AHEAD)):  # None: nothing more comes
        if frame is not None:
            small = _yuv(frame.picture)
            change = 0.0 if before is None else unexplained(before, small)
            ahead.append(_Look(frame, small, contrast(small), change))
            before = small
        if not ahead or (frame is not None and len(ahead) <= AHEAD):
            continue
        now = ahead.popleft()
        score = _prominence(past, now, ahead)
        hard = (
            score >= threshold
            and _is_peak(past, now, ahead)
            and _lasts(past, now, ahead)
            and _is_strange(past, now, ahead, threshold)
        )
        drawn = now.contrast > DRAWN
        fade = drawn and blank
        was_drawn |= drawn
        blank = was_drawn and not drawn and (blank or now.contrast < BLANK)
        past.append(now)
        yield now.frame, score, hard or fade


def shows_something(picture: Planes | Tensor) -> bool:
    """Whether a picture is none of the empty ones of a fade; the adaptive detector then forgets those before."""
    return contrast(_yuv(picture)) > DRAWN


def _prominence(
    past: Sequence[_Look], now: _Look, ahead: Sequence[_Look], *, times: float = 1.0, quiet: float = 1.0
) -> float:
    """The change over the usual one, `times` as much, and over QUIET, `quiet` times as much; the lower of both.

    The usual one is the second greatest change among two moving pictures on either side. The greatest may be another
    cut, a flash, or the other half of this cut where a blend of both shots lies between; at an end of the video, with
    fewer pictures to go by, it counts.
    """
    scale = max(now.contrast, past[-1].contrast if past else 0.0) + FAINT
    sides = [
        [look.change for look in side if look.change > STILL * scale][:2]
        for side in (reversed(past), ahead)  # the nearest first
    ]
    around = sorted(chain(*sides), reverse=True)
    at_an_end = min(len(past), len(ahead)) < 2
    usual = 0.0 if not around else around[0] if at_an_end or len(around) == 1 else around[1]
    return now.change / max(times * usual, quiet * QUIET * scale)


def _is_peak(past: Sequence[_Look], now: _Look, ahead: Sequence[_Look]) -> bool:
    return all(now.change >= beside.change for beside in (*list(past)[-1:], *list(ahead)[:1]))


def _lasts(past: Sequence[_Look], now: _Look, ahead: Sequence[_Look]) -> bool:
    """Whether the pictures from here on differ from those before at any distance up to three frames."""
    before, after = list(past)[:-4:-1], [now, *list(ahead)[:2]]
    return all(
        unexplained(one.small, other.small) >= LASTING * now.change
        for (back, one), (on, other) in product(enumerate(before), enumerate(after))
        if 1 <= back + on <= 2
    )


def _is_strange(past: Sequence[_Look], now: _Look, ahead: Sequence[_Look], threshold: float) -> bool:
    """Whether it is no part of the shot before: it stands out even for fast motion, or has nothing in common with it.

    The fewer pictures are in sight, the less it means that one stands out.
    """
    if not past:
        return False
    in_sight = len(past) + 1 + len(ahead)
    few = in_sight < FEWER
    if in_sight >= FEWEST and _prominence(past, now, ahead, times=FAST, quiet=JERK if few else 1) >= threshold:
        return True
    before = past[-1].small
    far = colour_distance(before, now.small) > (ALIEN if few else STRANGE)
    return far and share_found(before, now.small) < FOUND_BY_CHANCE


def _difference(one: Small, other: Small) -> float:
    return sum(cv2.mean(cv2.absdiff(one, other))[:3]) / 3


def _content(frames: Iterable[Frame], threshold: float) -> Iterator[_Verdict]:
    before: Small | None = None
    above = False
    for frame in frames:
        small = cv2.cvtColor(_rgb(frame.picture), cv2.COLOR_RGB2HSV)
        score = 0.0 if before is None else _difference(before, small)
        yield frame, score, score >= threshold and not above
        before, above = small, score >= threshold


def _threshold(frames: Iterable[Frame], threshold: float) -> Iterator[_Verdict]:
    was_lit = dark = False
    for frame in frames:
        score = sum(cv2.mean(_rgb(frame.picture))[:3]) / 3
        yield frame, score, was_lit and dark and score >= threshold
        dark = score < threshold
        was_lit |= not dark


def _yuv(picture: Planes | Tensor) -> Small:
    """Reduced, 8 bits whatever the depth."""
    if not isinstance(picture, Planes):
        return np.asarray(cv2.cvtColor(_rgb(picture), cv2.COLOR_RGB2YUV))
    return np.asarray(cv2.convertScaleAbs(_reduced(picture), alpha=255 / ((1 << picture.colour.depth) - 1)))


def _rgb(picture: Planes | Tensor) -> Small:
    """Reduced, by the colour rules of the source."""
    if not isinstance(picture, Planes):
        small = _reduced(picture) * 255
    else:
        small = cv2.transform(_reduced(picture).astype(np.float32), _to_rgb(picture.colour))
    return np.asarray(np.clip(np.rint(small), 0, 255), np.uint8)


@lru_cache(maxsize=16)
def _to_rgb(colour: Colour) -> NDArray[np.float32]:
    """(3, 4): code values to RGB in [0, 255], read off from what 0 and one step of each code become."""
    import torch

    from ..frame.colour import to_rgb

    y, u, v = torch.cat((torch.zeros(3, 1), torch.eye(3)), 1)[:, None]
    rgb = to_rgb(Planes(y, u, v, colour, 0, 0))[:, 0] * 255
    return np.asarray(torch.cat((rgb[:, 1:] - rgb[:, :1], rgb[:, :1]), 1), np.float32)


def _reduced(picture: Planes | Tensor) -> NDArray[np.generic]:
    """(h, w, 3) of Y, U, V or R, G, B, in the samples' own type."""
    all_planes = (picture.y, picture.u, picture.v) if isinstance(picture, Planes) else picture
    planes = [plane for plane in all_planes if plane is not None]
    height, width = planes[0].shape
    scale = SIDE / max(height, width)
    size = max(SHORTEST, round(width * scale)), max(SHORTEST, round(height * scale))
    small = []
    for plane in planes:
        # Four rows make one as well as twelve do, in half the time.
        rows = plane.numpy()[:: max(1, plane.shape[0] // (4 * size[1]))]
        small.append(cv2.resize(rows, size, interpolation=cv2.INTER_AREA))
    if isinstance(picture, Planes) and len(small) == 1:
        neutral = np.full_like(small[0], 1 << (picture.colour.depth - 1))
        return np.dstack((small[0], neutral, neutral))
    return np.asarray(cv2.merge(small))


_Rule = Callable[[Iterable[Frame], float], Iterator[_Verdict]]

DETECTORS: dict[DetectorName, tuple[_Rule, float]] = {
    "adaptive": (_adaptive, 1.6),
    "content": (_content, 27.0),
    "threshold": (_threshold, 12.0),
}
"""Each detector and its usual threshold."""
