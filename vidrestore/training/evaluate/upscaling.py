"""Scores of enlarging networks on pictures and clips, beside bicubic."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from statistics import fmean

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...engine import Settings, choose, run
from ...errors import InputError
from ...frame.colour import to_planes
from ...frame.frame import Colour, Frame, Planes
from ...frame.resize import imresize, upsample
from ...metrics.psnr import crop_border, psnr
from ...metrics.ssim import ssim
from ...models.processor import Processor
from ...video.encode.round_trip import Codec, compress
from ..data.degrade import Degradation, degrade
from ..validate import capped
from .clips import Clip, Luma

COLOUR = Colour("bt601")
"""8 bits, video range, as the papers have it."""


@dataclass(frozen=True, slots=True)
class Harm:
    """What happens to footage behind its reduction."""

    noise: float = 0.0
    """Standard deviation of Gaussian noise in 8-bit steps, the same in every run."""
    codec: Codec | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """One row: luma PSNR in dB (border = scale) and Wang's SSIM of the network and of bicubic, on one picture."""

    name: str
    psnr_y: float
    ssim_y: float
    bicubic_psnr_y: float
    bicubic_ssim_y: float


def mean(scores: list[Score]) -> Score:
    """The average row."""
    columns = zip(*((s.psnr_y, s.ssim_y, s.bicubic_psnr_y, s.bicubic_ssim_y) for s in scores), strict=True)
    return Score("mean", *(sum(column) / len(scores) for column in columns))


def average_row(scores: list[Score]) -> tuple[dict[str, float], dict[str, float]]:
    """The network's and bicubic's mean square error (white at 255), SSIM and PSNR, means of the frames'."""

    def row(psnrs: list[float], ssims: list[float]) -> dict[str, float]:
        return {"mse": fmean(255**2 / 10 ** (each / 10) for each in psnrs), "ssim": fmean(ssims), "psnr": fmean(psnrs)}

    return (
        row([score.psnr_y for score in scores], [score.ssim_y for score in scores]),
        row([score.bicubic_psnr_y for score in scores], [score.bicubic_ssim_y for score in scores]),
    )


def evaluate_upscale(
    processors: Sequence[Processor],
    degradation: Degradation,
    clips: Iterable[Clip],
    *,
    settings: Settings,
    ends: int,
    harm: Harm = Harm(),
) -> Iterator[Score]:
    """Degrade every frame, enlarge it, and compare with the original; one row at a time. Args and errors: see below."""
    frames = enlarged(processors, degradation, clips, settings=settings, ends=ends, harm=harm)
    return scored(frames, degradation.scale)


@dataclass(frozen=True, slots=True)
class Enlarged:
    """A frame as it was and as it was made again, in codes of video range, (H, W); what was made is not rounded yet."""

    name: str
    reference: Luma
    made: Tensor
    bicubic: Tensor


def enlarged(
    processors: Sequence[Processor],
    degradation: Degradation,
    clips: Iterable[Clip],
    *,
    settings: Settings,
    ends: int,
    harm: Harm = Harm(),
) -> Iterator[Enlarged]:
    """Degrade every frame and enlarge it.

    As the papers do: 8-bit video-range luma is reduced without rounding, and the result is rounded to 8 bits. Networks
    that see RGB get it as grey.

    Args:
        processors: one after the other.
        harm: noise and an encoder behind the reduction. With either, what is enlarged is rounded to 8 bits.
        ends: frames at both ends of a clip that are not scored, since their window is not full.

    Raises:
        InputError: no clip has as many frames as the window.
    """
    degradation = replace(degradation, eight_bit=False)
    known: deque[tuple[str, Luma, Tensor] | None] = deque()

    def frames() -> Iterator[Frame]:
        for clip in clips:
            pairs, steps = _harmed([_pair(luma, degradation) for luma in clip.frames], harm)
            each = enumerate(zip(clip.names, pairs, steps, strict=True))
            for number, (name, (reference, low), step) in each:
                is_scored = ends <= number < len(clip.frames) - ends
                known.append((name, reference, low) if is_scored else None)
                yield Frame(_planes(low), Fraction(number), Fraction(1), cut=number == 0, step=step)

    restored = frames()
    for processor in processors:
        restored = run(processor, restored, engine=choose(settings), settings=settings)
    scored = 0
    for frame in restored:
        if (row := known.popleft()) is None:
            continue
        scored += 1
        name, reference, low = row
        yield Enlarged(name, reference, _codes(frame.picture), _bicubic(low, degradation)[0, 0])
    if not scored:
        raise InputError(f"no clip or numbered folder there has {2 * ends + 1} frames, as the network's window needs")


