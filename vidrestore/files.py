"""Small files a command writes beside its result: refused before it starts, written whole after it."""

import os
import re
from collections.abc import Iterable
from contextlib import suppress
from itertools import chain, count
from pathlib import Path

from .errors import ResourceError, UsageError


def check_free(path: Path, *sources: Path, overwrite: bool) -> None:
    """UsageError: there is something of that name (for a folder: in it), a source even, or no folder to write it to."""
    if not path.absolute().parent.is_dir():
        raise UsageError(f"{path}: its folder does not exist; make it first")
    if is_one_of(path, sources):
        raise UsageError(f"{path} is the input itself; give another name")
    taken = any(path.iterdir()) if path.is_dir() else path.exists()
    if taken and not overwrite:
        raise UsageError(f"{path} exists; use -y to overwrite it")


def check_there(path: Path) -> None:
    """UsageError: there is no file or folder of that name."""
    if path.exists():
        return
    if address := address_of(path):
        raise UsageError(f"{address} is an address, and only files are read; download it first")
    raise UsageError(f"{path}: no such file or folder; check the name")


def address_of(path: Path) -> str:
    """The address (https://, rtsp://) that was given as a path; empty where it is none."""
    found = _ADDRESS.match(str(path))
    return f"{found[1]}://{str(path)[found.end() :]}" if found else ""


_ADDRESS = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]+):[/\\]+")


def is_one_of(path: Path, others: Iterable[Path]) -> bool:
    """Whether it is the same file or folder as one of them, by whatever name; what does not exist is none."""
    return path.exists() and any(other.exists() and path.samefile(other) for other in others)


def part_of(path: Path) -> Path:
    """Where a file may grow until it gets the name `path`: a name that no file has, since that one is not ours."""
    names = (f"{path.stem}.part{number}{path.suffix}" for number in chain([""], count(2)))
    return next(part for part in map(path.with_name, names) if not part.exists())


def to_disk(path: Path) -> None:
    """Wait until a file, or the names in a folder, would be there after a power cut; where a system can."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:  # Windows opens no folders
        return
    try:
        with suppress(OSError):
            os.fsync(handle)
    finally:
        os.close(handle)


def write_whole(path: Path, content: bytes | memoryview) -> None:
    """Under a name of its own first, so that `path` holds all of it or is not touched, even if the power goes.

    Raises:
        ResourceError: the disk is full, or nothing can be written there.
    """
    try:
        part = part_of(path)
        try:
            with part.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ResourceError(f"{path} cannot be written: {error.strerror}") from None
