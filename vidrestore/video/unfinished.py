"""Where a run that can be resumed grows, and whether what lies there is of the same run."""

import json
import shutil
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from ..errors import UsageError
from ..files import write_whole

RUN = "run.json"
"""Says what is being made in the folder."""


def folder_of(target: Path) -> Path:
    """NAME.part beside the target, itself a folder or not."""
    whole = target.resolve()  # beside the target itself, not beside a link to it
    return whole.with_name(f"{whole.name}.part")


def source_state(path: Path) -> str:
    """Which file, or which files of a folder, this is: another word when one is replaced."""
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    states = [(file.name, (stat := file.stat()).st_size, stat.st_mtime_ns) for file in files]
    return f"{path.resolve()} {sha256(repr(states).encode()).hexdigest()[:16]}"


def check_same(folder: Path, run: Mapping[str, str]) -> None:
    """Nothing lies there, or this run's beginning.

    Raises:
        UsageError: what lies there is no run's, or that of one that was described otherwise.
    """
    if not folder.exists():
        return
    try:
        other: dict[str, str] = json.loads((folder / RUN).read_text(encoding="utf-8"))
        differ = [name for name in {**run, **other} if run.get(name) != other.get(name)]
    except (OSError, ValueError, TypeError):
        raise UsageError(f"{folder} is in the way, and no run that can be resumed; remove it") from None
    if differ:
        raise UsageError(
            f"{folder} holds an interrupted run, of which {' and '.join(differ)} differ; "
            "give the same to go on, or remove that folder to begin anew"
        )


def begin(folder: Path, run: Mapping[str, str]) -> None:
    """Make the folder, where no earlier run did."""
    if not folder.exists():
        folder.mkdir()
        write_whole(folder / RUN, json.dumps(run, indent=1).encode())


def end(folder: Path) -> None:
    """Delete it."""
    if folder.exists():
        shutil.rmtree(folder)
