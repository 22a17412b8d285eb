"""Needs and Processor: what a network looks like from outside."""

from __future__ import annotations  # torch is for type checkers only: what a network needs can be said without it

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from torch import Tensor, nn


Space = Literal["luma", "rgb", "yuv"]


@dataclass(frozen=True, slots=True)
class Needs:
    """Everything the engine must know about a network, as data."""

    before: int = 0
    """Frames of the window before the current one."""
    after: int = 0
    """Frames of the window after the current one: the lookahead."""
    times: tuple[Fraction, ...] = (Fraction(0),)
    """Where the outputs lie, as a share of the way to the next frame: 0 replaces the current frame."""
    space: Space = "rgb"
    """luma: the network sees Y alone, with black at 0 and white at 1; chroma planes are only resized.
    yuv: Y and beside it U and V from -0.5 to 0.5, as many samples; where the video has fewer, they are repeated."""
    scale: int = 1
    """Output height and width over input height and width."""
    marks_absent: bool = False
    """Of a window that reaches out of its shot: frames that are not there are NaN, not the outermost one again. For
    networks that average frames, since a copy has the same noise."""
    sees_step: bool = False
    """Pictures have one plane more, of one value: the step of the quantiser of luma with which the frame was encoded,
    in 8-bit codes / 255; 0 where nothing was lost."""
    halo: int = 0
    """Input pixels beyond a tile that still change its output."""
    blends: bool = False
    """Farther ones change it, too: tiles go over into each other where they meet."""
    multiple: int = 1
    """Height and width must be multiples of this; the engine pads by replication and crops."""

    @property
    def channels(self) -> int:
        """Of a picture in this space."""
        return (1 if self.space == "luma" else 3) + self.sees_step


class Processor(Protocol):
    """A network in three steps, so that an engine can compile the middle one.

    It knows no device, batch, tile, codec or precision. With window (B, T, C, H, W), T = before + 1 + after,
    C = 1 (luma) or 3 (rgb, yuv), float32, nominally in [0, 1]:

        finish(window, *core(*prepare(window)))  ->  (B, len(times), C, scale*H, scale*W), float32

    `core` may run in bf16 or fp16; `prepare` and `finish` always run in fp32. A part of `core` may have a method
    `for_inference() -> nn.Module`: what an engine is to run instead, the same but for the rounding of fp32, and faster.
    A `core` of another runtime has `in_torch(example: Tensor) -> nn.Module`: what the engine torch runs instead.
    """

    @property
    def needs(self) -> Needs: ...

    @property
    def core(self) -> nn.Module: ...

    def prepare(self, window: Tensor) -> tuple[Tensor, ...]: ...

    def finish(self, window: Tensor, *core_out: Tensor) -> Tensor: ...


def apply(processor: Processor, window: Tensor) -> Tensor:
    """The three steps in a row, as they are: the reference that every engine is held to."""
    core = processor.core(*processor.prepare(window))
    return processor.finish(window, *(core if isinstance(core, tuple) else (core,)))
