"""PNG files: what their chunks say, and chunks put in. PNG third edition, section 11."""

import zlib
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from .cicp import CICP, primaries_and_transfer
from .exif import plausible, tags_of
from .picture_header import PictureHeader

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_FIRST = 33
"""Bytes of the signature and the first chunk, the header."""
_WANTED = {b"IHDR", b"tRNS", b"acTL", b"iCCP", b"pHYs", b"eXIf", b"cICP"}
_LONGEST = 1 << 24
"""Bytes that are read of a chunk, and of what one unpacks to; samples, which are longer, are skipped."""


def read_header(file: BinaryIO) -> PictureHeader:
    """Without decoding anything. ValueError: it is damaged."""
    chunks = read_chunks(file)
    head, density = chunks.get(b"IHDR", b""), chunks.get(b"pHYs", b"")
    if len(head) != 13:
        raise ValueError("it has no header")
    kind = head[9]
    tags = tags_of(chunks.get(b"eXIf", b""))
    dpi = None
    if len(density) == 9 and density[8] == 1:  # per metre
        dpi = plausible(*(int.from_bytes(density[at : at + 4]) * 0.0254 for at in (0, 4)))
    primaries, transfer = primaries_and_transfer(chunks.get(CICP, b""))
    return PictureHeader(
        "png",
        int.from_bytes(head[:4]),
        int.from_bytes(head[4:8]),
        samples="uint16" if head[8] == 16 else "uint8",
        channels={0: 1, 4: 2, 6: 4}.get(kind, 3),
        alpha=kind in (4, 6) or b"tRNS" in chunks,
        pages=max(1, int.from_bytes(chunks.get(b"acTL", b"")[:4])),
        orientation=tags.orientation,
        profile=unpacked_profile(chunks[b"iCCP"]) if b"iCCP" in chunks else b"",
        exif=tags.exif,
        dpi=dpi or tags.dpi,
        primaries=primaries,
        transfer=transfer,
    )


def read_chunks(file: BinaryIO) -> dict[bytes, bytes]:
    """The chunks that describe the picture, by name, wherever they stand; of several the first. Reads no samples."""
    return {name: content for name, content in reversed([*_chunks(file)])}


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    size, at = file.seek(0, 2), len(SIGNATURE)
    while at + 12 <= size:
        file.seek(at)
        length, name = int.from_bytes(file.read(4)), file.read(4)
        if name in _WANTED and length <= _LONGEST:
            yield name, file.read(length)
        at += 12 + length


def unpacked_profile(content: bytes) -> bytes:
    """The ICC profile in an iCCP chunk; empty where it is damaged."""
    _, _, packed = content.partition(b"\0")
    try:
        return zlib.decompressobj().decompress(packed[1:], _LONGEST)
    except zlib.error:
        return b""


def with_chunks(png: bytes, chunks: Iterable[tuple[bytes, bytes]]) -> bytes:
    """A PNG with more chunks, (name, content), behind its header."""
    new = b"".join(
        len(content).to_bytes(4) + name + content + zlib.crc32(name + content).to_bytes(4) for name, content in chunks
    )
    return png[:_FIRST] + new + png[_FIRST:]
