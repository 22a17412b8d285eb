"""Which moments of a video tell most: where most moves, where there is most detail, where it is darkest."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ...video.facts.glances import Glance, glances, pairs
from ...video.facts.info import VideoInfo

PLACES = 24
"""At which a video is looked at."""
SHORT = 300
"""Frames of a video that is looked at from its beginning, where its key frames are too few."""
BLACK = 12.0
"""Mean luma, of 255, of a picture that shows nothing."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One moment to be shown."""

    time: Fraction
    """Seconds from the start."""
    why: str


@dataclass(frozen=True, slots=True)
class _Seen:
    time: Fraction
    motion: float
    detail: float
    light: float


def telling(info: VideoInfo) -> list[Moment]:
    """Up to three moments, in order; of pictures, and where nothing can be told, one in the middle."""
    seen = list(_look(info)) if info.kind == "video" else []
    shown = [each for each in seen if each.light > BLACK] or seen
    chosen: dict[Fraction, str] = {}
    for why, value in (
        ("most motion", lambda each: each.motion),
        ("most detail", lambda each: each.detail),
        ("darkest", lambda each: -each.light),
    ):
        left = [each for each in shown if each.time not in chosen]
        if left:
            chosen[max(left, key=value).time] = why
    if not chosen:
        return [Moment((info.duration or Fraction(0)) / 2, "the middle")]
    return [Moment(time, why) for time, why in sorted(chosen.items())]


def _look(info: VideoInfo) -> Iterator[_Seen]:
    found = {each.time: each for each in _judged(glances(info, places=PLACES, at_once=2))}
    if len(found) < 3:
        frames = SHORT if info.duration is None else min(SHORT, int(info.duration * info.rate) + 1)
        found |= {each.time: each for each in _judged(pairs(info, step=max(2, frames // PLACES), most=SHORT))}
    yield from found.values()


def _judged(looks: Iterable[Glance]) -> Iterator[_Seen]:
    for look in looks:
        lumas = look.lumas()
        if len(lumas) == 2 and lumas[0].shape == lumas[1].shape:
            down, across = np.abs(np.diff(lumas[0], axis=0)), np.abs(np.diff(lumas[0], axis=1))
            motion = float(np.abs(lumas[1] - lumas[0]).mean())
            yield _Seen(look.time, motion, float(down.mean() + across.mean()), float(lumas[0].mean()))
