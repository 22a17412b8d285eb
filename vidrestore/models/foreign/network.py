"""A network of one RGB picture, of whatever origin, as a Processor."""

import torch.nn.functional as F
from torch import Tensor, nn

from ..processor import Needs


class ForeignNetwork(nn.Module):
    """A module that makes (B, 3, scale*H, scale*W) of (B, 3, H, W), both in [0, 1].

    Args:
        border: input pixels on each side of which the module makes nothing; the picture is continued by its edge.
        seam: the largest difference that a tile was seen to make to what lies `needs.halo` pixels or more from where
            it ends; see probe.py.
    """

    def __init__(self, core: nn.Module, needs: Needs, *, border: int = 0, seam: float = 0.0) -> None:
        super().__init__()
        self.core = core
        self.needs = needs
        self.border = border
        self.seam = seam

    def prepare(self, window: Tensor) -> tuple[Tensor, ...]:
        """(B, 1, 3, H, W) -> (B, 3, H + 2*border, W + 2*border)."""
        picture = window[:, 0]
        return (F.pad(picture, (self.border,) * 4, mode="replicate") if self.border else picture,)

    def finish(self, window: Tensor, *core_out: Tensor) -> Tensor:
        """(B, 3, scale*H, scale*W) -> (B, 1, 3, scale*H, scale*W)."""
        return core_out[0].float()[:, None]
