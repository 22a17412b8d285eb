"""WebP files: what their chunks say, and the pictures of an animation. RFC 9649."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

_LONGEST = 1 << 24
"""Bytes that are read of a chunk; samples, which may be longer, are skipped."""
MOST_ANIMATED = 178_956_970
"""Pixels of an animation's canvas beyond which Pillow refuses it."""
_NO_TIME = 100
"""Milliseconds that browsers show a picture for that says 10 or less."""


@dataclass(slots=True)
class WebpFacts:
    """What a WebP file says of itself."""

    width: int = 0
    height: int = 0
    alpha: bool = False
    durations: list[int] = field(default_factory=list)
    """Of an animation: milliseconds that each of its pictures is shown."""
    profile: bytes = b""
    exif: bytes = b""


def read_facts(file: BinaryIO) -> WebpFacts:
    """Without decoding anything.

    ValueError: it is no WebP, is shorter than it says, or a still picture does not have the size of its canvas.
    """
    facts = WebpFacts()
    stored = (0, 0)
    for name, content in _chunks(file):
        if name == b"VP8X":
            facts.alpha = bool(content[:1] and content[0] & 0x10)
            facts.width, facts.height = _number(content[4:7]) + 1, _number(content[7:10]) + 1
        elif name == b"VP8L" and not any(stored):
            bits = _number(content[1:5])
            stored = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
            facts.alpha = facts.alpha if facts.width else bool(bits >> 28 & 1)
        elif name == b"VP8 " and not any(stored):
            stored = _number(content[6:8]) & 0x3FFF, _number(content[8:10]) & 0x3FFF
        elif name == b"ANMF":
            shown = _number(content[12:15])
            facts.durations.append(shown if shown > 10 else _NO_TIME)
        elif name == b"ICCP":
            facts.profile = content
        elif name == b"EXIF":
            facts.exif = content.removeprefix(b"Exif\0\0")
    if not facts.width:
        facts.width, facts.height = stored
    elif not facts.durations and stored != (facts.width, facts.height):
        raise ValueError(f"a picture of {stored} lies on a canvas of {facts.width}x{facts.height}")
    return facts


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    file.seek(4)
    end, form, size = 8 + _number(file.read(4)), file.read(4), file.seek(0, 2)
    if form != b"WEBP":
        raise ValueError(f"it is {form!r}")
    if size < end:
        raise ValueError(f"{size} of {end} bytes are there")
    at = 12
    while at + 8 <= end:
        file.seek(at)
        name, length = file.read(4), _number(file.read(4))
        whole = name in (b"ICCP", b"EXIF") and length <= _LONGEST
        yield name, file.read(length if whole else min(length, 16))
        at += 8 + length + length % 2


def _number(content: bytes) -> int:
    return int.from_bytes(content, "little")


def animated_pictures(file: BinaryIO) -> Generator[NDArray[np.uint8]]:
    """The pictures of an animation as they are to be seen, (H, W, 3), red first; opacity is left out.

    One is held at a time. FFmpeg reads no animated WebP. OSError, EOFError: damaged.
    """
    from PIL.WebPImagePlugin import WebPImageFile

    with WebPImageFile(file) as image:
        for number in range(image.n_frames):
            image.seek(number)
            yield np.asarray(image)[..., :3]
