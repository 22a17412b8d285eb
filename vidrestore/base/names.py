"""Checks names of outputs: not a device, not a pipe, not the same twice."""

import os
import re
import stat
from collections.abc import Sequence
from pathlib import Path

from ..errors import UsageError

_PIPE = re.compile(r"-|pipe:.*")
_HANDLES = re.compile(r"/dev|/proc/\d+(/task/\d+)?/fd")
_KINDS = {
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
}


def check_name(path: Path, *, text: bool = False) -> None:
    """Whether a file or folder may be written under a name, be there one or not.

    Args:
        text: what is written is text, which a device or FIFO takes as it comes.

    Raises:
        UsageError: it stands for a stream, as other programs have it; it is a device, a FIFO or a socket that cannot
            take this.
    """
    if _PIPE.fullmatch(str(path)):
        raise UsageError(f"{path} is no name for an output: results go to files; write ./name, or /dev/stdout for text")
    kind = special(path)
    if not kind or (text and is_stream(path)):
        return
    ways = "name a file" if text else "only CSV, HTML and other text goes there; name a file"
    raise UsageError(f"{path} is {kind}, and not replaced by a file; {ways}")


def special(path: Path) -> str:
    """What is there that is neither file nor folder; "" for those, and where there is nothing."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return ""
    if kind := _KINDS.get(stat.S_IFMT(mode)):
        return kind
    # /dev/stdout is a link to whatever the shell has opened, a file too.
    return "a device" if path.is_symlink() and _HANDLES.fullmatch(str(path.absolute().parent.resolve())) else ""


def is_stream(path: Path) -> bool:
    """Whether text can be written to what is there as it comes: a device such as /dev/stdout, or a FIFO."""
    return special(path) in ("a device", "a FIFO") and not path.is_block_device()


def write_stream(path: Path, content: bytes | memoryview) -> None:
    """Write to a device or FIFO; for a FIFO this waits until somebody reads it.

    Raises:
        OSError: it cannot be written.
    """
    with path.open("ab", buffering=0) as file:  # added: it may be what a shell has redirected into a file
        rest = memoryview(content)
        while rest:
            rest = rest[file.write(rest) :]


def check_distinct(paths: Sequence[Path]) -> None:
    """UsageError: two results would go to one file."""
    seen: set[str] = set()
    for path in paths:
        name = os.path.realpath(path)
        if name in seen and not is_stream(path):
            raise UsageError(f"{path} is named for two outputs; give each a name of its own")
        seen.add(name)
