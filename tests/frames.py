"""Frames and a processor whose outputs are known, for the tests of the engine."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fractions import Fraction

import torch
from torch import Tensor, nn

from vidrestore.engine import Settings
from vidrestore.frame.frame import Colour, Frame, Planes
from vidrestore.models.processor import Needs

FP32 = Settings(device="cpu", engine="torch", precision="fp32")


class Mean(nn.Module):
    """A window's mean, as a core; `before_each` may raise."""

    def __init__(self, before_each: Callable[[Tensor], None] = lambda _: None):
        super().__init__()
        self.before_each = before_each

    def forward(self, x: Tensor) -> Tensor:
        self.before_each(x)
        return x.mean(1)


@dataclass
class MeanOf:
    """The mean of the window at every time, enlarged by repetition: a processor whose outputs are known."""

    needs: Needs
    core: nn.Module = field(default_factory=Mean)

    def prepare(self, window: Tensor) -> tuple[Tensor, ...]:
        return (window,)

    def finish(self, window: Tensor, *core_out: Tensor) -> Tensor:
        big = core_out[0].repeat_interleave(self.needs.scale, -1).repeat_interleave(self.needs.scale, -2)
        return big[:, None].repeat(1, len(self.needs.times), 1, 1, 1)


def rgb(n: int, *, cuts: Iterable[int] = (), size: tuple[int, int] = (8, 12)) -> list[Frame]:
    """Flat grey pictures of value i / 64 with irregular times."""
    frames, pts = [], Fraction(1, 3)
    for i in range(n):
        duration = Fraction(1 + i % 3, 30)
        frames.append(Frame(torch.full((3, *size), i / 64), pts, duration, i in cuts, native=f"native {i}"))
        pts += duration
    return frames


def planes(n: int, *, size: tuple[int, int] = (16, 24)) -> list[Frame]:
    h, w = size

    def picture() -> Planes:
        y, u, v = (torch.randint(0, 256, s, dtype=torch.uint8) for s in ((h, w), *[(h // 2, w // 2)] * 2))
        return Planes(y, u, v, Colour(siting="left"))

    return [Frame(picture(), Fraction(i, 25), Fraction(1, 25)) for i in range(n)]


def values(frames: Iterable[Frame]) -> list[float]:
    return [float(frame.picture.flatten()[0]) * 64 for frame in frames]
