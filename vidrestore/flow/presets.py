"""What --quality means for the flow interpolator; figures in the README."""

from dataclasses import dataclass

from ..settings import Quality
from .motion import Search


@dataclass(frozen=True, slots=True)
class Preset:
    """How one quality is reached."""

    search: Search
    fusion: bool = True
    """Whether the network mixes the warped pictures."""
    mirrored: bool = False
    """Whether it does so a second time with left and right exchanged, and the mean is taken."""


PRESETS: dict[Quality, Preset] = {
    "fast": Preset(Search(finest_scale=1, patch_stride=2), fusion=False),
    "balanced": Preset(Search(finest_scale=0, patch_stride=3)),
    "best": Preset(Search(finest_scale=0, patch_stride=3), mirrored=True),
}
