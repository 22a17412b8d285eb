"""Scores of interpolators on known middle pictures, beside the baselines."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from functools import partial
from itertools import chain, groupby, pairwise
from statistics import fmean

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...metrics.psnr import psnr
from ...metrics.ssim import ssim
from ...restoration.interpolation.interpolator import Begun, Interpolator
from ..validate import capped
from .triplets import MIDDLE, Triplet


@dataclass(frozen=True, slots=True)
class Score:
    """One method on one picture, or its means on a set."""

    psnr: float
    """dB over all RGB samples, 8 bits, no border left out."""
    ssim: float
    """Wang's, mean of R, G and B."""
    ms: float
    """Milliseconds the method took."""


@dataclass(frozen=True, slots=True)
class Row:
    """All methods on one picture, or their means on a set."""

    set: str
    name: str
    scores: Mapping[str, Score]


def evaluate_interpolation(methods: Mapping[str, Interpolator], triplets: Iterable[Triplet]) -> Iterator[Row]:
    """Score every method on every triplet; one row at a time.

    Predictions are rounded to 8 bits, as a written video holds them. The first picture of each size is made twice and
    the second time counts, so that no compilation is in the milliseconds. Triplets of a video are shown as a run shows
    them: a method that takes the frames around a gap into account sees these.
    """
    sizes = set[torch.Size]()
    begun: dict[str, Begun] = {}
    for gap, following in pairwise(chain(_gaps(triplets), (None,))):
        if gap is None:  # for type checkers: only the last is
            continue
        if gap[0].truth.shape not in sizes:
            sizes.add(gap[0].truth.shape)
            for method in methods.values():
                next(iter(method(gap[0].first, gap[0].second, (MIDDLE,))))
        scores: list[dict[str, Score]] = [{} for _ in gap]
        for name, method in methods.items():
            make = begun.pop(name, None) or _begin(method, gap[0])
            if following is not None:
                begun[name] = _begin(method, following[0])
            for found, score in zip(scores, _scores(make, gap), strict=True):
                found[name] = score
        for triplet, found in zip(gap, scores, strict=True):
            yield Row(triplet.set, triplet.name, found)


def _gaps(triplets: Iterable[Triplet]) -> Iterator[list[Triplet]]:
    """Those between the same two pictures together."""
    return (list(gap) for _, gap in groupby(triplets, key=lambda triplet: (id(triplet.first), id(triplet.second))))


def _begin(method: Interpolator, triplet: Triplet) -> Begun:
    begin = getattr(method, "begin", None)  # of `Installed`; baselines have none
    make: Begun = (
        begin(triplet.first, triplet.second, now=False) if begin else partial(method, triplet.first, triplet.second)
    )
    return make


def means(rows: Iterable[Row]) -> list[Row]:
    """One row per set: each score's mean over its pictures."""
    return [_mean(name, list(members)) for name, members in groupby(rows, key=lambda row: row.set)]


def _mean(name: str, rows: list[Row]) -> Row:
    columns = {method: zip(*(astuple(row.scores[method]) for row in rows), strict=True) for method in rows[0].scores}
    return Row(name, "mean", {method: Score(*map(fmean, values)) for method, values in columns.items()})


def _scores(make: Begun, gap: Sequence[Triplet]) -> Iterator[Score]:
    began = time.perf_counter()
    for triplet, made in zip(gap, make([triplet.time for triplet in gap]), strict=True):
        ms = 1000 * (time.perf_counter() - began)
        true, picture = _codes(triplet.truth), _codes(made)
        yield Score(capped(psnr(true, picture)), ssim(true, picture), ms)
        began = time.perf_counter()


def _codes(picture: Tensor) -> NDArray[np.uint8]:
    """(3, H, W) in [0, 1] -> (H, W, 3), rounded."""
    codes: NDArray[np.uint8] = (picture * 255).round().clamp(0, 255).to(torch.uint8).permute(1, 2, 0).numpy()
    return np.ascontiguousarray(codes)
