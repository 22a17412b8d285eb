"""The tables: a shipped network on a folder of pictures, through the engine users get, beside its baseline."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..engine import Settings, choose, run
from ..errors import InputError
from ..frame import Colour, Frame, Planes
from ..metrics import crop_border, matlab_luma, psnr, ssim
from ..ops.imresize import imresize
from ..ops.upsample import upsample
from ..processor import Processor
from .data import PICTURES
from .degrade import Degradation, degrade


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


def evaluate_upscale(
    processor: Processor, degradation: Degradation, data: Path, *, settings: Settings
) -> Iterator[Score]:
    """Degrade every picture below `data`, enlarge it, and compare with the original; one row at a time.

    As the papers do: 8-bit video-range luma is reduced without rounding, and the result is rounded to 8 bits.

    Raises:
        InputError: where the folder holds no picture.
    """
    files = sorted(path for path in data.rglob("*") if path.suffix.lower() in PICTURES)
    if not files:
        raise InputError(f"{data} holds no pictures to evaluate on")
    degradation = replace(degradation, eight_bit=False)
    pairs = [_pair(path, degradation) for path in files]
    frames = (Frame(_planes(low), pts=Fraction(i), duration=Fraction(1)) for i, (_, low) in enumerate(pairs))
    restored = run(processor, frames, engine=choose(settings), settings=settings)
    for path, (reference, low), frame in zip(files, pairs, restored, strict=True):
        assert isinstance(frame.picture, Planes)
        network = _score(reference, frame.picture.y, degradation.scale)
        bicubic = _score(reference, _bicubic(low, degradation)[0, 0], degradation.scale)
        yield Score(str(path.relative_to(data)), *network, *bicubic)


def _pair(path: Path, degradation: Degradation) -> tuple[NDArray[np.float32], Tensor]:
    """The luma of a picture, and its degraded form (1, 1, h, w), both in code values."""
    reference = _luma(path, degradation.scale)
    return reference, degrade(torch.from_numpy(reference)[None, None] / 255, degradation) * 255


def _planes(low: Tensor) -> Planes:
    return Planes(low[0, 0], None, None, Colour("bt601"))


def _luma(path: Path, scale: int) -> NDArray[np.float32]:
    """Rounded MATLAB luma of a picture, cropped to a multiple of `scale`."""
    picture = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise InputError(f"{path} cannot be read as a picture")
    luma = np.rint(matlab_luma(picture[..., ::-1])).astype(np.float32)
    h, w = (n // scale * scale for n in luma.shape)
    return luma[:h, :w]


def _bicubic(low: Tensor, degradation: Degradation) -> Tensor:
    if degradation.offset is None:
        return imresize(low, degradation.scale)
    return upsample(low, degradation.scale, offset=degradation.offset)


def _score(reference: NDArray[np.float32], restored: Tensor, border: int) -> tuple[float, float]:
    picture = restored.float().round().clamp(0, 255).numpy()
    a, b = crop_border(reference, border), crop_border(picture, border)
    return psnr(a, b), ssim(a, b)
