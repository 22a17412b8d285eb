"""Files that appear whole or not at all."""

import ctypes
import errno
import os
import re
import sys
from collections.abc import Iterable
from contextlib import suppress
from itertools import chain, count
from pathlib import Path

from ..errors import UsageError, unwritable
from .names import check_name, is_stream, write_stream
from .stop import held

_HERE, _NO_REPLACE, _EXCHANGE = -100, 1, 2
"""AT_FDCWD, RENAME_NOREPLACE and RENAME_EXCHANGE of Linux."""


def check_free(path: Path, *sources: Path, overwrite: bool, text: bool = False, folder: bool = False) -> None:
    """Whether a file may be written there, or as a `folder` files; `text` goes to devices and FIFOs, too.

    Raises:
        UsageError: as `check_name` does; there is something of that name (for a folder: in it), a source even, or no
            folder to write it to.
    """
    check_name(path, text=text)
    if is_stream(path):
        return
    if not path.absolute().parent.is_dir():
        raise UsageError(f"{path}: its folder does not exist; make it first")
    if is_one_of(path, sources):
        raise UsageError(f"{path} is the input itself; give another name")
    if os.path.lexists(path) and path.is_dir() != folder:
        raise UsageError(f"{path} is {'a file; name a folder' if folder else 'a folder; name a file'}")
    taken = any(path.iterdir()) if path.is_dir() else os.path.lexists(path)
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


def new_part(path: Path) -> Path:
    """An empty file to grow until it gets the name `path`: created under a name that nothing had, so it is ours alone.

    Raises:
        OSError: none can be created there.
    """
    for number in chain([""], count(2)):
        part = path.with_name(f"{path.stem}.part{number}{path.suffix}")
        with suppress(FileExistsError):
            part.open("x").close()
            return part
    raise AssertionError("numbers do not end")


def put_in_place(part: Path, path: Path, *, overwrite: bool) -> None:
    """Rename `part`, a file or a folder, to `path`; without `overwrite` only where nothing has that name.

    Raises:
        UsageError: something has; it has come since that was checked.
        OSError: it cannot be renamed.
    """
    if overwrite:
        part.replace(path)
        return
    try:
        _rename_to_free(part, path)
    except FileExistsError:
        raise UsageError(f"{path} has come while this run was at work; use -y, or give another name") from None


def _rename_to_free(part: Path, path: Path) -> None:
    """FileExistsError: something has that name; found in the same step, where the file system can."""
    number = _renameat2(part, path, _NO_REPLACE)
    if number == 0:
        return
    if number not in (errno.EINVAL, errno.ENOSYS):  # the file system can
        raise OSError(number, os.strerror(number), str(path))
    if not part.is_dir():
        try:
            os.link(part, path)
        except FileExistsError:
            raise
        except OSError:  # a file system without links
            pass
        else:
            part.unlink()
            return
    if os.path.lexists(path):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    part.rename(path)


def exchange(path: Path, other: Path) -> bool:
    """Whether two files or folders on one disk have each other's name now, by one step; else nothing has changed."""
    return _renameat2(path, other, _EXCHANGE) == 0


def _renameat2(path: Path, other: Path, how: int) -> int:
    """0, or the number of the error that it ended with; ENOSYS: there is no such call."""
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None) if sys.platform == "linux" else None
    if call is None:
        return errno.ENOSYS
    return 0 if call(_HERE, os.fsencode(path), _HERE, os.fsencode(other), how) == 0 else ctypes.get_errno()


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


def write_whole(path: Path, content: bytes | memoryview, *, overwrite: bool) -> None:
    """Under a name of its own first, so that `path` holds all of it or is not touched, even if the power goes.

    A device or a FIFO is written to as it is.

    Raises:
        UsageError: without `overwrite`, something has that name.
        ResourceError: the disk is full.
        VidrestoreError: nothing can be written there.
    """
    try:
        if is_stream(path):
            write_stream(path, content)
            return
        with held():
            part = new_part(path)
            try:
                with part.open("wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                put_in_place(part, path, overwrite=overwrite)
            except BaseException:
                part.unlink(missing_ok=True)
                raise
    except OSError as error:
        raise unwritable(path, error.errno, error.strerror, error.filename) from None