def scored(frames: Iterable[Enlarged], border: int) -> Iterator[Score]:
    """A row for each frame; `border` pixels all round are left out."""
    for frame in frames:
        network = _score(frame.reference, frame.made, border)
        yield Score(frame.name, *network, *_score(frame.reference, frame.bicubic, border))


def full(processors: Sequence[Processor]) -> int:
    """The `ends` of `evaluate_upscale` that leave only full windows."""
    return sum(max(processor.needs.before, processor.needs.after) for processor in processors)


def _pair(luma: Luma, degradation: Degradation) -> tuple[Luma, Tensor]:
    """A frame, cropped to a multiple of the scale, and its degraded form (1, 1, h, w), both in code values."""
    h, w = (n // degradation.scale * degradation.scale for n in luma.shape)
    reference = luma[:h, :w]
    return reference, degrade(torch.from_numpy(reference)[None, None] / 255, degradation) * 255


def _harmed(pairs: list[tuple[Luma, Tensor]], harm: Harm) -> tuple[list[tuple[Luma, Tensor]], list[float]]:
    """The frames of a clip with noise, and encoded together, and the steps of their quantisers.

    Sides that 4:2:0 cannot have lose their last line.
    """
    steps = [0.0] * len(pairs)
    if not harm.noise and harm.codec is None:
        return pairs, steps
    rng = np.random.default_rng(0)
    codes = [low[0, 0].numpy() + harm.noise * rng.standard_normal(low.shape[2:]) for _, low in pairs]
    height, width = (n // 2 * 2 for n in codes[0].shape)
    grey = np.full((height // 2, width), 128.0)
    frames = [np.clip(np.rint(np.concatenate((y[:height, :width], grey))), 0, 255).astype(np.uint8) for y in codes]
    if harm.codec is not None:
        frames, steps = compress(frames, harm.codec)
    scale = len(pairs[0][0]) // pairs[0][1].shape[2]
    return [
        (reference[: scale * height, : scale * width], torch.from_numpy(frame[:height]).float()[None, None])
        for (reference, _), frame in zip(pairs, frames, strict=True)
    ], steps


def _planes(low: Tensor) -> Planes:
    return Planes(low[0, 0], None, None, COLOUR)


def _codes(picture: Planes | Tensor) -> Tensor:
    """Luma in video range; what a network of RGB made of grey may have got some colour."""
    planes = picture if isinstance(picture, Planes) else to_planes(picture, COLOUR, subsample_x=0, subsample_y=0)
    return planes.y


def _bicubic(low: Tensor, degradation: Degradation) -> Tensor:
    if degradation.offset is None:
        return imresize(low, degradation.scale)
    return upsample(low, degradation.scale, offset=degradation.offset)


def rounded(restored: Tensor) -> Luma:
    """What is written of it, 8 bits."""
    picture: Luma = restored.cpu().float().round().clamp(0, 255).numpy()
    return picture


def _score(reference: NDArray[np.float32], restored: Tensor, border: int) -> tuple[float, float]:
    picture = rounded(restored)
    a, b = crop_border(reference, border), crop_border(picture, border)
    return capped(psnr(a, b)), ssim(a, b)
