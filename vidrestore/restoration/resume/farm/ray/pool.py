"""RayPool: workers that Ray runs, on this machine alone or on those of a cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from time import monotonic
from typing import Any

import ray
from ray.exceptions import GetTimeoutError, RayActorError, RayError, RayTaskError

from .....errors import UsageError, VidrestoreError
from ..files import files_of
from ..plan import Plan, build, differences
from ..pool import Done, Failed
from .worker import Facts, RayWorker

PATIENCE = 900.0
"""Seconds to wait for the first worker, and for another one where none is left; on a busy machine they are late."""
NO_ROOM = 60.0
"""The same where no machine is large enough for one; another may come."""
LISTED = 3
"""Differences that are named."""
A_WORKER_PER_LOOK = 0.01
"""Seconds between two questions how far workers are, for each of them: a thousand would keep the driver busy."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How many workers there are, and what each takes."""

    workers: int
    threads: int
    gpus: float = 0.0
    ways: int = 1
    """Workers that share the memory of a machine."""


@dataclass(slots=True)
class RayPool:
    """See Pool. Actors that wait for a place in the cluster count as workers once they are there.

    Args:
        home: the machine on which the driver and its files are, as Ray names it; "": none of the cluster's.
        shared: every machine sees the source at the same path.
    """

    shape: Shape
    home: str
    shared: bool = False
    _numbers: count[int] = field(default_factory=count)
    _coming: dict[Any, tuple[int, Any]] = field(default_factory=dict)
    """Reference to what an actor is, its number and itself."""
    _actors: dict[int, Any] = field(default_factory=dict)
    _hosts: dict[int, str] = field(default_factory=dict)
    _busy: dict[Any, int] = field(default_factory=dict)
    """Reference to a piece, and the worker that makes it."""
    _plans: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    """By key, what was put for all to read: the plan and its files."""
    _made: dict[int, int] = field(default_factory=dict)
    _asked: dict[Any, int] = field(default_factory=dict)
    _look: float = 0.0
    _since: float = field(default_factory=monotonic)
    """When there was a worker last."""

    def __post_init__(self) -> None:
        for _ in range(self.shape.workers):
            self._hire()

    def _hire(self) -> None:
        options = {
            "num_cpus": 0 if self.shape.gpus else self.shape.threads,
            "num_gpus": self.shape.gpus,
            "max_restarts": 0,
            "max_concurrency": 2,  # while it makes one thing, it says how far it is
        }
        actor = ray.remote(RayWorker).options(**options).remote(self.shape.threads, self.shape.ways)
        self._coming[actor.facts.remote()] = next(self._numbers), actor

    @property
    def workers(self) -> Sequence[int]:
        return tuple(self._actors)

    def give(self, worker: int, plan: Plan, number: int) -> None:
        """See Pool."""
        if plan.key not in self._plans:
            elsewhere = any(node["NodeID"] != self.home for node in ray.nodes() if node["Alive"])
            put = ray.put if elsewhere else None
            files = files_of(plan, self.home or "none", put, shared=self.shared)
            self._plans[plan.key] = ray.put(plan), ray.put(files)
        self._busy[self._actors[worker].make.remote(*self._plans[plan.key], number)] = worker
        self._made[worker] = 0

    def wait(self, seconds: float) -> Sequence[Done | Failed]:
        """See Pool."""
        waited = [*self._busy, *self._coming]
        ready, _ = ray.wait(waited, num_returns=1, timeout=seconds) if waited else ([], [])
        if ready:  # and what else is ready by now
            ready, _ = ray.wait(waited, num_returns=len(waited), timeout=0)
        events = [event for ref in ready if (event := self._take(ref)) is not None]
        if self._actors:
            self._since = monotonic()
        else:
            self._check_patience(monotonic() - self._since)
        return events

    def _check_patience(self, waited: float) -> None:
        """VidrestoreError: no worker has come for too long."""
        if waited <= NO_ROOM:
            return
        needs = {"CPU": 0 if self.shape.gpus else self.shape.threads, "GPU": self.shape.gpus}
        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        fits = any(all(node.get(name, 0) >= number for name, number in needs.items()) for node in nodes)
        if not fits or waited > PATIENCE:
            raise VidrestoreError(
                f"no worker has come for {waited:.0f} s: the cluster has no room for one of {needs['CPU']} CPUs "
                f"and {needs['GPU']:g} GPUs; look at `ray status`, or ask for more --workers, which are smaller"
            )

    def _take(self, ref: Any) -> Done | Failed | None:  # noqa: ANN401 (Ray's)
        if ref in self._coming:
            self._welcome(ref)
            return None
        worker = self._busy.pop(ref)
        self._made.pop(worker, None)
        try:
            return Done(worker, ray.get(ref))
        except RayTaskError as error:
            return Failed(worker, _cause(error))
        except RayError as error:
            host = self._hosts.get(worker, "?")
            self._actors.pop(worker, None)
            self._hire()
            return Failed(worker, VidrestoreError(f"a worker on {host} has died ({_first_line(error)})"))

    def _welcome(self, ref: Any) -> None:  # noqa: ANN401
        number, actor = self._coming.pop(ref)
        try:
            facts: Facts = ray.get(ref)
        except RayActorError:
            self._hire()
            return
        except RayTaskError as error:
            raise _cause(error) from None
        if differ := differences(build(), facts.build):
            more = f" and {len(differ) - LISTED} more" if len(differ) > LISTED else ""
            raise UsageError(
                f"the worker on {facts.host} is not the same program: {', '.join(differ[:LISTED])}{more}; "
                "install the same there"
            )
        self._actors[number], self._hosts[number] = actor, facts.host

    def forget(self, plan: Plan) -> None:
        """See Pool."""
        self._plans.pop(plan.key, None)

    def under_way(self) -> Mapping[int, int]:
        """See Pool. Workers are asked now and then, and their answers come later."""
        now = monotonic()
        ready, _ = ray.wait([*self._asked], num_returns=len(self._asked), timeout=0) if self._asked else ([], [])
        for ref in ready:
            worker = self._asked.pop(ref)
            with suppress(RayError, GetTimeoutError):
                made = ray.get(ref)
                if worker in self._made:
                    self._made[worker] = made
        if now > self._look and not self._asked:
            self._look = now + max(0.5, A_WORKER_PER_LOOK * len(self._busy))
            self._asked = {self._actors[worker].made.remote(): worker for worker in self._busy.values()}
        return self._made

    def close(self) -> None:
        """Let all workers go."""
        with suppress(RayError):
            ray.wait([actor.end.remote() for actor in self._actors.values()], num_returns=len(self._actors), timeout=2)
        for actor in [*self._actors.values(), *(actor for _, actor in self._coming.values())]:
            with suppress(RayError):
                ray.kill(actor)


def _cause(error: RayTaskError) -> Exception:
    """What was raised in a worker; of a bug it also says where."""
    cause: object = error.cause
    if not isinstance(cause, Exception):
        return VidrestoreError(f"a worker has failed ({_first_line(error)})")
    if not isinstance(cause, VidrestoreError):
        cause.add_note(str(error))
    return cause


def _first_line(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
