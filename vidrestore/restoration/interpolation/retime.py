"""Retimer: new frames between those of a shot, at the times asked for. Frames of the source pass untouched."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from itertools import islice, pairwise
from time import perf_counter

import torch
from torch import Tensor

from ...base.facts import Facts
from ...base.settings import OnCut
from ...engine.precisely import precisely
from ...engine.run import facts_of
from ...engine.transfer import upload
from ...frame.colour import to_rgb
from ...frame.frame import Frame, Planes
from ...video.facts.repeats import LONGEST, MOST
from .interpolator import Begun, Installed
from .timing import Gap, Span, Timing

AT_ONCE = 8
"""Pictures made in one go: a gap of seconds would fill the memory."""
Marked = tuple[Frame, bool]
"""A frame, and whether it only repeats the picture before it, as `mark_repeats` tells."""


@dataclass(frozen=True)
class _Source:
    """A frame of the source."""

    frame: Frame
    number: int
    shot: int
    repeats: bool
    origin: Fraction
    device: torch.device

    @property
    def end(self) -> Fraction:
        return self.frame.pts + self.frame.duration

    @property
    def gap(self) -> Gap:
        return Gap(self.number, self.frame.pts, self.frame.duration, self.origin)

    @cached_property
    def rgb(self) -> Tensor:
        """(3, H, W) float32, converted once, and only where something is made of it."""
        picture = upload(self.frame.picture, self.device)
        with precisely():
            return (to_rgb(picture) if isinstance(picture, Planes) else picture).float()


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A picture with its repeats, and what comes after them."""

    held: tuple[_Source, ...]
    following: _Source | None

    @property
    def ends_shot(self) -> bool:
        return self.following is None or self.following.shot != self.held[0].shot

    @property
    def lasts(self) -> Fraction:
        """Seconds until what comes after."""
        return self.held[-1].end - self.held[0].frame.pts


def _sources(frames: Iterable[Marked], device: torch.device, absent: int, origin: Fraction) -> Iterator[_Source]:
    shot, size = 0, None
    for number, (frame, repeats) in enumerate(frames, absent):
        origin = origin if number else frame.pts
        shot += frame.cut or size not in (None, frame.size)
        size = frame.size
        yield _Source(frame, number, shot, repeats, origin, device)


def _stretches(frames: Iterable[_Source]) -> Iterator[_Stretch]:
    """Each picture with its repeats. What stands still, or ends a shot, comes one frame at a time."""
    held: list[_Source] = []
    still = False
    for seen in frames:
        if held and seen.repeats and seen.shot == held[0].shot and not still:
            still = len(held) == MOST or seen.end - held[0].frame.pts > LONGEST
        elif held:
            yield from _stretch(held, seen)
            held, still = [], still and seen.repeats
        if still:
            yield from _one_by_one([*held, seen])
            held = []
        held.append(seen)
    if held:
        yield from _stretch(held, None)


def _stretch(held: list[_Source], following: _Source | None) -> Iterator[_Stretch]:
    whole = _Stretch(tuple(held), following)
    if not whole.ends_shot:
        yield whole
        return
    yield from _one_by_one(held)
    yield _Stretch((held[-1],), following)


def _one_by_one(held: list[_Source]) -> Iterator[_Stretch]:
    return (_Stretch((one,), other) for one, other in pairwise(held))


