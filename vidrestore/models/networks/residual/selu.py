"""Selu: removes the artefacts of a picture codec by residual blocks with SELU, at the same size.

Sources: Kirmemis, Bakar and Tekalp 2018 (learned compression artifact removal by deep residual networks, trained on BPG
at QP 40, in three sizes); document 003; Klambauer et al. 2017 for SELU. The sizes of the three are not in the document;
these are ours: 8, 16 and 32 blocks.
"""

import torch
from torch import Tensor, nn

from .picture import OnePicture, Residual, Space, block, channels_of, conv, start_at_nothing


class Selu(OnePicture):
    """One picture as it was before it was compressed. 631,299 parameters with 8 blocks, 1,222,147 and 2,403,843.

    Args:
        blocks: residual blocks.
        width: their channels.
        space: rgb or luma.
    """

    def __init__(self, blocks: int = 16, width: int = 64, space: Space = "rgb") -> None:
        channels = channels_of(space)
        core = nn.Sequential(
            conv(channels, width),
            _Selu(),
            Residual(*(block(width, activation=_Selu) for _ in range(blocks)), conv(width, width)),
            conv(width, channels),
        )
        for layer in core.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="linear")  # which SELU keeps at mean 0 and spread 1
        last = core[-1]
        assert isinstance(last, nn.Conv2d)
        start_at_nothing(last)
        super().__init__(core, halo=1 + 2 * blocks + 1 + 1, scale=1, skip=True, space=space)


SCALE, ALPHA = 1.0507009873554805, 1.6732632423543772
"""Of Klambauer et al. 2017."""


class _Selu(nn.Module):
    """torch's own computes the last few samples of a row by other code, so that a tile would differ from the whole."""

    def forward(self, x: Tensor) -> Tensor:
        below = SCALE * ALPHA * torch.expm1(x.clamp(max=0))
        out: Tensor = SCALE * x.clamp(min=0) + below
        return out
