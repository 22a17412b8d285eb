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
from ..data.blur.exposure import as_codes
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
    """Restore every blurred picture through the engine users get, with its neighbours, round it to 8 bits, compare."""
    fed = deque[BlurredPair | None]()  # None: a neighbour
    kept = set[int]()

    def blurred() -> Iterator[Frame]:
        count = 0
        for pair in pairs:
            for place, picture in enumerate(seen := _in_time(pair)):
                fed.append(pair if picture is pair.blurred else None)
                if picture is not pair.blurred:
                    kept.add(count + place)
                yield Frame(picture, Fraction(count + place), Fraction(1), cut=not place)
            count += len(seen)

    frames = run(
        processor, blurred(), engine=choose(settings), settings=settings, keep=lambda number, _: number in kept
    )
    for frame in frames:
        if (pair := fed.popleft()) is None:
            continue
        assert isinstance(frame.picture, Tensor)
        yield Score(pair.set, pair.name, *_scored(pair.sharp, frame.picture.cpu()), *_scored(pair.sharp, pair.blurred))


def _in_time(pair: BlurredPair) -> list[Tensor]:
    return [picture for picture in (pair.before, pair.blurred, pair.after) if picture is not None]


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
