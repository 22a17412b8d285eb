"""Queue: which piece a worker makes next. Its next one where it can be, since it then goes on where it is."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

TRIES = 3


@dataclass(slots=True)
class Queue:
    """Pieces to be made, by number."""

    _ranges: list[range]
    """Runs of pieces that follow one another."""
    _followed: set[int] = field(default_factory=set)
    """First pieces of runs whose piece before some worker has taken: it goes on with them."""
    _again: dict[int, list[int]] = field(default_factory=dict)
    """Pieces that have failed, and the workers that had them."""
    _failed: dict[int, list[int]] = field(default_factory=dict)
    """The same, of all that failed ever."""

    @staticmethod
    def of(numbers: Iterable[int]) -> "Queue":
        ranges: list[range] = []
        for number in sorted(numbers):
            if ranges and ranges[-1].stop == number:
                ranges[-1] = range(ranges[-1].start, number + 1)
            else:
                ranges.append(range(number, number + 1))
        return Queue(ranges)

    def __bool__(self) -> bool:
        """Whether there is any left."""
        return bool(self._ranges or self._again)

    def take(self, worker: int, workers: Collection[int], *, after: int | None) -> int | None:
        """The next piece for a worker; None: there is none for it.

        Args:
            workers: all that there are; one that a piece has failed on gets it again only if there is no other.
            after: the piece that it has made last.
        """
        for number, failed_at in self._again.items():
            if worker not in failed_at or set(workers) <= set(failed_at):
                del self._again[number]
                return number
        if not self._ranges:
            return None
        following = [index for index, each in enumerate(self._ranges) if after is not None and each.start == after + 1]
        if following:
            return self._split(following[0], 0)
        longest = max(range(len(self._ranges)), key=lambda index: len(self._ranges[index]))
        run = self._ranges[longest]
        # The earlier half is left to whoever is at it.
        return self._split(longest, len(run) // 2 if run.start in self._followed else 0)

    def _split(self, index: int, at: int) -> int:
        run = self._ranges[index]
        self._ranges[index : index + 1] = [part for part in (run[:at], run[at + 1 :]) if part]
        self._followed.add(run[at] + 1)
        return run[at]

    def fail(self, number: int, worker: int) -> bool:
        """A piece was not made; whether it may be tried again."""
        had = self._failed.setdefault(number, [])
        had.append(worker)
        self._again[number] = had
        return len(had) < TRIES
