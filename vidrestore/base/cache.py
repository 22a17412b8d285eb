"""A cache on disk of what was compiled or measured, so that the next start is quick."""

import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ..errors import VidrestoreError
from .files import write_whole
from .folders import user_folder

LARGEST = 256 << 20
"""Bytes all entries may take together; those that were not used for longest go first."""


def folder() -> Path | None:
    """$VIDRESTORE_CACHE, or vidrestore/ in the user's cache folder; None where the variable is set and empty."""
    chosen = os.environ.get("VIDRESTORE_CACHE")
    if chosen is None:
        return user_folder("cache")
    return Path(chosen) if chosen else None


def cached(key: str | None, make: Callable[[], bytes], *, anew: bool = False) -> bytes:
    """The entry of `key`, made where there is none, a damaged one or another key's; made anew for None, or if asked to.

    Several processes may do so at once: an entry appears whole. That it cannot be written is no error.
    """
    where = folder() if key else None
    if where is None:
        return make()
    path = where / f"{key}.bin"
    with suppress(OSError):
        stored = b"" if anew else path.read_bytes()
        if _sum(path, stored[32:]) == stored[:32]:
            os.utime(path)
            return stored[32:]
    made = make()
    with suppress(OSError, VidrestoreError):
        where.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(path, _sum(path, made) + made, overwrite=True)
        _prune(where)
    return made


def _sum(path: Path, content: bytes) -> bytes:
    return hashlib.sha256(path.name.encode() + content).digest()


def _prune(where: Path) -> None:
    """Entries, and parts that a process which was killed left, from the newest on as long as they fit."""
    found = [(file, file.stat()) for file in where.glob("*.bin")]
    found.sort(key=lambda each: each[1].st_mtime, reverse=True)
    total = 0
    for file, facts in found:
        total += facts.st_size
        if total > LARGEST:
            file.unlink(missing_ok=True)


def code_of(*folders: Path) -> bytes:
    """Hash of the Python files in folders: what was made by others is made anew."""
    digest = hashlib.sha256()
    for folder in folders:
        for file in sorted(folder.rglob("*.py")):
            digest.update(file.read_bytes())
    return digest.digest()
