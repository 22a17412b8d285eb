"""Stamp: the place in time of a frame that has been decoded."""

from fractions import Fraction
from typing import NamedTuple


class Stamp(NamedTuple):
    """Of a frame as decoded, or of one made of its fields."""

    number: int
    """The source's frame, counted from 0; from where decoding began, where the numbers are not looked at."""
    pts: Fraction
    """Seconds from the start of the file."""
    duration: Fraction
    """How long the file says it is shown; 0 where it does not."""
    key: bool
    taken: int = 1
    """Frames of the source that it stands for: 0 for a second field, 2 where a repeated frame was taken out."""
    step: float | None = None
    """See `Frame.step`."""
    interlaced: bool = False
    """Made of fields that are not of one moment."""
