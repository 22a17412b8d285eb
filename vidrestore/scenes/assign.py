"""The scene of each frame, by cuts or by a list."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import chain, groupby
from operator import attrgetter
from typing import NamedTuple

from ..errors import UsageError
from ..frame.frame import Frame
from .list import Scene

ROUNDED = Fraction(1, 500)
"""Seconds by which the times of a list, which are whole milliseconds, may be off."""

ENDLESS = 10**12
"""More frames, or seconds, than any video has."""


class Placed(NamedTuple):
    """A frame and where it lies."""

    scene: int
    """Counted from 0: by cuts, or along the list."""
    number: int
    """Of the frame in the video, counted from 0."""
    frame: Frame


def by_cuts(frames: Iterable[Frame]) -> Iterator[Placed]:
    """Every frame, in the scene that the last cut began."""
    scene = 0
    for number, frame in enumerate(frames):
        scene += bool(frame.cut and number)
        yield Placed(scene, number, frame)


def by_list(
    frames: Iterable[Frame], scenes: Sequence[Scene], *, by_time: bool = False, first: int = 0
) -> Iterator[Placed]:
    """The frames that lie in `scenes`, which follow one another; none is read after the last scene.

    Args:
        first: the number of the first frame that comes; not with by_time.
        by_time: goes not by the list's frame numbers but by its times, counted from the first frame as PySceneDetect
            counts them: where the rate varies its frame numbers are guesses.

    Raises:
        UsageError: by_time, and the list has no times.
    """
    if by_time and any(scene.start is None or scene.end is None for scene in scenes):
        raise UsageError("the list of scenes has no times; go by its frame numbers")
    return _by_list(frames, scenes, by_time=by_time, first=first)


def _by_list(frames: Iterable[Frame], scenes: Sequence[Scene], *, by_time: bool, first: int) -> Iterator[Placed]:
    index, began = 0, Fraction(0)
    for number, frame in enumerate(frames, first):
        began = began if number else frame.pts
        moment = frame.pts - began + min(frame.duration / 2, ROUNDED) if by_time else None
        while index < len(scenes) and _is_over(scenes[index], number, moment):
            index += 1
        if index == len(scenes):
            return
        if _has_begun(scenes[index], number, moment):
            yield Placed(index, number, frame)


def _has_begun(scene: Scene, number: int, moment: Fraction | None) -> bool:
    return number >= scene.first if moment is None or scene.start is None else moment > scene.start


def _is_over(scene: Scene, number: int, moment: Fraction | None) -> bool:
    return number > scene.last if moment is None or scene.end is None else moment > scene.end


def cut_by_list(
    frames: Iterable[Frame],
    scenes: Sequence[Scene],
    *,
    by_time: bool = False,
    first: int = 0,
    say: Callable[[str], None] = lambda _: None,
) -> Iterator[Frame]:
    """Every frame, `cut` set where a scene of a list begins, and where one ends that no other follows at once.

    Args:
        first: as for `by_list`.
        say: told, after the last frame, how many scenes never came.

    Raises:
        UsageError: as `by_list`.
    """
    placed = by_list(frames, list(_without_holes(scenes)), by_time=by_time, first=first)
    last, count = None, first
    for scene, _, frame in placed:
        yield replace(frame, cut=last not in (None, scene))
        last, count = scene, count + 1
    if missed := sum(scene.first >= count for scene in scenes):
        say(f"scenes of the list that are not in the video, which has {count} frames: {missed}")


def _without_holes(scenes: Sequence[Scene]) -> Iterator[Scene]:
    """The same scenes, and what lies before, between and after them as scenes of their own."""
    first: int = 0
    start: Fraction | None = Fraction(0)
    for scene in scenes:
        if scene.first > first:
            yield Scene(first, scene.first - 1, start, scene.start)
        yield scene
        first, start = scene.last + 1, scene.end
    yield Scene(first, ENDLESS, start, Fraction(ENDLESS))


def collect_scenes(placed: Iterable[Placed], *, into: dict[int, Scene]) -> Iterator[Placed]:
    """The same; `into` gets each scene met, under its number, its end following its frames."""
    for each in placed:
        frame, end = each.frame, each.frame.pts + each.frame.duration
        known = into.get(each.scene, Scene(each.number, each.number, frame.pts))
        into[each.scene] = replace(known, last=each.number, end=end)
        yield each


def by_scene(placed: Iterable[Placed]) -> Iterator[tuple[int, Fraction, Iterator[Placed]]]:
    """Each scene met: its number, when it begins, and its frames, whose times here begin with 0."""
    for number, scene in groupby(placed, key=attrgetter("scene")):
        frames = iter(scene)
        first = next(frames)
        yield number, first.frame.pts, _from_zero(chain((first,), frames), first.frame.pts)


def _from_zero(placed: Iterable[Placed], zero: Fraction) -> Iterator[Placed]:
    return (each._replace(frame=replace(each.frame, pts=each.frame.pts - zero)) for each in placed)


def mismatches(
    listed: Sequence[Scene], met: Mapping[int, Scene], *, frames: int, began: Fraction, by_time: bool = False
) -> Iterator[str]:
    """One line on each scene of a list that a video does not have, or not as listed.

    Args:
        frames: how many the video has.
        began: when its first one appears.
    """
    for index, scene in enumerate(listed):
        where = f"scene {index + 1} of the list, frames {scene.first + 1} to {scene.last + 1}"
        if index not in met:
            yield f"{where}, is not in the video, which has {frames} frames"
        elif not by_time and met[index].frames != scene.frames:
            yield f"{where}, became frames {met[index].first + 1} to {met[index].last + 1}"
        elif not by_time and scene.start is not None and not _agrees(met[index], scene.start, began):
            here, there = (float(start) for start in (met[index].times[0], scene.start))
            yield f"{where}, begins at {here:.3f} s, not at {there:.3f} s as listed; --by-time goes by the list's times"


def _agrees(met: Scene, start: Fraction, began: Fraction) -> bool:
    """Whether a listed time is the scene's, to half a frame, counted from 0 or from the first frame."""
    begins, ends = met.times
    half = (ends - begins) / met.frames / 2
    return min(abs(begins - start), abs(begins - began - start)) <= half
