"""Where results grow that are folders or can be resumed: in a folder beside the target, held by one run at a time."""

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import TextIO

from ...base.schema import read_json
from ...base.stop import check, held
from ...errors import UsageError, unwritable
from ..pictures.folder import list_pictures
from ..pictures.times import TIMES
from . import swap

RUN = "run.json"
"""Says what is being made in the folder."""
FORMAT = "3"
"""Of what RUN says, under `format`, and of what lies beside it: which names there are, and what their values mean."""
NOT_KEPT: Mapping[str, str] = {"resume": "no"}
"""What it says where nothing can be resumed: whatever such a run leaves when it is killed is of no use."""
_OURS = re.compile(r"\d{6}(\.part\d*)?\.(data|json)")


def folder_of(target: Path) -> Path:
    """NAME.part beside the target, itself a folder or not."""
    # A folder grows beside itself, not beside a link to it; a file takes the place of a link.
    whole = target.resolve() if target.is_dir() else target.absolute()
    return whole.with_name(f"{whole.name}.part")


def source_state(path: Path) -> str:
    """Which file, or which pictures of a folder, this is: another word when one is replaced."""
    files = list_pictures(path)
    if (times := path / TIMES).is_file():
        files.append(times)
    states = [(file.name, (stat := file.stat()).st_size, stat.st_mtime_ns) for file in files]
    return f"{path.resolve()} {sha256(repr(states).encode()).hexdigest()[:16]}"


def check_same(target: Path, run: Mapping[str, str]) -> None:
    """Whether a run may go on in the folder of a target, or begin there.

    Raises:
        UsageError: what lies there is no run's, or that of one that was described otherwise.
    """
    folder = folder_of(target)
    for name in ("", RUN, swap.NEW, swap.OLD, swap.MOVES):
        if (folder / name).is_symlink():
            raise UsageError(f"{folder / name} is a link, and what grows there would land elsewhere; remove it")
    if not os.path.lexists(folder) or (folder.is_dir() and _is_empty(folder)):
        return
    try:
        other = read_json(dict[str, str], (folder / RUN).read_bytes())
        differ = [name for name in {**run, **other} if run.get(name) != other.get(name)]
    except (OSError, ValueError):
        ways = "remove it, or name another output"
        raise UsageError(f"{folder} is in the way, and no run that can be resumed; {ways}") from None
    if not differ or other == NOT_KEPT:
        return
    if run == NOT_KEPT:
        raise UsageError(f"{folder} is in the way; --resume goes on with the run that left it; else remove it")
    if other.get("format") != run.get("format"):
        raise UsageError(
            f"{folder} holds an interrupted run of another version of vidrestore, with which this one cannot go on; "
            "go on with that version, or remove that folder to begin anew"
        )
    raise UsageError(
        f"{folder} holds an interrupted run, of which {' and '.join(differ)} differ; "
        "give the same to go on, or remove that folder to begin anew"
    )


def remains(target: Path) -> Iterator[str]:
    """What runs that were killed have left of a file, which a run without --resume does not touch; one line each."""
    folder, part = folder_of(target), target.with_name(f"{target.stem}.part{target.suffix}")
    if (folder / RUN).is_file():
        yield f"{folder} holds an interrupted run, with which --resume goes on; remove it if it is not wanted"
    if os.path.lexists(part):
        yield f"{part} is there: another run is at work, or one that was killed left it; then remove it"


@contextmanager
def claim(target: Path, run: Mapping[str, str]) -> Iterator[Path]:
    """The folder of a target, made where it is not there, is this run's alone; left empty, it is deleted.

    What a killed run has left to do to the target is done first.

    Args:
        run: describes what is being made; NOT_KEPT: when it ends, however it does, nothing is left of it here.

    Raises:
        UsageError: as `check_same`, or another run is at it.
        VidrestoreError: nothing can be written there.
    """
    folder = folder_of(target)
    with held():
        check_same(target, run)
        file = _open(folder)
    try:
        _describe(file, run, folder, target)
        check()
        yield folder
    finally:
        with held():
            file.close()  # an open file cannot be deleted on Windows
            _tidy(folder, run)


def _open(folder: Path) -> TextIO:
    """What says which run has the folder, locked."""
    try:
        folder.mkdir(exist_ok=True)
        file = open(folder / RUN, "a+", encoding="utf-8", opener=_not_through_links)  # noqa: SIM115
    except OSError as error:
        with suppress(OSError):
            folder.rmdir()  # where it was made just now
        raise unwritable(folder, error.errno, error.strerror, error.filename) from None
    try:
        _lock(file, folder)
    except UsageError:
        file.close()
        raise
    return file


def _not_through_links(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o666)


def _describe(file: TextIO, run: Mapping[str, str], folder: Path, target: Path) -> None:
    """Finish what a killed run was at, clear what it left for nobody, and say which run this is."""
    try:
        if swap.is_pending(folder):
            swap.finish(folder, target)
        if run == NOT_KEPT or not _says(file, run):
            swap.clear(folder)
        if _is_empty(folder) or run == NOT_KEPT:
            file.truncate(0)
            json.dump(run, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise unwritable(folder, error.errno, error.strerror, error.filename) from None


def _says(file: TextIO, run: Mapping[str, str]) -> bool:
    file.seek(0)
    try:
        return bool(json.load(file) == run)
    except ValueError:
        return False


def clear(folder: Path) -> None:
    """Delete what runs left there; files of others stay. What cannot be deleted must not fail a run that is done."""
    with suppress(OSError):
        for path in sorted(folder.iterdir(), reverse=True):  # while the first piece is there, it is known what this was
            if _OURS.fullmatch(path.name):
                with suppress(OSError):
                    path.unlink()


def _is_empty(folder: Path) -> bool:
    """Whether there is nothing but what says whose it is. OSError: it is gone."""
    return not any(path.name != RUN for path in folder.iterdir())


def _tidy(folder: Path, run: Mapping[str, str]) -> None:
    with suppress(OSError):
        if run == NOT_KEPT:
            swap.clear(folder)
        if _is_empty(folder):
            (folder / RUN).unlink(missing_ok=True)
            folder.rmdir()


def _lock(file: TextIO, folder: Path) -> None:
    """UsageError: another process has it. It ends with this one, however that ends."""
    try:
        import fcntl
    except ImportError:  # Windows: whoever starts a run twice there is on their own
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UsageError(f"another run is making what grows in {folder}; wait for it, or end it") from None
    except OSError:  # a file system without locks
        return
    if not os.fstat(file.fileno()).st_nlink:
        raise UsageError(f"another run has just ended that grew in {folder}; give the command again")
