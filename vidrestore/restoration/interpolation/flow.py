"""FlowInterpolator: the picture at any time between two, along their motion."""

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import islice, repeat

import numpy as np
import torch
from torch import Tensor

from ...engine.infer import Inference
from .motion.moving_pair import MovingPair, between
from .motion.presets import Search
from .motion.warp import Picture


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
        pair = between(_image(first), _image(second), self._search)
        moments = [float(time) for time in times]
        for time, picture in zip(moments, self._made(pair, moments), strict=True):
            yield _tensor(pair.finished(picture, time))

    def _made(self, pair: MovingPair, times: Sequence[float]) -> Iterator[Picture]:
        if self.inference is None:
            yield from map(pair.mixed, times)
            return
        windows = (tuple(map(_tensor, pair.window(time))) for time in times)
        height, width = pair.first.shape[:2]
        yield from map(_image, _fused(self.inference, windows, size=(height, width), mirrored=self._mirrored))


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


def _image(picture: Tensor) -> Picture:
    return np.ascontiguousarray(picture.permute(1, 2, 0).numpy())


def _tensor(image: Picture) -> Tensor:
    return torch.from_numpy(image).permute(2, 0, 1)
