"""Crew: workers that several jobs share. The job that began first comes first; at its end nobody waits for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock

from ....base.stop import check
from .fill import Filled, Filling
from .pool import Done, Pool

LOOK = 0.5
"""Seconds between two looks at how far the workers are."""
Tell = Callable[[int, int], None]
"""Is told how many frames of the result there are by now, and how many workers make more."""


@dataclass(slots=True)
class Crew:
    """Jobs are in threads of their own, of which one at a time gives work to all workers, for all jobs."""

    pool: Pool
    _fillings: list[Filling] = field(default_factory=list)
    """In the order in which they began."""
    _busy: dict[int, Filling] = field(default_factory=dict)
    """What each worker is at, which may have ended."""
    _last: dict[int, tuple[Filling, int]] = field(default_factory=dict)
    """The piece that each has made last."""
    _made: dict[int, int] = field(default_factory=dict)
    """Frames of the piece that each is at."""
    _turn: Lock = field(default_factory=Lock)

    def fill(self, filling: Filling, *, tell: Tell = lambda *_: None) -> Filled:
        """Have every piece of a job made that is not there yet.

        Args:
            tell: called now and then, in this thread.

        Raises:
            VidrestoreError: a piece has failed on three workers, or there are none; what was made is there.
        """
        with self._among_others(filling):
            while not filling.ended:
                check()
                if self._turn.acquire(timeout=LOOK):  # else another thread does it
                    try:
                        if not filling.ended:
                            self._go_on()
                    finally:
                        self._turn.release()
                made = sum(self._made.get(worker, 0) for worker in tuple(filling.busy))
                tell(filling.there + filling.filled.frames + made, len(filling.busy))
        if filling.error is not None:
            raise filling.error
        return filling.filled

    @contextmanager
    def _among_others(self, filling: Filling) -> Iterator[None]:
        self._fillings.append(filling)  # without a turn, for which it might wait long: locks are not fair
        try:
            yield
        finally:
            self._fillings.remove(filling)
            self.pool.forget(filling.plan)

    def _go_on(self) -> None:
        self._hand_out()
        done = []
        for event in self.pool.wait(LOOK):
            filling = self._busy.pop(event.worker)
            self._made.pop(event.worker, None)
            filling.back(event)
            if isinstance(event, Done):
                self._last[event.worker] = filling, event.made.number
                done.append((filling, event.made))
        self._hand_out()  # nobody waits until what came is on the disk
        for filling, made in done:
            if filling in self._fillings:  # else it was given up, and its folder may be another's by now
                with _ending(filling):
                    filling.keep(made)
        self._made.update(self.pool.under_way())

    def _hand_out(self) -> None:
        workers = self.pool.workers
        for worker in workers:
            if worker in self._busy:
                continue
            before, last = self._last.get(worker, (None, 0))
            for filling in tuple(self._fillings):
                number = filling.next(worker, workers, after=last if filling is before else None)
                if number is not None:
                    with _ending(filling):
                        self.pool.give(worker, filling.plan, number)
                        self._busy[worker] = filling
                    break


@contextmanager
def _ending(filling: Filling) -> Iterator[None]:
    """What goes wrong ends this job, and is raised in its thread."""
    try:
        yield
    except Exception as error:
        filling.error = error
