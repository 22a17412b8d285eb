"""Commands as a person pastes them into a shell."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from ..base.settings import VIDEO_NAMES, WRITTEN_PICTURES
from ..video.codecs import CONTAINERS


def command_line(command: str, source: Path, words: Sequence[str] = ()) -> str:
    """`vidrestore COMMAND INPUT [OUTPUT] WORDS`, quoted; OUTPUT only where the command finds no name of its own."""
    written = suffix_of(source)
    target = [] if written == source.suffix else [source.with_name(f"{source.stem}_{command}{written}")]
    return shlex.join(["vidrestore", command, *map(path_word, [source, *target]), *words])


def suffix_of(source: Path) -> str:
    """Of a result: the source's own, but .mkv or .png of what is read and not written, such as .wmv and .bmp."""
    suffix = source.suffix.lower()
    if source.is_dir() or suffix in CONTAINERS or suffix in WRITTEN_PICTURES:
        return source.suffix
    return ".mkv" if suffix in VIDEO_NAMES or not suffix else ".png"


def path_word(path: Path) -> str:
    """A path as a word of a command line; one that begins with a dash is no option."""
    return f"./{path}" if str(path).startswith("-") else str(path)
