"""Frames to what a network sees, and back, on the engine's device."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from ..frame.colour import luma, luma_of_rgb, rgb_with_luma, to_rgb, with_luma, with_rgb
from ..frame.frame import Frame, Planes
from .precisely import precisely
from .transfer import upload


@dataclass(frozen=True, slots=True)
class Seen:
    """A frame beside what the network sees of it."""

    frame: Frame
    """As it came."""
    picture: Planes | Tensor
    """The frame's, on the engine's device."""
    tensor: Tensor
    """(1, H, W) luma or (3, H, W) RGB, float32, on the engine's device."""
    cut: bool
    """Also set where the size of the picture changes: no window can hold both."""


def see(frames: Iterable[Frame], *, space: Literal["luma", "rgb"], device: torch.device) -> Iterator[Seen]:
    """Upload and convert each frame."""
    size = None
    for frame in frames:
        picture = upload(frame.picture, device)
        with precisely():
            if isinstance(picture, Planes):
                tensor = luma(picture) if space == "luma" else to_rgb(picture)
            else:
                tensor = luma_of_rgb(picture) if space == "luma" else picture
        yield Seen(frame, picture, tensor, frame.cut or frame.size != size)
        size = frame.size


def restored(seen: Seen, out: Tensor, *, space: Literal["luma", "rgb"], scale: int) -> Planes | Tensor:
    """The picture of `seen` with what the network made of it, (1 or 3, scale*H, scale*W).

    Planes stay planes where the network only saw luma, or changed RGB without enlarging it.
    """
    picture = seen.picture
    with precisely():
        if space == "luma":
            if isinstance(picture, Planes):
                return with_luma(picture, out, scale=scale)
            return rgb_with_luma(picture, out, scale=scale)
        if isinstance(picture, Planes) and scale == 1:
            return with_rgb(picture, seen.tensor, out)
        return out
