"""Pictures to a GPU and back while it computes: copies have streams of their own. On a CPU nothing is done.

Up: a picture is copied as it was decoded, from pinned memory; the GPU's computing waits for it, the host does not.
Down: `download` rounds a picture on the GPU and sets it out for pinned memory, in the thread that computes;
`wait_for_copies` waits for that copy alone, in the thread that encodes, whatever was given to the GPU since.
"""

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Literal

import torch
from torch import Tensor

from ..frame.frame import Frame, Planes
from .precisely import precisely

Picture = Planes | Tensor


@dataclass(frozen=True, slots=True)
class Arriving(Frame):
    """A frame whose picture is in main memory once `copied` has happened; not to be read before."""

    copied: torch.cuda.Event | None = None


def upload(picture: Picture, device: torch.device) -> Picture:
    """The picture on `device`."""
    if device.type != "cuda":
        on_cpu = (picture.y if isinstance(picture, Planes) else picture).device.type == "cpu"
        return picture if on_cpu else _each(picture, lambda plane: plane.to(device))
    computing, copying = torch.cuda.current_stream(device), _stream(device, "up")

    def moved(plane: Tensor) -> Tensor:
        if plane.device.type != "cpu":
            return plane.to(device, non_blocking=True)
        pinned = _pinned(plane).copy_(plane)
        with torch.cuda.stream(copying):
            there = pinned.to(device, non_blocking=True)
        there.record_stream(computing)  # its memory is not the next upload's before computing has read it
        return there

    there = _each(picture, moved)
    computing.wait_stream(copying)
    return there


def download(
    frames: Generator[Frame, None, None], rounded: Callable[[Picture], Picture]
) -> Generator[Frame, None, None]:
    """The same frames, closed with this: those on a GPU rounded there and on their way to main memory.

    Args:
        rounded: makes of a picture, on its device, what is wanted of it here.
    """
    return _downloaded(frames, rounded) if torch.cuda.is_available() else frames


def _downloaded(
    frames: Generator[Frame, None, None], rounded: Callable[[Picture], Picture]
) -> Generator[Frame, None, None]:
    with closing(frames):
        for frame in frames:
            device = _device(frame.picture)
            yield _sent(frame, rounded, device) if device.type == "cuda" else frame


def wait_for_copies(frames: Iterable[Frame]) -> Iterator[Frame]:
    """The frames of `download`, each once its picture is there."""
    return _wait_for_copies(frames) if torch.cuda.is_available() else iter(frames)


def _wait_for_copies(frames: Iterable[Frame]) -> Iterator[Frame]:
    for frame in frames:
        if isinstance(frame, Arriving) and frame.copied is not None:
            frame.copied.synchronize()
        yield frame


def _sent(frame: Frame, rounded: Callable[[Picture], Picture], device: torch.device) -> Arriving:
    with precisely():
        picture = rounded(frame.picture)
    computing, copying = torch.cuda.current_stream(device), _stream(device, "down")

    def moved(plane: Tensor) -> Tensor:
        plane.record_stream(copying)  # its memory is not used again before it is read
        return _pinned(plane).copy_(plane, non_blocking=True)

    copying.wait_stream(computing)
    with torch.cuda.stream(copying):
        there = _each(picture, moved)
    # Not blocking, waiting for it would keep a core busy.
    copied = torch.cuda.Event(blocking=True)  # type: ignore[no-untyped-call]
    copied.record(copying)
    own = {field.name: getattr(frame, field.name) for field in fields(Frame)}
    return Arriving(**own | {"picture": there}, copied=copied)


def _device(picture: Picture) -> torch.device:
    return picture.y.device if isinstance(picture, Planes) else picture.device


def _each(picture: Picture, moved: Callable[[Tensor], Tensor]) -> Picture:
    if isinstance(picture, Tensor):
        return moved(picture)
    u, v = (plane if plane is None else moved(plane) for plane in (picture.u, picture.v))
    return replace(picture, y=moved(picture.y), u=u, v=v)


def _pinned(plane: Tensor) -> Tensor:
    """Room for it in main memory that a GPU reaches by itself: contiguous, since else a copy goes through other."""
    return torch.empty(plane.shape, dtype=plane.dtype, pin_memory=True)


@lru_cache
def _stream(device: torch.device, way: Literal["up", "down"]) -> torch.cuda.Stream:
    """One for each GPU and way."""
    return torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
