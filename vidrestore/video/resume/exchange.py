"""A folder's content replaced in one step: it and the new one exchange their names, where nobody tells them apart."""

import os
import shutil
import sys
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from ...base.files import exchange


def exchange_whole(new: Path, folder: Path, aside: Path, leaving: Collection[str]) -> bool:
    """Whether `folder` has the content of `new` now; else both are as they were, since one of these is not so.

    The files in `folder` are those that are `leaving`. Both folders have one owner, mode and attributes. This process
    does not work in `folder`, as then the shell would that began it. The file system can exchange names.

    Args:
        aside: takes `new` before and the old content after: a kill between does not leave the old under the new's name.
    """
    folder = folder.resolve()  # not the link to it
    if _others(folder, leaving) or _facts(new) != _facts(folder) or _is_worked_in(folder):
        return False
    shutil.rmtree(aside, ignore_errors=True)  # of a run that was killed here
    new.rename(aside)
    if not exchange(aside, folder):
        aside.rename(new)
        return False
    for name in _others(aside, leaving):  # has come since
        with suppress(OSError):
            (aside / name).rename(folder / name)
    return True


def _others(folder: Path, names: Collection[str]) -> list[str]:
    """What lies there that is not of these names, nor a folder that holds some of them; the outer before the inner."""
    known = {*names} | {parent.as_posix() for name in names for parent in Path(name).parents}
    found = (path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")))
    return [name for name in found if name not in known]


def _facts(folder: Path) -> tuple[object, ...]:
    """What is kept of a folder but its content."""
    state = folder.stat()
    more: dict[str, bytes] = {}
    if sys.platform == "linux":
        with suppress(OSError):  # a file system without
            more = {name: os.getxattr(folder, name) for name in os.listxattr(folder)}
    return state.st_dev, state.st_uid, state.st_gid, state.st_mode, more


def _is_worked_in(folder: Path) -> bool:
    try:
        return Path.cwd().is_relative_to(folder)
    except OSError:  # that folder is gone
        return False
