"""Scores of deblurring networks, beside the blurred pictures' own."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from statistics import fmean

from torch import Tensor

from ...engine import Settings, choose, run
from ...frame.frame import Frame
from ...metrics.psnr import psnr
from ...metrics.ssim import ssim
from ...models.processor import Processor
from ..data.exposure import as_codes
from ..validate import capped
from .blurred_pairs import BlurredPair


@dataclass(frozen=True, slots=True)
class Score:
    """One picture, or the means of several: PSNR in dB over all RGB samples of 8 bits, and Wang's SSIM."""

    set: str
    name: str
    psnr: float
    ssim: float
    blurred_psnr: float
    """Of the picture before, as blurred_ssim."""
    blurred_ssim: float


def evaluate_deblurring(processor: Processor, pairs: Iterable[BlurredPair], *, settings: Settings) -> Iterator[Score]:
    """Restore every blurred picture through the engine users get, round it to 8 bits, and compare."""
    waiting = deque[BlurredPair]()

    def blurred() -> Iterator[Frame]:
        for number, pair in enumerate(pairs):
            waiting.append(pair)
            yield Frame(pair.blurred, Fraction(number), Fraction(1), cut=True)

    for frame in run(processor, blurred(), engine=choose(settings), settings=settings):
        pair = waiting.popleft()
        assert isinstance(frame.picture, Tensor)
        yield Score(pair.set, pair.name, *_scored(pair.sharp, frame.picture.cpu()), *_scored(pair.sharp, pair.blurred))


def means(scores: Iterable[Score]) -> list[Score]:
    """One row per set, in the order they come."""
    sets: dict[str, list[Score]] = {}
    for score in scores:
        sets.setdefault(score.set, []).append(score)
    return [mean(name, members) for name, members in sets.items()]


def mean(set: str, scores: Sequence[Score]) -> Score:
    """The average row."""
    columns = zip(*((s.psnr, s.ssim, s.blurred_psnr, s.blurred_ssim) for s in scores), strict=True)
    return Score(set, "mean", *map(fmean, columns))


def _scored(sharp: Tensor, picture: Tensor) -> tuple[float, float]:
    truth, codes = as_codes(sharp), as_codes(picture)
    return capped(psnr(truth, codes)), ssim(truth, codes)
