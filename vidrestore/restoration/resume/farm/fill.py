"""fill(): lets workers make the pieces of a job that are not there yet, as --resume would."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from ....base.facts import Facts, followed_by
from ....base.files import write_whole
from ....base.stop import check
from ....errors import VidrestoreError, unwritable
from ....video.resume import pieces
from ....video.resume.pieces import Piece
from ...job import Job
from ..part import check_parts
from ..times import result_times, source_times
from .plan import Made, Plan
from .pool import Done, Failed, Pool
from .queue import TRIES, Queue

LOOK = 0.5
"""Seconds between two looks at how far the workers are."""
Tell = Callable[[int, int], None]
"""Is told how many frames of the result there are by now, and how many workers make more."""


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


@dataclass(slots=True)
class _Filling:
    """The pieces of one job, and who makes which."""

    plan: Plan
    folder: Path
    queue: Queue
    there: int
    """Frames."""
    filled: Filled = field(default_factory=Filled)
    busy: dict[int, int] = field(default_factory=dict)
    last: dict[int, int] = field(default_factory=dict)
    """The piece that each worker has, and had before."""

    def hand_out(self, pool: Pool) -> None:
        for worker in pool.workers:
            if worker in self.busy:
                continue
            number = self.queue.take(worker, pool.workers, after=self.last.get(worker))
            if number is not None:
                pool.give(worker, self.plan, number)
                self.busy[worker] = number
        self.filled.workers = max(self.filled.workers, len(self.busy))

    def take(self, event: Done | Failed) -> None:
        """VidrestoreError: a piece cannot be made, or not be written."""
        number = self.busy.pop(event.worker)
        if isinstance(event, Failed):
            if not self.queue.fail(number, event.worker):
                raise _given_up(number, event.error)
            return
        self.last[event.worker] = number
        if event.made.frames:
            _store(Piece(self.folder, number), event.made)
            self.filled.add(event.made)


def fill(job: Job, folder: Path, pool: Pool, *, tell: Tell = lambda *_: None, measure: bool = False) -> Filled:
    """Have every piece of a job made by the workers of a pool and put into `folder`, where some may be already.

    Args:
        folder: claimed for the job (video/resume/unfinished.py).
        tell: called now and then.

    Raises:
        UsageError: the job cannot be done in parts.
        VidrestoreError: a piece has failed on three workers, or there are none; what was made is there.
    """
    check_parts(job.stages)
    times = source_times(job, on_frame=lambda _: check())
    return make(Plan(uuid4().hex, job, times, pieces.FRAMES, measure), folder, pool, tell=tell)


def make(plan: Plan, folder: Path, pool: Pool, *, tell: Tell = lambda *_: None) -> Filled:
    """As `fill`, of a job that is planned.

    Raises:
        VidrestoreError: as `fill`.
    """
    filling = _planned(plan, folder)
    while filling.queue or filling.busy:
        check()
        filling.hand_out(pool)
        for event in pool.wait(LOOK):
            filling.take(event)
        tell(filling.there + filling.filled.frames + pool.under_way(), len(filling.busy))
    tell(filling.there + filling.filled.frames, 0)
    return filling.filled


def _planned(plan: Plan, folder: Path) -> _Filling:
    count = -(-len(result_times(plan.job, plan.times)) // plan.frames)
    there = {
        number: len(listed.frames) for number in range(1, count + 1) if (listed := Piece(folder, number).read_list())
    }
    whole = {number for number, frames in there.items() if frames == plan.frames or number == count}
    return _Filling(plan, folder, Queue.of(set(range(1, count + 1)) - whole), sum(there[number] for number in whole))


def _store(piece: Piece, made: Made) -> None:
    """The list last: with it the piece counts."""
    try:
        piece.delete()
        write_whole(piece.data, made.data, overwrite=True)
        write_whole(piece.index, made.index, overwrite=True)
    except OSError as error:
        raise unwritable(piece.folder, error.errno, error.strerror, error.filename) from None


def _given_up(number: int, error: Exception) -> Exception:
    """The error with which it failed last, with what was tried."""
    said = f"{error} (piece {number} has failed {TRIES} times; the others are kept, and the same command goes on)"
    return type(error)(said) if isinstance(error, VidrestoreError) else error
