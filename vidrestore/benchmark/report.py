"""The whole benchmark: rows of all groups, the machine, and changes from an earlier run."""

import json
import math
import os
import platform
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

import torch

from ..models.weights import catalogue
from .convert import convert
from .decode import decode
from .encode import encode
from .interpolation import interpolation
from .local_conv import kernels
from .metrics import scores
from .networks import networks
from .peers import opencv_dnn, plain_torch
from .pipeline import cores, whole
from .request import check_groups
from .row import Effort, Row
from .start import start

MEASURES: Mapping[str, tuple[Callable[[Effort], list[Row]], ...]] = {
    "decode": (decode,),
    "colour": (convert,),
    "networks": (networks,),
    "local-conv": (kernels,),
    "metrics": (scores,),
    "encode": (encode,),
    "pipeline": (whole,),
    "start": (start,),
    "interpolation": (interpolation,),
    "peers": (plain_torch, opencv_dnn),
}


@dataclass(frozen=True, slots=True)
class Results:
    """One run."""

    machine: Mapping[str, str | int | float]
    notes: tuple[str, ...]
    rows: tuple[Row, ...]


def benchmark(groups: tuple[str, ...], effort: Effort, *, on_group: Callable[[str], None] = lambda _: None) -> Results:
    """Measure `groups`, one after the other; `on_group` hears the name of each before it begins.

    Raises:
        UsageError: a group there is not.
    """
    check_groups(groups)
    rows: list[Row] = []
    for group in groups:
        on_group(group)
        for measure in MEASURES[group]:
            rows += measure(effort)
    return Results(_machine(), tuple(_notes(groups)), tuple(rows))


def _machine() -> dict[str, str | int | float]:
    versions: dict[str, str] = {}
    for name in ("vidrestore", "torch", "openvino", "av", "numba"):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else math.nan
    facts: dict[str, str | int | float] = {
        "system": platform.platform(),
        "cores": cores(),
        "threads": torch.get_num_threads(),
        "load": load,
    }
    return {**facts, **versions}


def _notes(groups: tuple[str, ...]) -> Iterator[str]:
    if "peers" in groups and find_spec("onnx") is None:
        yield "OpenCV's DNN module was not measured: the package onnx, by which it gets our network, is not installed"
    if "interpolation" in groups and "rife" not in catalogue.here():
        yield "RIFE was not measured: get it by `vidrestore models get rife`"
    if "metrics" in groups and find_spec("skimage") is None:
        yield "metrics were not measured: scikit-image, which stands beside them, is not installed"
    if not torch.cuda.is_available():
        yield "no GPU: nothing was measured on one"


@dataclass(frozen=True, slots=True)
class Change:
    """A row that two runs have."""

    key: str
    old: float
    new: float
    unit: str
    faster: float
    """How many times as fast as before, whatever the unit."""


def changes(old: Mapping[str, float], new: Results) -> list[Change]:
    """What both have, most changed first; `old` as `earlier_figures` reads it."""
    shared = [(row, old[row.key]) for row in new.rows if row.key in old]
    found = [Change(row.key, was, row.value, row.unit, _faster(row, was)) for row, was in shared]
    return sorted(found, key=lambda change: -abs(math.log(change.faster)))


def _faster(row: Row, was: float) -> float:
    return was / row.value if row.unit in ("ms", "s") else row.value / was


def as_json(results: Results, compared: list[Change] | None = None) -> str:
    """One object: machine, notes, rows, and changes where there was a comparison."""
    facts = asdict(results)
    return json.dumps(facts if compared is None else facts | {"changes": [asdict(change) for change in compared]})
