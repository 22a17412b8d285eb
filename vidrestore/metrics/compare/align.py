"""Pairs the frames of two sources; refuses those that do not fit."""

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice

from ...errors import UsageError
from .side import Sample, Side


@dataclass(frozen=True, slots=True)
class Pair:
    """A picture of the reference and the one of the result that stands for it."""

    number: int
    """Of the reference's frame."""
    reference: Sample
    distorted: Sample


@dataclass(frozen=True, slots=True)
class Ends:
    """How the pairs came to an end."""

    pairs: int
    rest: tuple[bool, bool]
    """Whether the reference and the result go on after the last pair."""


def pairs(
    reference: Iterator[Sample],
    distorted: Iterator[Sample],
    *,
    offset: int,
    checks: Sequence[Callable[[Pair], None]] = (),
) -> Generator[Pair, None, Ends]:
    """The reference's frame `offset` with the result's first, and so on; below 0 the other way round.

    Each pair passes the checks, then is given out. Of the source that goes on, one frame more has been read.

    Raises:
        UsageError: sizes differ, or no frame has a partner; whatever the checks raise.
    """
    for samples, frames in ((reference, offset), (distorted, -offset)):
        for _ in islice(samples, max(frames, 0)):
            pass
    count = 0
    while True:
        one, other = next(reference, None), next(distorted, None)
        if one is None or other is None:
            break
        pair = Pair(max(offset, 0) + count, one, other)
        _check_size(pair)
        for check in checks:
            check(pair)
        yield pair
        count += 1
    if not count:
        raise UsageError(f"with an offset of {offset} no frame has a partner; choose a smaller --offset")
    return Ends(count, (one is not None, other is not None))


def _check_size(pair: Pair) -> None:
    one, other = pair.reference, pair.distorted
    if one.luma.shape != other.luma.shape:
        where = f"{one.name} and {other.name}" if one.name and other.name else f"frame {pair.number}"
        raise UsageError(
            f"{where}: the reference is {one.size} and the result {other.size}; "
            "bring them to one size first (vidrestore upscale, or any resize)"
        )


class Times:
    """Holds two videos to the same time stamps, relative to their first pair."""

    def __init__(self, reference: Side, distorted: Side) -> None:
        self._rates = f"{float(reference.info.rate):.6g} and {float(distorted.info.rate):.6g}"
        # Each clock rounds by up to a tick: half of one at the first frame, half at this.
        self._tolerance = reference.info.time_base + distorted.info.time_base
        self._first: Pair | None = None

    def check(self, pair: Pair) -> None:
        """UsageError: the two frames are not shown at the same time."""
        first = self._first = self._first or pair
        since = pair.reference.time - first.reference.time, pair.distorted.time - first.distorted.time
        if abs(since[0] - since[1]) > self._tolerance:
            raise UsageError(
                f"frame {pair.number} is shown at {_seconds(since[0])} in the reference and {_seconds(since[1])} "
                f"in the result, which have {self._rates} frames per second; bring them to one rate, "
                "or compare frame by frame with --align none"
            )


def _seconds(time: Fraction) -> str:
    return f"{float(time):.4f} s"
