"""is_still(): whether a file is one still picture, by its content, whatever its name."""

import mmap
import re
from collections.abc import Callable
from pathlib import Path

from .formats.png import SIGNATURE

_Data = bytes | mmap.mmap
JPEG, WEBP, BMP = b"\xff\xd8\xff", b"RIFF", b"BM"
_PNG_END = b"\0\0\0\0IEND\xaeB`\x82"
TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
"""Of a JPEG's segment; coded samples hold none."""


def is_still(path: Path) -> bool:
    """Whether there is a file at `path` that holds one picture, damaged or not, and not a stream of several.

    OSError: it cannot be read.
    """
    if not path.is_file() or not path.stat().st_size:
        return False
    with path.open("rb") as file:
        start = file.read(32)
        mark, end_of = _kind(start)
        if not mark:
            return False
        # Mapped: a stream may be larger than memory.
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            end = end_of(data)
            return not end or data[end : end + len(mark)] != mark


def _kind(start: bytes) -> tuple[bytes, Callable[[_Data], int]]:
    """How such a picture begins, and what finds its end; no bytes: it is none."""
    if start.startswith(SIGNATURE):
        return SIGNATURE, _png_end
    if start.startswith(JPEG):
        return JPEG, jpeg_end
    if start.startswith(WEBP) and start[8:12] == b"WEBP":
        return WEBP, lambda data: 8 + int.from_bytes(data[4:8], "little")
    if start.startswith(TIFF):
        return start[:4], lambda _: 0
    # Two letters are no proof: four bytes are reserved, and a header of a known length follows.
    if start.startswith(BMP) and not any(start[6:10]) and 12 <= int.from_bytes(start[14:18], "little") <= 124:
        return BMP, lambda data: int.from_bytes(data[2:6], "little")
    return b"", lambda _: 0


def _png_end(data: _Data) -> int:
    at = data.find(_PNG_END)
    return 0 if at < 0 else at + len(_PNG_END)


def jpeg_end(data: _Data) -> int:
    """Where the picture's own end is over: not its thumbnail's, nor one in the video that phones append; 0: nowhere."""
    at = 2
    while found := _MARKER.search(data, at):
        if found[0] == b"\xff\xd9":
            return found.end()
        at = found.end() + int.from_bytes(data[found.end() : found.end() + 2])
    return 0
