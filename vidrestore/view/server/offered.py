"""Offered: the folder whose files the page may see; a path outside it is refused, whatever links and dots say."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path, PurePosixPath

from ...base.settings import READ_PICTURES, VIDEO_NAMES
from ...base.text import visible
from ...errors import UsageError

LONGEST_NAME = 200
"""Characters of a name that is dropped on the page."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or a folder that can be chosen."""

    path: str
    """From the folder that is offered."""
    name: str
    folder: bool
    size: int


@dataclass(frozen=True, slots=True)
class Offered:
    """What lies in `root`, which is resolved."""

    root: Path

    def path(self, text: str) -> Path:
        """A path in words of the page.

        Raises:
            UsageError: it lies outside.
        """
        if "\0" in text:
            raise UsageError("a path holds a zero; choose a file of the list")
        found = (self.root / text).resolve()
        if not found.is_relative_to(self.root):
            raise UsageError(f"{visible(text, longest=80)} lies outside of {self.root}, which is offered")
        return found

    def word(self, path: Path) -> str:
        """A path as the page has it."""
        return str(PurePosixPath(path.relative_to(self.root)))

    def source(self, text: str) -> Path:
        """A path of something that is there. UsageError: it is not, or lies outside."""
        if not (path := self.path(text)).exists():
            raise UsageError(f"{visible(text, longest=80)} is not there any more; choose a file of the list")
        return path

    def entries(self, folder: str) -> Iterator[Entry]:
        """Folders, then videos and pictures, by name; nothing that is hidden, or leads outside."""
        where = self.source(folder)
        if not where.is_dir():
            raise UsageError(f"{visible(folder, longest=80)} is no folder")
        for entry in sorted(os.scandir(where), key=lambda each: (not each.is_dir(), each.name.lower())):
            path = Path(entry.path)
            known = path.suffix.lower() in (*VIDEO_NAMES, *READ_PICTURES)
            inside = path.resolve().is_relative_to(self.root)
            if entry.name.startswith(".") or not inside or not (entry.is_dir() or known):
                continue
            if not entry.is_dir() or not entry.name.endswith(".part"):
                size = 0 if entry.is_dir() else entry.stat().st_size
                yield Entry(self.word(path), entry.name, entry.is_dir(), size)

    def new_name(self, wanted: str) -> Path:
        """A name in the folder that nothing has yet, for a file that is dropped on the page.

        Raises:
            UsageError: it is no name of a video or a picture.
        """
        name = Path(wanted.replace("\\", "/")).name
        suffix = Path(name).suffix.lower()
        if not name.isprintable() or name.startswith(".") or len(name) > LONGEST_NAME:
            raise UsageError(f"{visible(wanted, longest=80)} is no name for a file; rename it first")
        if suffix not in (*VIDEO_NAMES, *READ_PICTURES):
            raise UsageError(f"{visible(name, longest=80)} is no video or picture by its name")
        return free_name(self.root / name)


def free_name(path: Path, taken: frozenset[Path] = frozenset()) -> Path:
    """The path, or with a number where something has that name, is to get it, or grows under it."""
    names = (path if n == 1 else path.with_name(f"{path.stem}_{n}{path.suffix}") for n in count(1))
    return next(
        name
        for name in names
        if name not in taken and not os.path.lexists(name) and not os.path.lexists(f"{name}.part")
    )
