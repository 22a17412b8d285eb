"""rife.Warp: the layer that RIFE's networks have beside ncnn's own."""

from collections.abc import Callable, Mapping

from torch import Tensor, nn

from ...networks.interpolation.rife import moved
from .param import Layer
from .weights import Weights


class Warp(nn.Module):
    """A picture moved along a motion in pixels."""

    def forward(self, picture: Tensor, motion: Tensor) -> Tensor:
        """(B, C, H, W) and (B, 2, H, W) -> (B, C, H, W)."""
        return moved(picture, motion)


def _warp(layer: Layer, weights: Weights) -> nn.Module:
    if len(layer.reads) != 2:
        raise layer.error("does not read a picture and its motion")
    return Warp()


WARP = "rife.Warp"
WARPS: Mapping[str, Callable[[Layer, Weights], nn.Module]] = {WARP: _warp}
"""How it is built of its line."""
