"""Pools of tests: workers in this process, which can fail."""

from collections.abc import Callable, Mapping, Sequence

from vidrestore.restoration.resume.farm.plan import Plan
from vidrestore.restoration.resume.farm.pool import Done, Failed
from vidrestore.restoration.resume.farm.worker import Worker

Harm = Callable[[int, int, int], None]
"""Told the worker, the piece, and how many were given before; raises where that piece is to fail."""


class Here:
    """Workers one after the other; what is given is made at once, and told when it is waited for."""

    def __init__(self, count: int, harm: Harm = lambda *_: None) -> None:
        self._workers = {number: Worker(threads=1, ways=1) for number in range(count)}
        self._events: list[Done | Failed] = []
        self._harm = harm
        self.given: list[tuple[int, int]] = []

    @property
    def unheard(self) -> int:
        """Events that nobody has waited for."""
        return len(self._events)

    @property
    def workers(self) -> Sequence[int]:
        return tuple(self._workers)

    def give(self, worker: int, plan: Plan, number: int) -> None:
        self.given.append((worker, number))
        try:
            self._harm(worker, number, len(self.given) - 1)
            self._events.append(Done(worker, self._workers[worker].make(plan, number)))
        except Exception as error:
            self._events.append(Failed(worker, error))

    def wait(self, seconds: float) -> Sequence[Done | Failed]:
        # The latest first: pieces come in no order.
        return [self._events.pop()] if self._events else []

    def under_way(self) -> Mapping[int, int]:
        return {}

    def forget(self, plan: Plan) -> None:
        pass
