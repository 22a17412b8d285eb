"""A folder's new content put in place as one: by one rename, or by moves that can be resumed.

One rename does where there is no folder yet, or one that is ours alone (exchange.py). Else the new content lies in a
folder beside the target, with a list of the moves to make while they are made. A run that is killed between two of
them leaves the list, and the next run to that target finishes what it says.
"""

import json
import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar

from ...base.files import put_in_place, write_whole
from ...base.schema import read_json
from ...errors import UsageError, VidrestoreError
from .exchange import exchange_whole

NEW, OLD, MOVES = "pictures", "old", "moves.json"
"""In the folder beside the target: the new content, what it takes the place of, and the list of moves."""


@dataclass(frozen=True, slots=True)
class Moves:
    """Names of files relative to the target, with "/" between folders."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    leaving: list[str]
    arriving: list[str]


def swap_in(part: Path, folder: Path, *, outdated: Iterable[str], overwrite: bool, shared: bool) -> None:
    """Make `part`/NEW the content of `folder`, beside what is there of others. All of it, or `folder` is untouched.

    No signal may come in here (stop.py).

    Args:
        outdated: files of an earlier run, relative to `folder`, which go.
        shared: without `overwrite`, too, there may be files in `folder`, but none of those names.

    Raises:
        UsageError: without `overwrite`, something has come to `folder` that would go.
        VidrestoreError: a folder has the name of a new file.
        OSError: something cannot be moved; what was moved has been moved back.
    """
    new = part / NEW
    if not folder.is_dir():
        put_in_place(new, folder, overwrite=False)
        return
    arriving = sorted(path.relative_to(new).as_posix() for path in new.rglob("*") if not path.is_dir())
    leaving = sorted({*outdated, *(name for name in arriving if os.path.lexists(folder / name))})
    there = leaving if shared else sorted(path.name for path in folder.iterdir())
    if there and not overwrite:
        raise UsageError(f"{folder / there[0]} has come while this run was at work; use -y, or name another folder")
    for name in leaving:
        if (folder / name).is_dir() and not (folder / name).is_symlink():
            raise VidrestoreError(f"{folder / name} is a folder where a file must go; rename it")
    if exchange_whole(new, folder, part / OLD, leaving):
        clear(part)
        return
    moves = Moves(leaving, arriving)
    write_whole(part / MOVES, json.dumps(asdict(moves)).encode(), overwrite=True)
    try:
        _move(part, folder, moves)
    except BaseException:
        _move_back(part, folder, moves)  # where this fails, too, the list stays
        (part / MOVES).unlink()
        raise
    (part / MOVES).unlink()
    clear(part)


def is_pending(part: Path) -> bool:
    """Whether a run was killed while it moved files, so that what lies here is needed."""
    return (part / MOVES).is_file()


def finish(part: Path, folder: Path) -> None:
    """Make the moves that a run which was killed has left to make; its result was whole.

    Raises:
        UsageError: the list is damaged.
        OSError: something cannot be moved.
    """
    try:
        moves = read_json(Moves, (part / MOVES).read_bytes())
        inside = all(map(_is_inside, (*moves.leaving, *moves.arriving)))
    except ValueError:
        inside = False
    if not inside:
        raise UsageError(f"{part / MOVES} is damaged; look at what lies beside it, and remove {part}")
    _move(part, folder, moves)
    (part / MOVES).unlink()
    clear(part)


def clear(part: Path) -> None:
    """Delete both contents, unless they are needed; what cannot be deleted must not fail a run that is done."""
    if not is_pending(part):
        for content in (part / NEW, part / OLD):
            shutil.rmtree(content, ignore_errors=True)
        for unfinished in part.glob("moves.part*.json"):
            with suppress(OSError):
                unfinished.unlink()


def _is_inside(name: str) -> bool:
    return bool(name) and not Path(name).is_absolute() and ".." not in Path(name).parts


def _move(part: Path, folder: Path, moves: Moves) -> None:
    """Every move that is not made yet."""
    for name in moves.leaving:
        if os.path.lexists(folder / name) and not os.path.lexists(part / OLD / name):
            _rename(folder / name, part / OLD / name)
    for name in moves.arriving:
        if os.path.lexists(part / NEW / name):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (part / NEW / name).replace(folder / name)
    _remove_empty(folder, moves.leaving)


def _move_back(part: Path, folder: Path, moves: Moves) -> None:
    for name in moves.arriving:
        if os.path.lexists(folder / name) and not os.path.lexists(part / NEW / name):
            _rename(folder / name, part / NEW / name)
    _remove_empty(folder, moves.arriving)
    for name in moves.leaving:
        if os.path.lexists(part / OLD / name):
            _rename(part / OLD / name, folder / name)


def _rename(path: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    path.rename(to)


def _remove_empty(folder: Path, names: Iterable[str]) -> None:
    """The folders that files of these names lay in, where nothing is left in them."""
    parents = {parent for name in names for parent in Path(name).parents if parent != Path()}
    for parent in sorted(parents, key=lambda path: len(path.parts), reverse=True):
        with suppress(OSError):
            (folder / parent).rmdir()
