"""Which point spread function a user means, or a picture shows."""

import math
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
from .blind.camera import SMALLEST, UNEVEN, Camera, camera
from .psf_option import LARGEST, parse_psf, parts_of
from .scene.moving import CameraMotion

MAKERS: dict[str, Callable[..., Tensor]] = {"gaussian": psf.gaussian, "motion": psf.motion, "disk": psf.disk}
"""What makes each kind of psf_option.NUMBERS."""
SHARP = 0.4
"""Blur, as `metrics.blur` tells it, below which a picture is not to be made sharper: the kernel of a lens and of what
came after it would be found, and undone too far."""
SHARP_ALL_OVER = 0.3
"""The same where a camera turned: a picture is sharp around the point that it turned around."""
UNSURE = "frames that show no blur which is sure stay as they were"


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


def estimate(picture: Tensor, *, moving: bool = False) -> tuple[Tensor | CameraMotion | None, str]:
    """The blur that a picture (3, H, W) shows, and in words what it is and how sure that is.

    None where none is sure: the picture is sharp, blurred in parts, or too small to show it. A straight streak or a
    Gaussian is looked for first, then a camera that turned or zoomed, then the path of a shaken one.

    Args:
        moving: whether a blur may be found that varies over the picture: a CameraMotion, for `sparse`.
    """
    blurred = blur(picture.float().mean(0).cpu().numpy())
    try:
        if blurred >= SHARP and (found := _everywhere(picture)):
            return found
        if moving and blurred >= SHARP_ALL_OVER and min(picture.shape[-2:]) >= SMALLEST:
            turned = camera(picture)
            if turned.trusted:
                return turned.motion, _words(turned, (picture.shape[-2], picture.shape[-1]))
            if turned.uneven >= UNEVEN:  # one path would be wrong nearly everywhere
                return None, UNSURE
        if blurred >= SHARP and (shake := path.path(picture)).trusted:
            return shake.psf, f"estimated the path of a shaken camera, confidence {shake.confidence:.2f}"
    except ValueError:
        pass
    return None, UNSURE


def _everywhere(picture: Tensor) -> tuple[Tensor, str] | None:
    """A streak or a Gaussian."""
    streak, bell = spectrum.motion(picture), spectrum.gaussian(picture)
    if streak.confidence >= spectrum.SURE_OF_MOTION:
        form = f"motion:{streak.length:.4g},{streak.angle:.4g}"
        return psf.motion(streak.length, streak.angle), f"estimated --psf {form}, confidence {streak.confidence:.2f}"
    if bell.confidence >= spectrum.SURE_OF_GAUSSIAN:
        return psf.gaussian(bell.sigma), f"estimated --psf gaussian:{bell.sigma:.4g}, confidence {bell.confidence:.2f}"
    return None


def _words(found: Camera, size: tuple[int, int]) -> str:
    motion = found.motion
    return (
        f"estimated a camera that turned by {math.degrees(motion.turn):.2f} degrees, zoomed by {motion.zoom:.2%} and "
        f"panned by {math.hypot(motion.across, motion.down):.1f} pixels: "
        f"streaks of up to {motion.longest(size):.1f} pixels, confidence {found.confidence:.2f}"
    )


def _widened(psf: Tensor, side: int) -> Tensor:
    return F.pad(psf, ((side - len(psf)) // 2,) * 4)


def _of_picture(text: str, picture: Tensor) -> Tensor:
    if max(picture.shape) > LARGEST or not bool(picture.isfinite().all()):
        height, width = picture.shape
        raise UsageError(f"--psf {text}, {width}x{height}: give finite numbers, and up to {LARGEST:.0f} pixels a side")
    return psf.from_picture(picture)
