"""Frame: the one value that flows from the decoder through the stages to the encoder."""

from __future__ import annotations  # torch is for type checkers only: what a file is can be said without it

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from torch import Tensor

Matrix = Literal["bt601", "bt709", "bt2020", "smpte240m", "fcc", "ycgco"]
Siting = Literal["left", "center", "topleft"]


@dataclass(frozen=True, slots=True)
class Colour:
    """How code values of Y, U, V planes (or RGB pictures) are to be read.

    The first four fields decide arithmetic; the rest are FFmpeg's own numbers, carried untouched from
    decoder to encoder so that the output is tagged as the input was.
    """

    matrix: Matrix = "bt709"
    full_range: bool = False
    siting: Siting = "left"
    depth: int = 8
    """Bits per sample of the code values: 8 is stored in uint8, 9 to 16 in uint16."""
    primaries: int = 2
    transfer: int = 2
    tagged_matrix: int = 2
    """AVColorSpace as found in the file; 2 (unspecified) when `matrix` was guessed."""
    tagged_range: int = 0
    """AVColorRange as found in the file; 0 (unspecified) when `full_range` was guessed."""
    tagged_siting: int = 0
    """AVChromaLocation as found in the file."""


@dataclass(frozen=True, slots=True)
class Planes:
    """One picture as the codec stores it: luma, and two chroma planes of equal, possibly smaller size.

    Code values, 0 to 2**depth - 1: uint8 or uint16 as decoded, or float32 once a stage has worked on the
    plane and nothing has rounded it yet. `u` and `v` are None for a grey picture.
    """

    y: Tensor  # (H, W)
    u: Tensor | None  # (ceil(H / 2**subsample_y), ceil(W / 2**subsample_x))
    v: Tensor | None
    colour: Colour
    subsample_x: int = 1
    """log2 of the luma samples per chroma sample along a row: 1 in 4:2:0 and 4:2:2, 0 in 4:4:4."""
    subsample_y: int = 1


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture and its place in time."""

    picture: Planes | Tensor
    """As decoded: planes. Or RGB, (3, H, W) float32 in [0, 1], from RGB sources and once a stage has worked in RGB."""
    pts: Fraction
    """When it appears: seconds from the start of the stream, exact."""
    duration: Fraction
    """Seconds until the next frame; positive."""
    cut: bool = False
    """First frame of a shot: no temporal window reaches across it."""
    native: object = None
    """The decoder's own picture while nothing has changed it, so that it can be written as it came."""
    key: bool = False
    """A key frame of the source: decoded without any other."""
    step: float | None = None
    """Of the encoder's quantiser, on average over luma, in 8-bit codes; None where the decoder does not tell it."""
    confidence: float | None = None
    """Share of a picture that was made between two, 0 to 1, in which motion is believable; None where nobody knows."""

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        plane = self.picture.y if isinstance(self.picture, Planes) else self.picture
        return plane.shape[-2], plane.shape[-1]
