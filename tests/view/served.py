"""The page's server as a process of its own, and questions to it."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass
class Served:
    """A running server."""

    process: subprocess.Popen[str]
    address: str

    @property
    def base(self) -> str:
        return self.address.partition("/?")[0]

    @property
    def token(self) -> str:
        return self.address.partition("token=")[2]

    def ask(
        self, path: str, data: Any = None, *, headers: Mapping[str, str] = {}, method: str | None = None
    ) -> tuple[int, Any]:
        """The code, and the JSON or text of an answer; with the token, unless the headers say another."""
        body = data if isinstance(data, bytes) or data is None else json.dumps(data).encode()
        sent = {"x-token": self.token, **headers}
        request = urllib.request.Request(self.base + path, body, sent, method=method)
        try:
            with urllib.request.urlopen(request, timeout=100) as answer:
                code, found = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            code, found = error.code, error.read()
        try:
            return code, json.loads(found)
        except ValueError:
            return code, found.decode(errors="replace")

    def jobs(self) -> dict[str, Any]:
        """By source."""
        return {job["source"]: job for job in self.ask("/api/jobs")[1]["jobs"]}

    def wait(self, source: str, *states: str, progress: bool = False) -> dict[str, Any]:
        """A job, once it is in one of these states, and has come so far as to tell of it."""
        for _ in range(1000):
            job = self.jobs()[source]
            if job["state"] in states and (job["progress"] or not progress):
                return job
            assert job["state"] not in ("failed", "done") or job["state"] in states, job
            time.sleep(0.1)
        raise AssertionError(job)


@contextmanager
def served(folder: Path) -> Iterator[Served]:
    """A server of a folder's files, which is ended by SIGTERM."""
    command = [sys.executable, "-m", "vidrestore", "ui", str(folder), "--no-open"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ)
    assert process.stdout is not None and process.stderr is not None
    address = process.stdout.readline().strip()
    assert address.startswith("http://127.0.0.1:"), process.stderr.read()
    try:
        yield Served(process, address)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        process.stdout.close()
        process.stderr.close()
