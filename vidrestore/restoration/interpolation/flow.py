"""FlowInterpolator: the picture at any time between two, along their motion."""

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import islice, repeat

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...engine.infer import Inference
from .flow_motion import Paths, at, find
from .flow_presets import Search
from .warp import Picture, warp

FAR, LONG = 16.0, 64.0
"""Pixels of disagreement and of motion that count as 1 in the evidence."""


class FlowInterpolator:
    """An `Interpolator`: two pictures moved along the motion between them, and mixed.

    Args:
        search: how thoroughly motion is searched.
        fusion: `models.networks.fusion.Fusion`, ready to run; None mixes the two by their closeness in time.
        mirrored: let the network look a second time with left and right exchanged, and take the mean.
    """

    def __init__(self, search: Search, fusion: Inference | None = None, *, mirrored: bool = False) -> None:
        self._search, self.inference, self._mirrored = search, fusion, mirrored

    @property
    def device(self) -> torch.device:
        """OpenCV's flow is found on the CPU."""
        return torch.device("cpu")

    def __call__(self, first: Tensor, second: Tensor, times: Sequence[Fraction]) -> Iterator[Tensor]:
        """As `Interpolator`; equal pictures give that picture, to the last bit."""
        if torch.equal(first, second):
            yield from repeat(first, len(times))
            return
        one, other = _image(first), _image(second)
        motion = find(grey(one), grey(other), self._search)
        paths = ((at(motion, one, other, float(time)), float(time)) for time in times)
        if self.inference is None:
            for path, time in paths:
                yield _mixed(one, other, path, time)
            return
        windows = (tuple(map(_tensor, window(one, other, path, time))) for path, time in paths)
        size = (first.shape[-2], first.shape[-1])
        yield from _fused(self.inference, windows, size=size, mirrored=self._mirrored)


def _mixed(one: Picture, other: Picture, paths: Paths, time: float) -> Tensor:
    """Both pictures moved along the best motion, the one nearer in time weighing more; bicubic, for speed."""
    moved = warp(one, paths.best, -time, cv2.INTER_CUBIC), warp(other, paths.best, 1 - time, cv2.INTER_CUBIC)
    return _tensor(cv2.addWeighted(moved[0], 1 - time, moved[1], time, 0))


def _fused(
    fusion: Inference, windows: Iterable[tuple[Tensor, ...]], *, size: tuple[int, int], mirrored: bool
) -> Iterator[Tensor]:
    windows, device = iter(windows), fusion.engine.device
    while taken := list(islice(windows, fusion.plan_for(size).batch)):
        batch = [tuple(picture.to(device) for picture in pictures) for pictures in taken]
        made = fusion(batch)[:, 0]
        if mirrored:
            exchanged = fusion([tuple(picture.flip(-1) for picture in pictures) for pictures in batch])[:, 0]
            made = (made + exchanged.flip(-1)) / 2
        yield from made.cpu()


def window(one: Picture, other: Picture, paths: Paths, time: float) -> Iterator[Picture]:
    """The seven pictures that `models.networks.fusion.Fusion` looks at."""
    yield warp(one, paths.best, -time)
    yield warp(other, paths.best, 1 - time)
    yield warp(one, paths.forward, -time)
    yield warp(other, paths.backward, 1 - time)
    yield one
    yield other
    disagreement = _length(paths.forward - paths.backward) / FAR
    motion = np.sqrt(np.minimum(_length(paths.best) / LONG, 1))
    yield np.dstack((np.minimum(disagreement, 1), motion, np.full_like(motion, time)))


def _length(flow: NDArray[np.float32]) -> NDArray[np.float32]:
    x, y = flow[..., 0], flow[..., 1]
    return np.asarray(np.sqrt(x * x + y * y), np.float32)  # the last bit of cv2.magnitude hangs on where memory lies


def _image(picture: Tensor) -> Picture:
    return np.ascontiguousarray(picture.permute(1, 2, 0).numpy())


def _tensor(image: Picture) -> Tensor:
    return torch.from_numpy(image).permute(2, 0, 1)


def grey(image: Picture) -> NDArray[np.uint8]:
    """Luma in 8 bits, as the search sees it: (H, W)."""
    return np.asarray(cv2.convertScaleAbs(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), alpha=255), np.uint8)
