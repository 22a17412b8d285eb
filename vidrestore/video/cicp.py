"""The cICP chunk of PNG: whose primaries and transfer a picture's samples have. PNG third edition, 11.3.2.6."""

from collections.abc import Iterator
from zlib import crc32

from ..frame import Colour

_HEAD = 33
"""Bytes of the signature and the first chunk."""
_BT2020, _PQ, _HLG = 9, 16, 18
"""Code points of ITU-T H.273."""


def is_hdr(colour: Colour) -> bool:
    """Whether colours look wrong where they are taken for those of ordinary pictures."""
    return colour.primaries == _BT2020 or colour.transfer in (_PQ, _HLG)


def with_chunk(png: bytes, colour: Colour) -> bytes:
    """A PNG that says whose its colours are; RGB in full range, as all pictures."""
    chunk = b"cICP" + bytes((colour.primaries, colour.transfer, 0, 1))
    return png[:_HEAD] + (4).to_bytes(4) + chunk + crc32(chunk).to_bytes(4) + png[_HEAD:]


def primaries_and_transfer(png: bytes) -> tuple[int, int]:
    """What a PNG says of its colours, in code points of H.273; 2 is unspecified."""
    return next(((data[0], data[1]) for name, data in _chunks(png) if name == b"cICP" and len(data) == 4), (2, 2))


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and content of each chunk before the samples."""
    at = 8
    while png.startswith(b"\x89PNG") and at + 8 <= len(png) and png[at + 4 : at + 8] != b"IDAT":
        length = int.from_bytes(png[at : at + 4])
        yield png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        at += 12 + length
