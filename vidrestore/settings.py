"""Every default a user can change, once: the command line reads them from here. Imports nothing heavy."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

Moment = Fraction | int
"""A place in a stream: seconds from its start, or, as an int, the number of a frame."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How networks are run."""

    device: str = "auto"
    """auto, cpu, cuda or cuda:N."""
    engine: Literal["auto", "torch", "openvino"] = "auto"
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    tile: int | Literal["auto"] = "auto"
    """Side of the tiles in input pixels, halo included; 0 takes pictures whole."""
    batch: int | Literal["auto"] = "auto"


@dataclass(frozen=True, slots=True)
class Reading:
    """What is taken from a source."""

    start: Moment | None = None
    end: Moment | None = None
    """The first moment that is no longer taken."""
    deinterlace: bool = False
    rate: Fraction | None = None
    """Frames per second of a picture folder; None means 25."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the result is encoded."""

    codec: str | None = None
    """FFmpeg's name of the encoder; None chooses by container and bit depth."""
    crf: float | None = None
    """None: the codec's default in video/codecs.py, visually lossless."""
    preset: str | None = None
    pix_fmt: str | None = None
    """None: the source's, or the nearest the encoder takes."""
    lossless: bool = False
    options: Mapping[str, str] = field(default_factory=dict)
    """Passed to the encoder as they are."""
