"""Runs extract-frames, and reads what it wrote."""

import csv
import json
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import torch
from typer.testing import CliRunner

from vidrestore.base.settings import Reading
from vidrestore.cli import app
from vidrestore.frame.colour import to_rgb
from vidrestore.frame.frame import Frame, Planes
from vidrestore.video.facts.probe import probe
from vidrestore.video.pictures.read import read_picture
from vidrestore.video.reader import Reader

VFR = [0, 1001, 2002, 4004, 4505, 7000, 10010, 10100, 20020, 30030]
TICK = Fraction(1, 30000)
GOPS = {"g": "10", "keyint_min": "10", "sc_threshold": "0", "bf": "2", "x264-params": "open-gop=0"}
"""A key frame at every tenth frame, B-frames between."""


def invoke(*args: object) -> tuple[int, dict, str]:
    """Exit code, report and stderr of a command."""
    result = CliRunner().invoke(app, [str(arg) for arg in args], env={"COLUMNS": "200"})
    assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
    return result.exit_code, json.loads(result.stdout) if result.stdout else {}, result.stderr


def extracted(source: Path, folder: Path, *options: object) -> dict:
    code, report, errors = invoke("extract-frames", source, folder, "--json", *options)
    assert code == 0, errors
    return report


def refused(*args: object, says: str) -> None:
    code, _, errors = invoke(*args)
    assert code == 2, errors
    (line,) = errors.strip().splitlines()
    assert says in line


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "frames.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def column(folder: Path, name: str) -> list[Fraction]:
    return [Fraction(row[name]) for row in rows(folder)]


def frames(path: Path, **asked: object) -> list[Frame]:
    return list(Reader(probe(path), Reading(**asked)))  # type: ignore[arg-type]


def rgb(frame: Frame) -> torch.Tensor:
    return to_rgb(frame.picture) if isinstance(frame.picture, Planes) else frame.picture


def check_pictures(folder: Path, wanted: Iterable[Frame], *, top: int) -> None:
    """Each picture is its frame in RGB, to the nearest code of `top`."""
    found = sorted(folder.glob("frame_*.*"))
    for path, frame in zip(found, wanted, strict=True):
        assert (read_picture(path) - rgb(frame).clamp(0, 1)).abs().max() <= 0.52 / top, path
