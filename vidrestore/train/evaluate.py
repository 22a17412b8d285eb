"""The tables: a shipped network on a folder of pictures, through the engine users get, beside its baseline."""

from collections.abc import Iterator
from dataclasses import dataclass
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

    Luma is 8 bit and video range throughout, as decoded video is.

    Raises:
        InputError: where the folder holds no picture.
    """
    files = sorted(path for path in data.rglob("*") if path.suffix.lower() in PICTURES)
    if not files:
        raise InputError(f"{data} holds no pictures to evaluate on")
    engine = choose(settings)
    for path in files:
        reference = _luma(path, degradation.scale)
        low = (degrade(torch.from_numpy(reference)[None, None] / 255, degradation) * 255).round()
        frame = Frame(
            Planes(low[0, 0].to(torch.uint8), None, None, Colour("bt601")), pts=Fraction(0), duration=Fraction(1)
        )
        (restored,) = run(processor, [frame], engine=engine, settings=settings)
        assert isinstance(restored.picture, Planes)
        network = _score(reference, restored.picture.y, degradation.scale)
        bicubic = _score(reference, _bicubic(low, degradation)[0, 0], degradation.scale)
        yield Score(str(path.relative_to(data)), *network, *bicubic)


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
