"""Commands as a person pastes them into a shell."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from ..base.settings import VIDEO_NAMES, WRITTEN_PICTURES
from ..video.codecs import CONTAINERS


def command_line(command: str, source: Path, words: Sequence[str] = (), target: Path | None = None) -> str:
    """`vidrestore COMMAND INPUT [OUTPUT] WORDS`, quoted.

    Args:
        target: None: the command finds a name of its own; where it would find none, one is given.
    """
    written = suffix_of(source)
    if target is None and written != source.suffix:
        target = source.with_name(f"{source.stem}_{command}{written}")
    paths = [path_word(path) for path in (source, target) if path is not None]
    return shlex.join(["vidrestore", command, *paths, *words])


def suffix_of(source: Path) -> str:
    """Of a result: the source's own, but .mkv or .png of what is read and not written, such as .wmv and .bmp."""
    suffix = source.suffix.lower()
    if source.is_dir() or suffix in CONTAINERS or suffix in WRITTEN_PICTURES:
        return source.suffix
    return ".mkv" if suffix in VIDEO_NAMES or not suffix else ".png"


def path_word(path: Path) -> str:
    """A path as a word of a command line; one that begins with a dash is no option."""
    return f"./{path}" if str(path).startswith("-") else str(path)
