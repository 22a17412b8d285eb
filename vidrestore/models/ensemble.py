"""Networks changed from outside: their mean over mirrored pictures, and their result in part."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .processor import Needs, Processor

WAYS: tuple[tuple[int, ...], ...] = ((), (-1,), (-2,), (-2, -1))
"""Dimensions that are reversed: none, across, down, both."""


GAIN = 1.1
"""Of the mean change: where looks disagree, it is softer than each. At 1 PSNR is a little higher (by 0.05 dB on the
held pictures of training), but a noisy picture looked more blurred afterwards than before."""


@dataclass(frozen=True)
class Mirrored:
    """A Processor that restores a frame in its place or enlarges it; better by the mean of four looks, and as slow.

    Timofte et al. 2016, "Seven ways to improve example-based single image super resolution", of which these are the
    four that keep height and width. The four that also turn it cost as much again: on Set5 espcn-x2 gains 0.18 dB with
    all eight, 0.15 with these, and espcn-x4 0.12 and 0.09.
    """

    inner: Processor

    @property
    def needs(self) -> Needs:
        """The inner one's."""
        return self.inner.needs

    @property
    def core(self) -> nn.Module:
        """The inner one's; its batches are four times as large."""
        return self.inner.core

    def prepare(self, window: Tensor) -> tuple[Tensor, ...]:
        """As the inner one does of (4B, T, C, H, W), one way after the other."""
        return self.inner.prepare(torch.cat([window.flip(way) for way in WAYS]))

    def finish(self, window: Tensor, *core_out: Tensor) -> Tensor:
        """(B, 1, C, scale*H, scale*W): the mean; at scale 1 the current frame, changed as on average, times GAIN."""
        mean = torch.stack(list(self._looks(window, core_out))).mean(0)
        if self.needs.scale > 1:
            return mean
        current = _current(self.needs, window, mean)
        return current + GAIN * (mean - current)

    def _looks(self, window: Tensor, core_out: tuple[Tensor, ...]) -> Iterator[Tensor]:
        parts = zip(*(out.chunk(len(WAYS)) for out in core_out), strict=True)
        for way, part in zip(WAYS, parts, strict=True):
            yield self.inner.finish(window.flip(way), *part).flip(way)


@dataclass(frozen=True)
class Blended:
    """A Processor that restores a frame in its place, at its size, by a share of what it changes."""

    inner: Processor
    strength: float
    """0 to 1."""

    @property
    def needs(self) -> Needs:
        """The inner one's."""
        return self.inner.needs

    @property
    def core(self) -> nn.Module:
        """The inner one's."""
        return self.inner.core

    def prepare(self, window: Tensor) -> tuple[Tensor, ...]:
        """As the inner one does."""
        return self.inner.prepare(window)

    def finish(self, window: Tensor, *core_out: Tensor) -> Tensor:
        """Between the current frame and the inner one's, (B, 1, C, H, W)."""
        made = self.inner.finish(window, *core_out)
        current = _current(self.needs, window, made)
        return current + self.strength * (made - current)


def _current(needs: Needs, window: Tensor, made: Tensor) -> Tensor:
    """The frame of which `made` was made, without planes that are no part of it."""
    return window[:, needs.before : needs.before + 1, : made.shape[2]]
