"""Which of a stream's frames are taken, and when each is then shown."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import chain

from ...base.settings import Picking
from ...scenes.assign import Placed


def pick(placed: Iterable[Placed], picking: Picking) -> Iterator[Placed]:
    """The frames that `picking` asks for, of a stretch without gaps."""
    if picking.rate is not None:
        return on_grid(placed, picking.rate)
    return iter(placed) if picking.every == 1 else every(placed, picking.every)


def every(placed: Iterable[Placed], count: int) -> Iterator[Placed]:
    """The first of each `count` frames, at its own time; it lasts until the next one that is taken."""
    taken: Placed | None = None
    for number, each in enumerate(placed):
        if number % count == 0:
            if taken is not None:
                yield taken
            taken = each
        elif taken is not None:
            taken = taken._replace(frame=replace(taken.frame, duration=_end(each) - taken.frame.pts))
    if taken is not None:
        yield taken


def on_grid(placed: Iterable[Placed], rate: Fraction) -> Iterator[Placed]:
    """One frame for each moment of a grid, `rate` per second from the first frame on, shown from moment to moment.

    It is the frame nearest to its moment, but none more than half a step of the grid before it appears: where the rate
    varies, a picture that is shown for long is taken again and again, not its successor ahead of time.
    """
    step = 1 / rate
    shown: Placed | None = None
    start, number = Fraction(0), 0
    for following in chain(placed, (None,)):
        if shown is None:
            start = Fraction(0) if following is None else following.frame.pts
        else:
            next_pts = _end(shown) if following is None else following.frame.pts
            last = next_pts - min(next_pts - shown.frame.pts, step) / 2
            while (moment := start + number * step) <= last:
                yield shown._replace(frame=replace(shown.frame, pts=moment, duration=step))
                number += 1
        shown = following


def _end(placed: Placed) -> Fraction:
    return placed.frame.pts + placed.frame.duration
