"""Files on another machine, the source of a job and weights: sent there once, and found there by all its workers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Generic, TypeVar

from ....errors import InputError
from ....models.weights.manifest import digest, parts
from ....video.facts.info import VideoInfo
from .scratch import scratch, turn

Ref = TypeVar("Ref")
States = tuple[tuple[str, int, int], ...]
"""Of each file: name, relative to a folder or "", size, and time of change in nanoseconds."""
BLOCK = 64 << 20
"""Bytes that are sent at once."""


@dataclass(frozen=True, slots=True)
class Sent(Generic[Ref]):
    """A file on its way."""

    name: str
    """Relative to the folder; "": the source itself."""
    changed: int
    """Nanoseconds; by it and the size its index is known."""
    size: int
    blocks: tuple[Ref, ...]


@dataclass(frozen=True, slots=True)
class Source(Generic[Ref]):
    """A file, or a folder of pictures, or files of a folder that are one network."""

    key: str
    """Whoever has the same has the same files, of the same names."""
    path: Path
    """Where it is, as the driver sees it."""
    state: States
    home: str
    """The machine on which it is there; "": every machine sees it."""
    files: tuple[Sent[Ref], ...] = ()


def states(path: Path) -> States:
    """OSError: it cannot be read."""
    files = sorted(each for each in path.iterdir() if each.is_file()) if path.is_dir() else [path]
    found = ((each, each.stat()) for each in files)
    return tuple((each.name if path.is_dir() else "", stat.st_size, stat.st_mtime_ns) for each, stat in found)


def network(path: Path, home: str, put: Callable[[bytes], Ref] | None) -> Source[Ref]:
    """A network's file, or both where it is two. OSError: it cannot be read.

    Args:
        put: as of `send`; None: it is needed at home alone.
    """
    key = sha256(f"{path.name} {digest(path)}".encode()).hexdigest()
    state = tuple((part.name, part.stat().st_size, part.stat().st_mtime_ns) for part in parts(path))
    return Source(key, path.parent, state, home, () if put is None else tuple(send(path.parent, state, put)))


def send(path: Path, state: States, put: Callable[[bytes], Ref]) -> Iterator[Sent[Ref]]:
    """Every file of a source, in blocks. OSError: it cannot be read."""
    for name, size, changed in state:
        with (path / name).open("rb") as file:
            blocks = tuple(map(put, iter(lambda: file.read(BLOCK), b"")))
        yield Sent(name, changed, size, blocks)


def relocated(info: VideoInfo, path: Path) -> VideoInfo:
    """What is known of a source, of its copy at `path`."""
    if info.path == path:
        return info
    pictures = tuple(
        replace(shown, path=path / shown.path.name if shown.path != info.path else path) for shown in info.pictures
    )
    return replace(info, path=path, pictures=pictures)


def place_of(source: Source[Ref], node: str, host: str, get: Callable[[Ref], bytes], holds: ExitStack) -> Path:
    """Where a source lies on a machine, there until `holds` is closed.

    Args:
        node, host: the machine, as it is told apart from others, and as users know it.
        get: a block that was sent.

    Raises:
        InputError: it should be there already, and is not.
        OSError: there is no room for it.
    """
    if source.home in ("", node):
        _check_seen(source, host)
        return source.path
    return holds.enter_context(_received(source, node, get))


def _check_seen(source: Source[Ref], host: str) -> None:
    for name, *state in source.state:
        file = source.path / name
        try:
            found = file.stat()
        except OSError:
            found = None
        if found is None or [found.st_size, found.st_mtime_ns] != state:
            way_out = "put it there, or leave out --shared to send it" if not source.home else "run it again"
            raise InputError(f"{file} is not there on {host}, or another file is; {way_out}")


@contextmanager
def _received(source: Source[Ref], node: str, get: Callable[[Ref], bytes]) -> Iterator[Path]:
    """Written there by whichever worker comes first; gone with the last one."""
    with scratch(f"{source.key[:12]}-{node[:12]}") as folder:
        place = folder / (source.path.name or "source")
        with turn(folder):
            if not (folder / "whole").exists():
                _write(source, place, get)
                (folder / "whole").touch()
        yield place


def _write(source: Source[Ref], place: Path, get: Callable[[Ref], bytes]) -> None:
    for sent in source.files:
        path = place / sent.name if sent.name else place
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            for block in sent.blocks:
                file.write(get(block))
        os.utime(path, ns=(sent.changed, sent.changed))
