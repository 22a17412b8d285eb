"""The source of a job on another machine: sent there once, and found there by every worker of that machine."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, TypeVar

from ....errors import InputError
from ....video.facts.info import VideoInfo
from .scratch import scratch, share

Ref = TypeVar("Ref")
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
    """A file, or a folder of pictures."""

    key: str
    path: Path
    """Where it is, as the driver sees it."""
    state: tuple[tuple[str, int, int], ...]
    """Of each file: name, size and time of change."""
    home: str
    """The machine on which it is there; "": every machine sees it."""
    files: tuple[Sent[Ref], ...] = ()


def states(path: Path) -> tuple[tuple[str, int, int], ...]:
    """OSError: it cannot be read."""
    files = sorted(each for each in path.iterdir() if each.is_file()) if path.is_dir() else [path]
    found = ((each, each.stat()) for each in files)
    return tuple((each.name if path.is_dir() else "", stat.st_size, stat.st_mtime_ns) for each, stat in found)


def send(path: Path, put: Callable[[bytes], Ref]) -> Iterator[Sent[Ref]]:
    """Every file of a source, in blocks. OSError: it cannot be read."""
    for name, size, changed in states(path):
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


def check_seen(source: Source[Ref], where: str) -> None:
    """InputError: this machine does not see the source as the driver does."""
    try:
        same = states(source.path) == source.state
    except OSError:
        same = False
    if not same:
        raise InputError(
            f"{source.path} is not there on {where}, or another file is; put it there, or leave out --shared to send it"
        )


@contextmanager
def received(source: Source[Ref], node: str, get: Callable[[Ref], bytes]) -> Iterator[Path]:
    """Where the source lies on this machine, written there by whichever worker comes first; gone with the last one.

    Args:
        node: tells machines apart.
        get: a block that was sent.

    Raises:
        OSError: there is no room for it.
    """
    with scratch(f"{source.key[:12]}-{node[:12]}") as (folder, lock):
        place = folder / (source.path.name or "source")
        if not (folder / "whole").exists():
            _write(source, place, get)
            (folder / "whole").touch()
        share(lock)
        yield place


def _write(source: Source[Ref], place: Path, get: Callable[[Ref], bytes]) -> None:
    for sent in source.files:
        path = place / sent.name if sent.name else place
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            for block in sent.blocks:
                file.write(get(block))
        os.utime(path, ns=(sent.changed, sent.changed))
