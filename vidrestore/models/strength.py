"""Blended: a network whose result is shown in part."""

from dataclasses import dataclass

from torch import Tensor, nn

from .processor import Needs, Processor


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
        current = window[:, self.needs.before : self.needs.before + 1]
        return current + self.strength * (self.inner.finish(window, *core_out) - current)
