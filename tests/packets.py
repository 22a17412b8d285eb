"""Packets and tags of the tracks of a file."""

from fractions import Fraction
from pathlib import Path

import av


def packets(path: Path, kind: str) -> list[list[tuple[Fraction, bytes]]]:
    """By track of a kind, the time and the bytes of each packet."""
    with av.open(str(path)) as container:
        found: dict[int, list[tuple[Fraction, bytes]]] = {s.index: [] for s in container.streams if s.type == kind}
        for packet in container.demux():
            if packet.stream_index in found and packet.size and packet.pts is not None:
                found[packet.stream_index].append((packet.pts * packet.time_base, bytes(packet)))
    return list(found.values())


def tags(path: Path, kind: str) -> list[tuple[str | None, int]]:
    with av.open(str(path)) as container:
        return [(s.metadata.get("language"), int(s.disposition)) for s in container.streams if s.type == kind]
