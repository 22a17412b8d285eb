"""RayWorker: a Worker as an actor of Ray."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

import ray

from .plan import Made, Plan, build
from .source import Source, check_seen, received, relocated
from .worker import Worker


@dataclass(frozen=True, slots=True)
class Facts:
    """What a worker is."""

    node: str
    host: str
    pid: int
    build: dict[str, str]


class RayWorker:
    """Makes pieces of the source as it lies on its machine."""

    def __init__(self, threads: int, ways: int) -> None:
        self._worker = Worker(threads, ways)
        self._plan: Plan | None = None
        self._holds = ExitStack()

    def facts(self) -> Facts:
        node = ray.get_runtime_context().get_node_id()
        return Facts(node, os.uname().nodename, os.getpid(), build())

    def make(self, plan: Plan, source: Source[Any], number: int) -> Made:
        """As `Worker.make`."""
        here = self._plan
        if here is None or here.key != plan.key:
            self._worker.close()
            self._holds.close()
            here = self._plan = self._here(plan, source)
        return self._worker.make(here, number)

    def _here(self, plan: Plan, source: Source[Any]) -> Plan:
        context = ray.get_runtime_context()
        node = context.get_node_id()
        if not source.home or source.home == node:
            check_seen(source, os.uname().nodename)
            return plan
        place = self._holds.enter_context(received(source, node, ray.get))
        return replace(plan, job=replace(plan.job, info=relocated(plan.job.info, place)))

    def made(self) -> int:
        """Frames so far of the piece that is being made."""
        return self._worker.made

    def end(self) -> None:
        """Leave the machine as it was."""
        self._worker.close()
        self._holds.close()
