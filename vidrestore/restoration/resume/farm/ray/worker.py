"""RayWorker: a Worker as an actor of Ray."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import ray

from ..files import Files, on_machine
from ..plan import Made, Plan, build
from ..source import place_of
from ..worker import Worker


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

    def make(self, plan: Plan, files: Files[Any], number: int) -> Made:
        """As `Worker.make`."""
        here = self._plan
        if here is None or here.key != plan.key:
            self._worker.close()
            self._holds.close()
            node, host = ray.get_runtime_context().get_node_id(), os.uname().nodename
            here = self._plan = on_machine(plan, files, lambda each: place_of(each, node, host, ray.get, self._holds))
        return self._worker.make(here, number)

    def made(self) -> int:
        """Frames so far of the piece that is being made."""
        return self._worker.made

    def end(self) -> None:
        """Leave the machine as it was."""
        self._worker.close()
        self._holds.close()
