"""Filling: the pieces of one job that workers are to make, and those that are there, as --resume would make them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ....base.facts import Facts, followed_by
from ....errors import VidrestoreError, unwritable
from ..times import result_times
from .kinds import Pieces, pieces_of
from .plan import Made, Plan
from .pool import Done, Failed
from .queue import TRIES, Queue


@dataclass(slots=True)
class Filled:
    """What workers did for a job."""

    frames: int = 0
    workers: int = 0
    """The most that were at it at once."""
    seconds: Counter[str] = field(default_factory=Counter)
    """Busy, of all of them together, by name."""
    facts: dict[int, Facts] = field(default_factory=dict)
    """Of each piece that they made."""

    def add(self, made: Made) -> None:
        self.frames += made.frames
        self.seconds.update(made.seconds)
        self.facts[made.number] = made.facts

    def did(self) -> Facts:
        """What they did, in the order of the pieces."""
        return followed_by([self.facts[number] for number in sorted(self.facts)])


@dataclass(slots=True, eq=False)
class Filling:
    """The pieces of one job."""

    plan: Plan
    pieces: Pieces
    queue: Queue
    there: int
    """Frames that there were."""
    filled: Filled = field(default_factory=Filled)
    busy: dict[int, int] = field(default_factory=dict)
    """The piece that each worker makes."""
    error: Exception | None = None
    """What ended it."""

    @staticmethod
    def of(plan: Plan, folder: Path) -> Filling:
        """All but the pieces that are whole in `folder`, which is claimed for the job (video/resume/unfinished.py)."""
        pieces = pieces_of(plan, folder)
        count = -(-len(result_times(plan.job, plan.times)) // plan.frames)
        there = {number: frames for number in range(1, count + 1) if (frames := pieces.frames_there(number))}
        whole = {number for number, frames in there.items() if frames == plan.frames or number == count}
        return Filling(plan, pieces, Queue.of(set(range(1, count + 1)) - whole), sum(there[each] for each in whole))

    @property
    def ended(self) -> bool:
        """All is made, or nothing more will be."""
        return self.error is not None or not (self.queue or self.busy)

    def next(self, worker: int, workers: Sequence[int], *, after: int | None) -> int | None:
        """As `Queue.take`, and the worker has it."""
        if self.error is not None:
            return None
        number = self.queue.take(worker, workers, after=after)
        if number is not None:
            self.busy[worker] = number
            self.filled.workers = max(self.filled.workers, len(self.busy))
        return number

    def back(self, event: Done | Failed) -> None:
        """A worker has its piece no more; one that failed is for another, or ends it all."""
        number = self.busy.pop(event.worker)
        if isinstance(event, Failed) and not self.queue.fail(number, event.worker):
            self.error = self.error or _given_up(number, event.error)

    def keep(self, made: Made) -> None:
        """Put a piece where it belongs. VidrestoreError: it cannot be written."""
        if not made.frames:
            return
        try:
            self.pieces.keep(made)
        except OSError as error:
            raise unwritable(self.plan.job.target.path, error.errno, error.strerror, error.filename) from None
        self.filled.add(made)


def _given_up(number: int, error: Exception) -> Exception:
    """The error with which it failed last, with what was tried."""
    said = f"{error} (piece {number} has failed {TRIES} times; the others are kept, and the same command goes on)"
    return type(error)(said) if isinstance(error, VidrestoreError) else error
