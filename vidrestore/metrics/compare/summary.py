"""Summary of scores: mean, extremes, percentiles."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .kinds import KINDS


@dataclass(frozen=True, slots=True)
class Summary:
    """One metric over a stretch of frames. Frames without a score (the first has no flicker) do not count."""

    mean: float | None
    """Over the frames whose score is finite; inf where none is, None where no frame has a score."""
    min: float | None
    max: float | None
    p5: float | None
    """5th percentile: the largest score that at most 5 % of the frames stay below."""
    p95: float | None
    infinite: int
    """Frames without any error, whose psnr is infinite: not in the mean, which they would make so."""


def summarise(scores: Sequence[float | None]) -> Summary:
    """One metric's scores, frame by frame."""
    known = sorted(score for score in scores if score is not None)
    if not known:
        return Summary(None, None, None, None, None, 0)
    finite = [score for score in known if math.isfinite(score)]
    last = len(known) - 1
    return Summary(
        mean=math.fsum(finite) / len(finite) if finite else known[0],
        min=known[0],
        max=known[-1],
        p5=known[math.floor(last * 0.05)],
        p95=known[math.ceil(last * 0.95)],
        infinite=len(known) - len(finite),
    )


def badness(name: str, score: float) -> float:
    """Larger is worse, whichever way the metric runs."""
    return -score if KINDS[name].higher_is_better else score


def is_perfect(name: str, score: float) -> bool:
    """Whether a frame with this score has no error at all."""
    return score == KINDS[name].perfect


def worst(name: str, scores: Mapping[int, float | None], *, count: int) -> list[int]:
    """Numbers of the frames with the worst scores, worst first; frames without error are not among them."""
    known = {number: score for number, score in scores.items() if score is not None and not is_perfect(name, score)}
    return sorted(known, key=lambda number: (-badness(name, known[number]), number))[:count]
