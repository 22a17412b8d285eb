"""Scores of cleaning networks on clips, beside what they were given and plain denoisers."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from importlib.util import find_spec
from statistics import fmean

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from ...engine import Settings, choose, run
from ...frame.frame import Colour, Frame, Planes
from ...metrics.flicker import Error, flicker, signed_error
from ...metrics.psnr import psnr
from ...metrics.ssim import ssim
from ...models.processor import Processor
from ...video.encode.round_trip import Codes, Decoded, compress
from ..data.chain import joined, planes
from ..validate import capped
from .clips import Clip
from .upscaling import Harm

Denoiser = Callable[[Codes, float], Codes]
"""Luma (H, W) and the standard deviation of its noise in codes -> luma."""


@dataclass(frozen=True, slots=True)
class Score:
    """Of one method on one frame, or the mean of several: luma."""

    psnr_y: float
    ssim_y: float
    flicker: float | None
    """See metrics/flicker.py; None of the first frame of a clip."""


@dataclass(frozen=True, slots=True)
class Row:
    """One frame, or the mean of several."""

    name: str
    scores: Mapping[str, Score]
    """By method: network, input, and where there is noise alone nlm and bm3d."""


def evaluate_clean(
    processor: Processor, clips: Iterable[Clip], *, settings: Settings, harm: Harm, denoisers: bool = True
) -> Iterator[Row]:
    """Spoil every clip, clean it through the engine users get, round it to 8 bits, and compare.

    Args:
        clips: of 4:2:0 codes (H * 3 / 2, W), see training/data/chain.py.
        denoisers: beside the network where there is noise alone; BM3D takes seconds a frame.
    """
    engine = choose(settings)
    for clip in clips:
        spoiled, steps = _spoiled(clip.frames, harm)
        before: dict[str, Error] = {}
        restored = run(processor, map(_frame, range(len(spoiled)), spoiled, steps), engine=engine, settings=settings)
        for name, truth, given, frame in zip(clip.names, clip.frames, spoiled, restored, strict=True):
            assert isinstance(frame.picture, Planes)
            found = {"network": _codes(frame.picture.y), **_baselines(planes(given)[0], harm, denoisers)}
            yield Row(name, {method: _score(planes(truth)[0], y, before, method) for method, y in found.items()})


def mean(rows: Iterable[Row]) -> Row:
    """The average row."""
    each = list(rows)
    return Row("mean", {method: _mean([row.scores[method] for row in each]) for method in each[0].scores})


def _spoiled(frames: Iterable[Codes], harm: Harm) -> Decoded:
    rng = np.random.default_rng(0)
    spoiled = list(frames)
    if harm.noise:
        spoiled = [
            joined(*(plane + harm.noise * rng.standard_normal(plane.shape, np.float32) for plane in planes(frame)))
            for frame in spoiled
        ]
    return Decoded(spoiled, [0.0] * len(spoiled)) if harm.codec is None else compress(spoiled, harm.codec)


def _frame(number: int, codes: Codes, step: float) -> Frame:
    y, u, v = (torch.from_numpy(np.ascontiguousarray(plane)) for plane in planes(codes))
    return Frame(Planes(y, u, v, Colour("bt601")), Fraction(number), Fraction(1), cut=number == 0, step=step)


def _codes(y: torch.Tensor) -> Codes:
    return y.cpu().float().round().clamp(0, 255).byte().numpy()


def _baselines(given: Codes, harm: Harm, denoisers: bool) -> dict[str, Codes]:
    found = {"input": given}
    if denoisers and harm.noise and harm.codec is None:
        found["nlm"] = _nlm(given, harm.noise)
        if find_spec("bm3d"):
            found["bm3d"] = _bm3d(given, harm.noise)
    return found


def _nlm(y: Codes, sigma: float) -> Codes:
    """OpenCV's non-local means, with the strength that its documentation gives for such noise."""
    return np.asarray(cv2.fastNlMeansDenoising(y, None, 0.8 * sigma, 7, 21), np.uint8)


def _bm3d(y: Codes, sigma: float) -> Codes:
    """Dabov et al. 2007, frame by frame, by the package of its authors."""
    import bm3d

    return np.asarray(np.clip(np.rint(bm3d.bm3d(y.astype(np.float32), sigma)), 0, 255), np.uint8)


def _score(truth: NDArray[np.uint8], y: Codes, before: dict[str, Error], method: str) -> Score:
    error = signed_error(truth, y)
    jitter = flicker(error, before[method]) if method in before else None
    before[method] = error
    return Score(capped(psnr(truth, y)), ssim(truth, y), jitter)


def _mean(scores: list[Score]) -> Score:
    jitters = [score.flicker for score in scores if score.flicker is not None]
    return Score(
        fmean(score.psnr_y for score in scores),
        fmean(score.ssim_y for score in scores),
        fmean(jitters) if jitters else None,
    )
