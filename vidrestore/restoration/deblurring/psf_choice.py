"""Which point spread function a user means, or a picture shows."""

from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from ...errors import UsageError
from ...metrics.blur import blur
from ...video.pictures.read import read_picture
from . import psf
from .blind import path, spectrum
from .psf_option import LARGEST, parse_psf, parts_of

MAKERS: dict[str, Callable[..., Tensor]] = {"gaussian": psf.gaussian, "motion": psf.motion, "disk": psf.disk}
"""What makes each kind of psf_option.NUMBERS."""
SHARP = 0.4
"""Blur, as `metrics.blur` tells it, below which a picture is not to be made sharper: the kernel of a lens and of what
came after it would be found, and undone too far."""
UNSURE = "frames that show no blur which is sure, and the same everywhere, stay as they were"


def read_psf(text: str) -> Tensor:
    """The point spread function that FORMS describes, (K, K), K odd, sum 1; of a varying one (rows, columns, K, K).

    Raises:
        UsageError: it is none of them, or has no extent.
        InputError: the picture is broken.
    """
    said = parse_psf(text)
    if said.parts:
        made = [[read_psf(word) for word in row] for row in parts_of(text)]
        largest = max(len(each) for row in made for each in row)
        return torch.stack([torch.stack([_widened(each, largest) for each in row]) for row in made])
    if not said.picture:
        return MAKERS[said.kind](*said.numbers)
    try:
        return _of_picture(text, read_picture(Path(text)).mean(0).double())
    except ValueError as error:
        raise UsageError(f"--psf {text}: {error}") from error


def estimate(picture: Tensor) -> tuple[Tensor | None, str]:
    """The blur that a picture (3, H, W) shows, and in words what it is and how sure that is.

    None where none is sure: the picture is sharp, blurred in parts, or too small to show it. A straight streak or a
    Gaussian is looked for first, then the path of a shaken camera.
    """
    if blur(picture.float().mean(0).cpu().numpy()) < SHARP:
        return None, UNSURE
    try:
        streak, bell = spectrum.motion(picture), spectrum.gaussian(picture)
    except ValueError:
        return None, UNSURE
    if streak.confidence >= spectrum.SURE_OF_MOTION:
        form = f"motion:{streak.length:.4g},{streak.angle:.4g}"
        return psf.motion(streak.length, streak.angle), f"estimated --psf {form}, confidence {streak.confidence:.2f}"
    if bell.confidence >= spectrum.SURE_OF_GAUSSIAN:
        return psf.gaussian(bell.sigma), f"estimated --psf gaussian:{bell.sigma:.4g}, confidence {bell.confidence:.2f}"
    shake = path.path(picture)
    if shake.trusted:
        return shake.psf, f"estimated the path of a shaken camera, confidence {shake.confidence:.2f}"
    return None, UNSURE


def _widened(psf: Tensor, side: int) -> Tensor:
    return F.pad(psf, ((side - len(psf)) // 2,) * 4)


def _of_picture(text: str, picture: Tensor) -> Tensor:
    if max(picture.shape) > LARGEST or not bool(picture.isfinite().all()):
        height, width = picture.shape
        raise UsageError(f"--psf {text}, {width}x{height}: give finite numbers, and up to {LARGEST:.0f} pixels a side")
    return psf.from_picture(picture)
