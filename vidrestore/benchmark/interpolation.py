"""Benchmark of the frame between two: flow at each quality, RIFE where it has been got, and what needs no network."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import partial
from itertools import pairwise, repeat
from typing import get_args

from torch import Tensor

from ..base.settings import Quality, Settings
from ..frame.colour import to_rgb
from ..frame.frame import Frame
from ..models.weights import catalogue
from ..restoration.interpolation.choose import find
from ..restoration.interpolation.interpolator import Installed, Interpolator
from ..restoration.interpolation.retime import Retimer
from ..restoration.interpolation.timing import ByFactor
from ..training.evaluate.baselines import BASELINES
from .material import planes
from .row import Effort, Row, measure

MIDDLE = Fraction(1, 2)
SIZES = ((360, 640), (720, 1280))
"""Heights and widths."""
RIFE = "rife"
GAPS = 3
"""Between pictures of a clip: in the benchmark's time as many as are begun at once."""
Make = Callable[[Sequence[Tensor]], None]
"""Makes the middles between pictures that follow one another."""


def interpolation(effort: Effort) -> list[Row]:
    """The middles of a clip's pictures, the methods taking turns; the facts say how many times RIFE's time that is.

    FFmpeg's minterpolate sees each picture twice; `dis` is the half warp along OpenCV's flow.
    """
    settings = Settings(device="cpu")
    ours: dict[str, Installed] = {
        f"flow {quality}": find("flow", quality, settings).load() for quality in get_args(Quality)
    }
    if RIFE in catalogue.here():
        ours |= {RIFE: find(RIFE, "balanced", settings).load()}
    methods: dict[str, Make] = {name: partial(_retimed, method) for name, method in ours.items()}
    methods |= {name: partial(_one_by_one, BASELINES[name]) for name in ("dis", "minterpolate")}
    return [row for height, width in SIZES for row in _of_size(methods, height, width, effort)]


def _of_size(methods: dict[str, Make], height: int, width: int, effort: Effort) -> list[Row]:
    pictures = [to_rgb(picture) for picture in planes(GAPS + 1, height=height, width=width)]
    costs = measure({name: partial(make, pictures) for name, make in methods.items()}, repeats=effort.repeats)
    rife = costs.get(RIFE)
    rows = []
    for name, cost in costs.items():
        facts = {"processor ms": 1000 * cost.processor / GAPS}
        facts |= {"times rife": cost.wall / rife.wall} if rife else {}
        rows.append(Row("interpolation", f"a frame of {width}x{height}, {name}", 1000 * cost.wall / GAPS, "ms", facts))
    return rows


def _retimed(method: Installed, pictures: Sequence[Tensor]) -> None:
    """As a clip is: several gaps at a time, where a method can."""
    frames = (Frame(picture, Fraction(number), Fraction(1)) for number, picture in enumerate(pictures))
    for _ in Retimer(ByFactor(Fraction(2)), method).run(zip(frames, repeat(False))):
        pass


def _one_by_one(method: Interpolator, pictures: Sequence[Tensor]) -> None:
    for first, second in pairwise(pictures):
        list(method(first, second, [MIDDLE]))
