"""A network of one RGB picture, of whatever origin, as a Processor."""

import math

import torch.nn.functional as F
from torch import Tensor, nn

from ..processor import Needs


class ForeignNetwork(nn.Module):
    """A module that makes (B, 3, scale*H, scale*W) of (B, 3, H, W), both in [0, 1].

    Colours of video lie outside of that where chroma is coarser than luma, and some networks make noise of them. So the
    module sees them cut off, and what was cut off is added to what it makes.

    Args:
        border: input pixels on each side of which the module makes nothing; the picture is continued by its edge.
        minimum: pixels that the module needs at least, across and down; smaller pictures are continued as well.
        seam: the largest difference that a tile was seen to make to what lies `needs.halo` pixels or more from where
            it ends; see probe.py.
    """

    def __init__(
        self,
        core: nn.Module,
        needs: Needs,
        *,
        border: int = 0,
        minimum: int = 0,
        seam: float = 0.0,
        bf16: float = math.inf,
    ) -> None:
        super().__init__()
        self.core = core
        self.needs = needs
        self.border = border
        self.minimum = minimum
        self.seam = seam
        self.bf16 = bf16

    @property
    def note(self) -> str:
        """What a user should know before choosing it; empty for the ordinary one."""
        if not self.seam:
            return ""
        codes = 255 * self.seam
        blended = "blended where they meet, " if self.needs.blends else ""
        return (
            f"each pixel depends on far ones: tiles, {blended}may differ from the whole by {codes:.2g} of 255; "
            "--tile 0 has none"
        )

    def prepare(self, window: Tensor) -> tuple[Tensor, ...]:
        """(B, 1, 3, H, W) -> (B, 3, H + 2*border, W + 2*border), or more."""
        picture, border = window[:, 0].clamp(0, 1), self.border
        down, across = (max(0, self.minimum - size) for size in picture.shape[-2:])
        sides = (border, border + across, border, border + down)
        return (F.pad(picture, sides, mode="replicate") if any(sides) else picture,)

    def finish(self, window: Tensor, *core_out: Tensor) -> Tensor:
        """(B, 3, at least scale*H, at least scale*W) -> (B, 1, 3, scale*H, scale*W)."""
        scale = self.needs.scale
        height, width = (scale * size for size in window.shape[-2:])
        made = core_out[0].float()[:, None, :, :height, :width]
        beyond = window - window.clamp(0, 1)
        if not beyond.any():
            return made
        return made + beyond.repeat_interleave(scale, -2).repeat_interleave(scale, -1)
