"""Frames to what a network sees, and back, on the engine's device."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from ..frame.colour import (
    luma,
    luma_of_rgb,
    rgb_with_luma,
    rgb_with_yuv,
    to_rgb,
    to_yuv,
    with_luma,
    with_rgb,
    with_yuv,
    yuv_of_rgb,
)
from ..frame.frame import Frame, Planes
from ..models.processor import Needs, Space
from .precisely import precisely
from .transfer import upload


@dataclass(frozen=True, slots=True)
class NetworkFrame:
    """A frame beside what the network sees of it."""

    frame: Frame
    """As it came."""
    picture: Planes | Tensor
    """The frame's, on the engine's device."""
    tensor: Tensor
    """(1, H, W) luma or (3, H, W) RGB or YUV, float32, on the engine's device; the step's plane where it is seen."""
    cut: bool
    """Also set where the size of the picture changes: no window can hold both."""


FROM_PLANES: dict[Space, Callable[[Planes], Tensor]] = {"luma": luma, "rgb": to_rgb, "yuv": to_yuv}
FROM_RGB: dict[Space, Callable[[Tensor], Tensor]] = {"luma": luma_of_rgb, "rgb": lambda rgb: rgb, "yuv": yuv_of_rgb}


def to_network(frames: Iterable[Frame], *, needs: Needs, device: torch.device) -> Iterator[NetworkFrame]:
    """Upload and convert each frame."""
    size = None
    for frame in frames:
        picture = upload(frame.picture, device)
        with precisely():
            if isinstance(picture, Planes):
                tensor = FROM_PLANES[needs.space](picture)
            else:
                tensor = FROM_RGB[needs.space](picture)
            if needs.sees_step:
                tensor = torch.cat((tensor, torch.full_like(tensor[:1], (frame.step or 0) / 255)))
        yield NetworkFrame(frame, picture, tensor, frame.cut or frame.size != size)
        size = frame.size


def from_network(frame: NetworkFrame, out: Tensor, *, space: Space, scale: int) -> Planes | Tensor:
    """The picture of `frame` with what the network made of it, (1 or 3, scale*H, scale*W).

    Planes stay planes where the network saw luma or YUV, or changed RGB without enlarging it.
    """
    picture = frame.picture
    with precisely():
        if space == "luma":
            if isinstance(picture, Planes):
                return with_luma(picture, out, scale=scale)
            return rgb_with_luma(picture, out, scale=scale)
        if space == "yuv":
            if isinstance(picture, Planes):
                return with_yuv(picture, frame.tensor[:3], out)
            return rgb_with_yuv(picture, frame.tensor[:3], out)
        if isinstance(picture, Planes) and scale == 1:
            return with_rgb(picture, frame.tensor, out)
        return out
