"""Commands as a person pastes them into a shell."""

import shlex
from collections.abc import Sequence
from pathlib import Path


def command_line(command: str, source: Path, target: Path | None = None, words: Sequence[str] = ()) -> str:
    """`vidrestore COMMAND INPUT [OUTPUT] WORDS`, quoted; a name that begins with a dash is written with its folder."""
    paths = [path_word(path) for path in (source, target) if path is not None]
    return shlex.join(["vidrestore", command, *paths, *words])


def path_word(path: Path) -> str:
    """A path as a word of a command line, and no option."""
    return f"./{path}" if str(path).startswith("-") else str(path)
