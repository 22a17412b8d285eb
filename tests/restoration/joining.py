"""Runs join-frames."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from tests.restoration.extraction.extracting import invoke
from vidrestore.frame.frame import Frame

FFV1 = ("-c", "ffv1")


def joined(folder: Path, target: Path, *options: object) -> dict:
    code, report, errors = invoke("join-frames", folder, target, "--json", *options)
    assert code == 0, errors
    return report


def times(found: Sequence[Frame]) -> list[tuple[Fraction, Fraction]]:
    return [(frame.pts, frame.duration) for frame in found]
