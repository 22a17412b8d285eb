"""What --quality means for the flow interpolator; figures in docs/models.md."""

from dataclasses import dataclass

from ....base.settings import Quality


@dataclass(frozen=True, slots=True)
class Search:
    """How thoroughly motion is searched: OpenCV's names and meanings."""

    finest_scale: int
    """0 is the picture itself, 1 half of it; the flow is enlarged from there."""
    patch_stride: int
    variational_iterations: int = 5
    descent_iterations: int = 16


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