@dataclass(slots=True)
class Retimer:
    """Retimes one stream.

    Args:
        between: sees RGB on its device: of planes whatever they hold, so colours outside the cube may lie a little
            outside [0, 1].
        on_cut: between the last frame of a shot and the next shot: hold repeats it, nearest shows whichever of the
            two frames is nearer in time (half way, the next), blend interpolates as anywhere else.
    """

    timing: Timing
    between: Installed
    on_cut: OnCut = "hold"
    counted: list[str] = field(default_factory=list)
    """What the user should know of the whole stream, one line each."""
    seconds: float = 0.0
    """Spent on new pictures."""
    frames: int = 0
    """Handed on so far."""
    _skip: int = 0
    """Frames to come that need no picture."""
    _repeats: int = 0
    """Pictures so far that motion took the place of."""

    @property
    def facts(self) -> Facts:
        if self.between.inference is None:
            place = Facts(engine="opencv", device="cpu", precision="fp32", seconds=self.seconds, frames=self.frames)
        else:
            place = facts_of(self.between.inference, seconds=self.seconds, frames=self.frames)
        return replace(place, counted=tuple(self.counted))

    def run(
        self, frames: Iterable[Marked], *, skip: int = 0, absent: int = 0, origin: Fraction = Fraction(0)
    ) -> Iterator[Frame]:
        """The frames of the result, in order, contiguous, with exact times.

        A frame of the source that falls on a time of the result is handed on as it is, `native` included, and so it
        is where it is repeated: between two equal pictures, and after the last frame, which has no next to move
        towards. So with a factor of 2, N frames give 2N.

        Where a picture is marked as a repeat, motion between the picture it repeats and the next new one takes its
        place, at the same times; unless they stand still for longer than LONGEST, or a shot ends with them.

        Args:
            frames: `cut` set where a shot begins; a change of size begins one, too.
            skip: so many of the first frames need no picture, and have that of the frame before.
            absent: so many frames of the source are not among `frames`, the first of which appeared at `origin`.
        """
        self._skip = skip
        waiting, last, shot = None, None, 0
        for stretch, begun in self._begun(_stretches(_sources(frames, self.between.device, absent, origin))):
            for belongs, frame in self._frames_of(stretch, begun):
                if waiting is not None:
                    self.frames += 1
                    yield replace(waiting, duration=frame.pts - waiting.pts)
                waiting = replace(frame, cut=belongs > shot)
                shot = belongs
            last = stretch.held[-1]
        if waiting is not None and last is not None:
            whole = self.timing.result(Span(last.number + 1, last.origin, last.end))
            self.frames += 1
            yield replace(waiting, duration=whole.end - waiting.pts)
        if self._repeats:
            self.counted.append(f"repeated pictures that motion took the place of: {self._repeats}")

    def _begun(self, stretches: Iterable[_Stretch]) -> Iterator[tuple[_Stretch, Begun | None]]:
        """Each with what makes its pictures, of which some are begun before they are due; None: nothing moves."""
        begun: deque[tuple[_Stretch, Begun | None]] = deque()
        for stretch in stretches:
            begun.append((stretch, self._begin(stretch)))
            if len(begun) > self.between.ahead:
                yield begun.popleft()
        yield from begun

    def _begin(self, stretch: _Stretch) -> Begun | None:
        one, other = stretch.held[0], stretch.following
        if other is None or not self._moves(stretch):
            return None
        needed = not self._skip and any(share for share, _ in islice(self._moments(stretch), AT_ONCE))
        return self.between.begin(one.rgb, other.rgb, stretch.lasts, now=needed)

    def _frames_of(self, stretch: _Stretch, begun: Begun | None) -> Iterator[tuple[int, Frame]]:
        """The result's frames until the next stretch, each with the shot it shows; their durations are not set."""
        self._repeats += len(stretch.held) - 1
        moments = self._moments(stretch)
        if begun is not None:
            while chunk := list(islice(moments, AT_ONCE)):
                if len(chunk) <= self._skip:
                    yield from self._skip_pictures(stretch.held[0], chunk)
                else:
                    yield from self._interpolate(stretch.held[0], begun, chunk)
            return
        for share, pts in moments:
            self._skip = max(0, self._skip - 1)
            near = stretch.held[0]
            if stretch.following is not None and self.on_cut == "nearest" and 2 * share >= 1:
                near = stretch.following
            yield near.shot, replace(near.frame, pts=pts)

    def _moments(self, stretch: _Stretch) -> Iterator[tuple[Fraction, Fraction]]:
        """How far from the picture to the next one, and when."""
        begin, end = stretch.held[0].frame.pts, stretch.held[-1].end
        for seen in stretch.held:
            for share, pts in self.timing.instants(seen.gap):
                yield (seen.frame.pts + share * seen.frame.duration - begin) / (end - begin), pts

    def _moves(self, stretch: _Stretch) -> bool:
        one, other = stretch.held[0], stretch.following
        if other is None or one.frame.size != other.frame.size or (stretch.ends_shot and self.on_cut != "blend"):
            return False
        return not _equal(one.frame.picture, other.frame.picture)

    def _skip_pictures(self, one: _Source, chunk: list[tuple[Fraction, Fraction]]) -> Iterator[tuple[int, Frame]]:
        self._skip -= len(chunk)
        return ((one.shot, replace(one.frame, pts=pts, key=one.frame.key and not share)) for share, pts in chunk)

    def _interpolate(
        self, one: _Source, begun: Begun, chunk: list[tuple[Fraction, Fraction]]
    ) -> Iterator[tuple[int, Frame]]:
        self._skip = 0
        times = [share for share, _ in chunk if share]
        pictures = iter(begun(times) if times else ())
        for share, pts in chunk:
            if not share:
                yield one.shot, replace(one.frame, pts=pts)
                continue
            began = perf_counter()
            picture = next(pictures)
            self.seconds += perf_counter() - began
            yield one.shot, Frame(picture, pts, one.frame.duration, confidence=self.between.confidence)


def _equal(one: Planes | Tensor, other: Planes | Tensor) -> bool:
    """Whether two pictures are the same to the last code."""
    if isinstance(one, Tensor) or isinstance(other, Tensor):
        return isinstance(one, Tensor) and isinstance(other, Tensor) and _same(one, other)
    return all(map(_same, (one.y, one.u, one.v), (other.y, other.u, other.v)))


def _same(one: Tensor | None, other: Tensor | None) -> bool:
    """A frame that a step has made may be of another type than one that it left alone, and lie on a GPU."""
    if one is None or other is None:
        return one is other
    return (one.device, one.dtype) == (other.device, other.dtype) and torch.equal(one, other)
