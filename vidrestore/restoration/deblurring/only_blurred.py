"""watched(): how blurred frames are before and after they are deblurred; those that are sharp stay as they are."""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Protocol

import torch
from torch import Tensor

from ...engine import Keep, Ran
from ...frame.colour import luma, luma_of_rgb
from ...frame.frame import Frame, Planes
from ...metrics.blur import blur


class Restoring(Protocol):
    """One frame for each, in order; those it is to `keep` as they came."""

    def __call__(self, frames: Iterable[Frame], *, keep: Keep) -> Iterator[Frame]: ...


def watched(
    frames: Iterable[Frame], restoring: Restoring, *, threshold: float | None, ran: Ran, skip: Keep = lambda _: False
) -> Iterator[Frame]:
    """The frames restored, but for those that are less blurred than `threshold`, which pass untouched.

    Args:
        threshold: see `metrics.blur`; None: all are restored.
        ran: gets every frame's blur, and how many were untouched.
        skip: these pass before that, and are not looked at; asked once of each, in order.
    """
    waiting = deque[float | None]()

    def is_sharp(value: float) -> bool:
        return threshold is not None and value < threshold

    def keep(frame: Frame) -> bool:
        value = None if skip(frame) else _blur(frame.picture)
        waiting.append(value)
        return value is None or is_sharp(value)

    for frame in restoring(frames, keep=keep):
        if (before := waiting.popleft()) is not None:
            ran.untouched += is_sharp(before)
            ran.blur.append((before, before if is_sharp(before) else _blur(frame.picture)))
        yield frame


def _blur(picture: Planes | Tensor) -> float:
    with torch.no_grad():
        y = luma(picture) if isinstance(picture, Planes) else luma_of_rgb(picture)
        return blur(y[0].float().cpu().numpy())
