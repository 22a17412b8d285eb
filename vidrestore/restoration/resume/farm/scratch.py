"""Folders for the time of a run, held by locks: what a run that was killed has left, the next one deletes."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO


@contextmanager
def scratch(name: str) -> Iterator[Path]:
    """A folder of that name, which others may have, too.

    Whoever is there first makes it, and the last to leave deletes it. Paths in it stay short: Ray has sockets there.

    Raises:
        OSError: there is no room for it.
    """
    _sweep()
    folder = Path(tempfile.gettempdir()) / f"{_prefix()}{name}"
    try:
        with _held(folder):
            yield folder
    finally:
        _sweep()


@contextmanager
def turn(folder: Path) -> Iterator[None]:
    """One of those who have the folder at a time."""
    with (folder / "turn").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _prefix() -> str:
    return f"vidrestore-{os.getuid()}-"


def _held(folder: Path) -> TextIO:
    while True:
        folder.mkdir(mode=0o700, exist_ok=True)
        with suppress(FileNotFoundError):  # swept away just now
            lock = (folder / "lock").open("a")
            fcntl.flock(lock, fcntl.LOCK_SH)
            if os.fstat(lock.fileno()).st_nlink:
                return lock
            lock.close()


def _sweep() -> None:
    """Delete what no process holds."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_prefix()}*"):
        with suppress(OSError), (folder / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
