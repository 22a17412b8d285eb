"""Benchmark of the frame between two: flow at each quality, RIFE where it has been got, and what needs no network."""

from collections.abc import Callable
from fractions import Fraction
from functools import partial
from typing import get_args

from torch import Tensor

from ..base.settings import Quality, Settings
from ..frame.colour import to_rgb
from ..models.weights import catalogue
from ..restoration.interpolation.choose import find
from ..restoration.interpolation.interpolator import Interpolator
from ..training.evaluate.baselines import BASELINES
from .material import planes
from .row import Effort, Row, measure

MIDDLE = Fraction(1, 2)
SIZES = ((360, 640), (720, 1280))
"""Heights and widths."""
RIFE = "rife"


def interpolation(effort: Effort) -> list[Row]:
    """The middle of two pictures, the methods taking turns; the facts say how many times RIFE's time that is.

    FFmpeg's minterpolate sees each picture twice; `dis` is the half warp along OpenCV's flow.
    """
    settings = Settings(device="cpu")
    methods: dict[str, Interpolator] = {
        f"flow {quality}": find("flow", quality, settings).load() for quality in get_args(Quality)
    }
    if RIFE in catalogue.here():
        methods |= {RIFE: find(RIFE, "balanced", settings).load()}
    methods |= {name: BASELINES[name] for name in ("dis", "minterpolate")}
    return [row for height, width in SIZES for row in _of_size(methods, height, width, effort)]


def _of_size(methods: dict[str, Interpolator], height: int, width: int, effort: Effort) -> list[Row]:
    first, second = (to_rgb(picture) for picture in planes(2, height=height, width=width))
    cases: dict[str, Callable[[], object]] = {
        name: partial(_made, method, first, second) for name, method in methods.items()
    }
    costs = measure(cases, repeats=effort.repeats)
    rife = costs.get(RIFE)
    rows = []
    for name, cost in costs.items():
        facts = {"processor ms": 1000 * cost.processor} | ({"times rife": cost.wall / rife.wall} if rife else {})
        rows.append(Row("interpolation", f"a frame of {width}x{height}, {name}", 1000 * cost.wall, "ms", facts))
    return rows


def _made(method: Interpolator, first: Tensor, second: Tensor) -> list[Tensor]:
    return list(method(first, second, [MIDDLE]))
