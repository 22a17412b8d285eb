"""Between frames and what a network sees: once a frame, on the engine's device."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor

from ..colour import luma, luma_of_rgb, rgb_with_luma, to_rgb, with_luma, with_rgb
from ..frame import Frame, Planes


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


@contextmanager
def precisely() -> Iterator[None]:
    """No gradients, and fp32 that is fp32: cuDNN would round the inputs of convolutions to ten bits (TF32).

    Never to be held across a yield of frames: torch's modes belong to the thread, and would leak to the consumer.
    """
    with torch.no_grad(), torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False):
        yield


def see(frames: Iterable[Frame], *, space: Literal["luma", "rgb"], device: torch.device) -> Iterator[Seen]:
    """Upload and convert each frame."""
    size = None
    for frame in frames:
        picture = _upload(frame.picture, device)
        yield Seen(frame, picture, _tensor(picture, space), frame.cut or frame.size != size)
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


def _upload(picture: Planes | Tensor, device: torch.device) -> Planes | Tensor:
    if isinstance(picture, Tensor):
        return _moved(picture, device)
    u, v = (plane if plane is None else _moved(plane, device) for plane in (picture.u, picture.v))
    return replace(picture, y=_moved(picture.y, device), u=u, v=v)


def _moved(plane: Tensor, device: torch.device) -> Tensor:
    """To a GPU from pinned memory, so that the copy is only queued and the host goes on."""
    if device.type == "cuda" and plane.device.type == "cpu":
        plane = plane.pin_memory()
    return plane.to(device, non_blocking=True)


def _tensor(picture: Planes | Tensor, space: Literal["luma", "rgb"]) -> Tensor:
    with precisely():
        if isinstance(picture, Planes):
            return luma(picture) if space == "luma" else to_rgb(picture)
        return luma_of_rgb(picture) if space == "luma" else picture
