"""Scores of all pairs; keeps the worst ones as pictures."""

import heapq
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ...errors import UsageError
from ..psnr import TooSmallError
from .align import Pair
from .measures import Score, Views
from .results import Kept, Row
from .rgb import Picture
from .summary import badness, is_perfect


class Scorer:
    """Scores pairs in order; remembers the one before for what is measured between frames."""

    def __init__(
        self,
        scores: Mapping[str, Score],
        *,
        border: int,
        starts: frozenset[int],
        where_possible: frozenset[str] = frozenset(),
    ) -> None:
        """`starts`: numbers of the frames that begin a scene, to which nothing comes before."""
        self._scores, self._border, self._starts, self._where_possible = scores, border, starts, where_possible
        self.left_out: dict[str, str] = {}
        """Metrics that some pictures were too small for, and why."""
        self._before: Views | None = None

    def score(self, pair: Pair, *, seconds: float) -> Row:
        """UsageError: the pictures are too small for a metric or the border."""
        now = Views(pair, border=self._border)
        before = None if pair.number in self._starts else self._before
        self._before = now
        try:
            values = {name: self._value(name, score, now, before) for name, score in self._scores.items()}
        except ValueError as error:
            raise UsageError(f"frame {pair.number}: {error}; leave that metric out, or --border") from None
        return Row(pair.number, seconds, pair.reference.name, values)

    def _value(self, name: str, score: Score, now: Views, before: Views | None) -> float | None:
        try:
            return score(now, before)
        except TooSmallError as error:
            if name not in self._where_possible:
                raise
            self.left_out[name] = str(error)
            return None


class Worst:
    """Keeps the pictures of the worst pairs by one metric: no more than `count` at a time."""

    def __init__(self, metric: str, *, count: int) -> None:
        self._metric, self._count = metric, count
        self._heap: list[tuple[float, int, Row, Pair]] = []

    def offer(self, row: Row, pair: Pair) -> None:
        """A pair without error is not kept."""
        score = row.scores[self._metric]
        if not self._count or score is None or is_perfect(self._metric, score):
            return
        heapq.heappush(self._heap, (badness(self._metric, score), -row.frame, row, pair))
        if len(self._heap) > self._count:
            heapq.heappop(self._heap)

    def kept(self) -> tuple[Kept, ...]:
        """Worst first."""
        order = sorted(self._heap, key=lambda each: each[:2], reverse=True)
        return tuple(Kept(row, _bytes(pair.reference.rgb), _bytes(pair.distorted.rgb)) for _, _, row, pair in order)


def _bytes(rgb: Picture | None) -> NDArray[np.uint8]:
    assert rgb is not None
    return np.rint(rgb).astype(np.uint8)
