"""Indexes kept in the cache on disk, by the file's path, size and time of change."""

from __future__ import annotations

import json
import zlib
from dataclasses import asdict, dataclass, fields
from fractions import Fraction
from hashlib import sha256
from typing import Annotated

import av
import numpy as np
from annotated_types import Interval, MaxLen

from ...base.cache import cached
from ...base.schema import Count, Text, Tick, read_json
from ..facts.info import VideoInfo
from .index import NONE, Findings, Packets, SourceIndex
from .scan import scan

FORMAT = 1
"""Of what is kept; another number, and all is made anew."""
MOST = 2**26
"""Packets that an index may have: two weeks at 50 a second."""
COLUMNS = tuple(each.name for each in fields(Packets))
"""In the order in which they are kept."""
Ratio = tuple[Tick, Annotated[int, Interval(ge=1, le=2**62)]]


@dataclass(frozen=True, slots=True)
class _Head:
    """What stands before the columns."""

    packets: Annotated[int, Interval(ge=0, le=MOST)]
    time_base: Ratio
    ends: tuple[Ratio, Ratio]
    joins: Annotated[list[Ratio], MaxLen(10**6)]
    gaps: Annotated[list[tuple[Ratio, Ratio]], MaxLen(10**6)]
    impossible: Count
    by_place: bool
    single: bool
    refusal: Text


def index_of(info: VideoInfo) -> SourceIndex:
    """The index of a video's pictures: from the cache, or made by reading the file once.

    Raises:
        InputError, UsageError: the file cannot be opened any more.
    """
    key = _key(info)

    def make() -> bytes:
        return _packed(scan(info.path, info.stream_index, follow_references=info.follow_references))

    try:
        return _unpacked(cached(key, make))
    except ValueError:  # of the right sum, and yet none of ours
        return _unpacked(cached(key, make, anew=True))


def _key(info: VideoInfo) -> str | None:
    """None: other files belong to it, of which nothing is known."""
    if info.follow_references:
        return None
    state = info.path.stat()
    file = str(info.path.resolve()), state.st_size, state.st_mtime_ns, info.stream_index
    return f"index-{sha256(repr((FORMAT, av.library_versions, file)).encode()).hexdigest()}"


def _packed(index: SourceIndex) -> bytes:
    findings = index.findings
    head = _Head(
        len(index.packets.pts),
        _ratio(index.time_base),
        (_ratio(index.ends[0]), _ratio(index.ends[1])),
        [_ratio(join) for join in findings.joins],
        [(_ratio(moment), _ratio(seconds)) for moment, seconds in findings.gaps],
        findings.impossible,
        index.by_place,
        index.single,
        index.refusal,
    )
    # Differences are small, and alike; beyond 64 bits they wrap around, and back.
    columns = [np.diff(getattr(index.packets, name), prepend=np.int64(0)).astype("<i8") for name in COLUMNS]
    body = zlib.compress(b"".join(column.tobytes() for column in columns), 1)
    return json.dumps(asdict(head)).encode() + b"\n" + body


def _unpacked(content: bytes) -> SourceIndex:
    """ValueError: it is not an index, or not one that can be."""
    line, _, body = content.partition(b"\n")
    head = read_json(_Head, line)
    size = head.packets * len(COLUMNS) * 8
    unpacker = zlib.decompressobj()
    try:
        unpacked = unpacker.decompress(body, size + 1)
    except zlib.error as error:
        raise ValueError(str(error)) from None
    if len(unpacked) != size or not unpacker.eof:
        raise ValueError(f"{len(unpacked)} bytes of columns, not {size}")
    columns = np.frombuffer(unpacked, "<i8").reshape(len(COLUMNS), head.packets).astype(np.int64)
    packets = Packets(**dict(zip(COLUMNS, np.cumsum(columns, axis=1), strict=True)))
    _check(packets, head)
    return SourceIndex(
        packets,
        Fraction(*head.time_base),
        (Fraction(*head.ends[0]), Fraction(*head.ends[1])),
        Findings(
            [Fraction(*join) for join in head.joins],
            [(Fraction(*moment), Fraction(*seconds)) for moment, seconds in head.gaps],
            head.impossible,
        ),
        by_place=head.by_place,
        single=head.single,
        refusal=head.refusal,
    )


def _check(packets: Packets, head: _Head) -> None:
    bounds = {
        "pts": (NONE if head.refusal else -(2**62), 2**62),
        "size": (0, 2**31),
        "flags": (0, 15),
    }
    for name, (least, most) in bounds.items():
        column = getattr(packets, name)
        if len(column) and not (least <= column.min() and column.max() <= most):
            raise ValueError(f"{name} is out of bounds")
    if head.time_base[0] <= 0 or (not head.refusal and not head.packets):
        raise ValueError("a clock that stands still, or no packets")


def _ratio(value: Fraction) -> Ratio:
    return value.numerator, value.denominator
