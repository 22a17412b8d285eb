"""What --quality means for the flow interpolator; figures in docs/models.md."""

from dataclasses import dataclass, replace

from ....base.settings import Quality

LARGE = 1 << 19
"""Pixels from which motion is searched at half of the size, in a quarter of the time: 1280x720, but not 960x540. On two
1080p clips (four triplets) the frame between loses 0.06 dB."""


@dataclass(frozen=True, slots=True)
class Search:
    """How thoroughly motion is searched: OpenCV's names and meanings."""

    finest_scale: int
    """0 is the picture itself, 1 half of it; the flow is enlarged from there."""
    patch_stride: int
    variational_iterations: int = 5
    descent_iterations: int = 16

    def of_size(self, height: int, width: int) -> "Search":
        """The search of pictures of that size: of large ones at half of it, with less overlap."""
        return self if height * width < LARGE else replace(self, finest_scale=max(1, self.finest_scale), patch_stride=3)


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
