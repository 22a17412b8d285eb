"""WebP files: what their chunks say, and the pictures of an animation. RFC 9649."""

from collections.abc import Generator, Iterator
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from .exif import tags_of
from .picture_header import PictureHeader

_LONGEST = 1 << 24
"""Bytes that are read of a chunk; samples, which may be longer, are skipped."""
MOST_ANIMATED = 178_956_970
"""Pixels of an animation's canvas beyond which Pillow refuses it."""
_NO_TIME = 100
"""Milliseconds that browsers show a picture for that says 10 or less."""


def read_header(file: BinaryIO) -> PictureHeader:
    """Without decoding anything.

    ValueError: it is no WebP, is shorter than it says, or a still picture does not have the size of its canvas.
    """
    size, stored, alpha = (0, 0), (0, 0), False
    profile, block = b"", b""
    durations: list[int] = []
    for name, content in _chunks(file):
        if name == b"VP8X":
            alpha = bool(content[:1] and content[0] & 0x10)
            size = _number(content[4:7]) + 1, _number(content[7:10]) + 1
        elif name == b"VP8L" and not any(stored):
            bits = _number(content[1:5])
            stored = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
            alpha = alpha if any(size) else bool(bits >> 28 & 1)
        elif name == b"VP8 " and not any(stored):
            stored = _number(content[6:8]) & 0x3FFF, _number(content[8:10]) & 0x3FFF
        elif name == b"ANMF":
            shown = _number(content[12:15])
            durations.append(shown if shown > 10 else _NO_TIME)
        elif name == b"ICCP":
            profile = content
        elif name == b"EXIF":
            block = content.removeprefix(b"Exif\0\0")
    if any(size) and not durations and stored != size:
        raise ValueError(f"a picture of {stored} lies on a canvas of {size[0]}x{size[1]}")
    tags = tags_of(block)
    return PictureHeader(
        "webp",
        *(size if any(size) else stored),
        channels=4 if alpha else 3,
        alpha=alpha,
        pages=max(1, len(durations)),
        durations=tuple(durations),
        orientation=1 if durations else tags.orientation,
        profile=profile,
        exif=tags.exif,
        dpi=tags.dpi,
    )


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
