"""Queue: jobs one after the other, each a `vidrestore restore --resume`; what is waiting outlives the server."""

from __future__ import annotations

import asyncio
import json
import secrets
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from ...base.files import write_whole
from ...base.schema import read_json
from ...base.settings import READ_PICTURES
from ...errors import UsageError
from ...video.resume.unfinished import folder_of
from ..words import command_line, suffix_of
from . import calls
from .offered import Offered, free_name
from .wanted import Wanted

State = Literal["waiting", "running", "paused", "done", "failed", "cancelled"]
LEFT: tuple[State, ...] = ("waiting", "running", "paused")
"""States in which something is still to be done."""
STATE = Path(".vidrestore") / "jobs.json"
MOST = 1000
"""Jobs that are remembered."""


@dataclass(frozen=True, slots=True)
class Job:
    """One file to restore."""

    key: str
    source: str
    """From the folder that is offered, as is the target."""
    target: str
    wanted: Wanted
    state: State = "waiting"
    error: str = ""
    report: dict[str, Any] = field(default_factory=dict)


class Queue:
    """Jobs in the order in which they were asked for; one runs at a time."""

    def __init__(self, offered: Offered) -> None:
        self._offered = offered
        self._jobs: dict[str, Job] = {}
        self._progress: dict[str, dict[str, Any]] = {}
        self._process: tuple[str, asyncio.subprocess.Process] | None = None
        self._changed = asyncio.Event()
        for job in self._remembered():
            self._jobs[job.key] = replace(job, state="waiting") if job.state == "running" else job

    def add(self, source: str, wanted: Wanted) -> Job:
        """A job at the end of the queue. UsageError: the file is not there, or nothing is wanted."""
        path = self._offered.source(source)
        wanted.words()
        taken = frozenset(self._offered.path(job.target) for job in self._jobs.values() if job.state in LEFT)
        suffix = "" if path.is_dir() else suffix_of(path)
        target = free_name(path.with_name(f"{path.stem}_restored{suffix}"), taken)
        job = Job(secrets.token_hex(8), self._offered.word(path), self._offered.word(target), wanted)
        self._put(job)
        return job

    def pause(self, key: str) -> None:
        """Stop a job; what is done is kept."""
        self._end(key, "paused")

    def cancel(self, key: str) -> None:
        """Stop a job for good, and delete what it has begun."""
        self._end(key, "cancelled")

    def go_on(self, key: str) -> None:
        """Put a job back into the queue that was paused or has failed."""
        job = self.job(key)
        if job.state in ("paused", "failed"):
            self._put(replace(job, state="waiting", error=""))

    def forget(self, key: str) -> None:
        """Take a job that is over off the list; its result stays. UsageError: it is not over."""
        if self.job(key).state in LEFT:
            raise UsageError("the job is not over; cancel it first")
        del self._jobs[key]
        self._remember()

    def job(self, key: str) -> Job:
        """UsageError: there is none of that key."""
        if key not in self._jobs:
            raise UsageError("there is no such job any more; reload the page")
        return self._jobs[key]

    def shown(self) -> list[dict[str, Any]]:
        """All jobs, as the page shows them."""
        return [
            asdict(job) | {"command": self.command(job), "progress": self._progress.get(job.key)}
            for job in self._jobs.values()
        ]

    def command(self, job: Job) -> str:
        """What a person would type in the folder that is offered."""
        words = [*job.wanted.words(), *self._resume(job)]
        return command_line("restore", Path(job.source), words, Path(job.target))

    def _resume(self, job: Job) -> list[str]:
        """Of a single picture there is nothing to resume."""
        return [] if Path(job.source).suffix.lower() in READ_PICTURES else ["--resume"]

    async def work(self) -> None:
        """Do what is waiting, for ever; a job that runs when this ends goes on at the next start."""
        while True:
            self._changed.clear()
            job = next((job for job in self._jobs.values() if job.state == "waiting"), None)
            if job is None:
                await self._changed.wait()
            else:
                await self._run(job)

    async def _run(self, job: Job) -> None:
        try:
            words = self._words(job)
        except UsageError as error:  # of a list that was edited, or a file that is gone
            self._put(replace(job, state="failed", error=str(error)))
            return
        self._put(replace(job, state="running"))

        def begun(process: asyncio.subprocess.Process) -> None:
            self._process = job.key, process

        try:
            code, report, said = await calls.follow(words, begun, lambda each: self._tell(job.key, each))
        finally:
            self._process = None
        now = self._jobs.get(job.key)
        if now is None or now.state == "cancelled":
            self._clear(job)
        elif report and code in (calls.DONE, calls.SAVED):
            self._put(replace(job, state="done", error=said if code else "", report=report))
        elif now.state == "running":
            self._put(replace(job, state="failed", error=said))

    def _words(self, job: Job) -> Sequence[str]:
        source, target = self._offered.source(job.source), self._offered.path(job.target)
        return [
            *("restore", str(source), str(target), *job.wanted.words()),
            *(*self._resume(job), "--progress", "json", "--json"),
        ]

    def _tell(self, key: str, progress: dict[str, Any]) -> None:
        self._progress[key] = {name: progress.get(name) for name in ("frame", "total", "fps", "eta")}

    def _end(self, key: str, state: State) -> None:
        job = self.job(key)
        if job.state not in LEFT:
            return
        self._put(replace(job, state=state))
        if self._process is not None and self._process[0] == key:
            calls.stop(self._process[1])
        elif state == "cancelled":
            self._clear(job)

    def _clear(self, job: Job) -> None:
        """Delete what a run has left; its folder is named as only runs name theirs."""
        with suppress(OSError, UsageError):
            shutil.rmtree(folder_of(self._offered.path(job.target)))

    def _put(self, job: Job) -> None:
        self._jobs[job.key] = job
        self._remember()
        self._changed.set()

    def _remember(self) -> None:
        path = self._offered.root / STATE
        path.parent.mkdir(exist_ok=True)
        jobs = [asdict(job) for job in self._jobs.values()][-MOST:]
        write_whole(path, json.dumps(jobs, default=str).encode(), overwrite=True)

    def _remembered(self) -> list[Job]:
        try:
            return read_json(list[Job], (self._offered.root / STATE).read_bytes())[-MOST:]
        except (OSError, ValueError):  # none yet, or damaged: a list of jobs is no loss, and their results stay
            return []
