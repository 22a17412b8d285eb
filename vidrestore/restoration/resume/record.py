"""What made a result, written down beside it: so it is known that the same run need not make it again."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from ...base.files import write_whole
from ...base.schema import read_json
from ...errors import VidrestoreError, unwritable
from ...video.resume.unfinished import source_state
from ..job import Job
from ..report import Report

FOLDER = ".vidrestore"
"""Beside the results, with one record for each."""


@dataclass(frozen=True, slots=True)
class Record:
    """Of one result."""

    run: dict[str, str]
    """As `Job.run`: which source and which options, by which version."""
    result: str
    """Its name, size and time of change, or of all its pictures: another word when it was changed since."""
    report: dict[str, Any]
    """What the run told."""

    def differs(self, job: Job) -> list[str]:
        """What of a job is not as it was; empty: it would make this very result."""
        run = job.run
        return [name for name in {**run, **self.run} if run.get(name) != self.run.get(name)]


def keep_record(job: Job, report: Report) -> None:
    """Write down what a job that is done has made, and how.

    Raises:
        VidrestoreError: that cannot be written.
    """
    target = job.target.path
    record = Record(job.run, source_state(target), asdict(report))
    path = _path(target)
    try:
        path.parent.mkdir(exist_ok=True)
    except OSError as error:
        raise unwritable(path.parent, error.errno, error.strerror, error.filename) from None
    write_whole(path, json.dumps(asdict(record)).encode(), overwrite=True)


def record_of(target: Path) -> Record | None:
    """The record of what is there now; None where nothing is, or nothing is known of it."""
    try:
        record = read_json(Record, _path(target).read_bytes())
        return record if record.result == source_state(target) else None
    except (OSError, ValueError, VidrestoreError):  # none; damaged; a folder without pictures: whatever it was is gone
        return None


def _path(target: Path) -> Path:
    name = sha256(os.fsencode(target.name)).hexdigest()[:32]  # names may be as long as the file system allows
    return target.parent / FOLDER / f"{name}.json"
