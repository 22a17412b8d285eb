"""ESPCN: super-resolution of luma by convolutions at low resolution and a pixel shuffle.

Sources: document 004 (four layers, ReLU), Shi et al. 2016 (three layers, tanh); spec/networks.md part C.
"""

from typing import Literal

import torch.nn.functional as F
from torch import Tensor, nn

from ...frame.resize import upsample
from ..processor import Needs


class Espcn(nn.Module):
    """Enlarges one luma picture by a whole factor.

    Args:
        scale: 2, 3 or 4.
        layers: 4 (document 004: 58,212 / 59,657 / 61,680 parameters at x2 / x3 / x4) or 3 (the paper: 21,284 at x2).
        skip: add the bicubically enlarged input, so that the network only learns what bicubic misses.
        border: what lies beyond the picture: its edge, replicated once before the first layer; or zeros before
            every layer, as in document 004, which leaves a faint frame around the picture.
        final_activation: "relu" after the last layer reproduces document 004's listing; it can kill sub-pixel phases.
    """

    def __init__(
        self,
        scale: int = 2,
        layers: Literal[3, 4] = 4,
        skip: bool = True,
        border: Literal["replicate", "zeros"] = "replicate",
        final_activation: Literal["none", "relu"] = "none",
    ) -> None:
        super().__init__()
        channels = [1, 64, 64, 32, scale * scale] if layers == 4 else [1, 64, 32, scale * scale]
        kernels = [5, 3, 3, 3][:layers]
        activation = nn.ReLU if layers == 4 else nn.Tanh
        convs = [
            nn.Conv2d(channels[i], channels[i + 1], k, padding=k // 2 if border == "zeros" else 0)
            for i, k in enumerate(kernels)
        ]
        for conv in convs:
            nn.init.orthogonal_(conv.weight)
            nn.init.zeros_(conv.bias)  # type: ignore[arg-type]
        if skip:
            nn.init.zeros_(convs[-1].weight)  # training starts at bicubic, not at noise
        steps = [step for conv in convs for step in (conv, activation())]
        self.core = nn.Sequential(*(steps if final_activation == "relu" else steps[:-1]))
        self.skip = skip
        self.border = border
        self.needs = Needs(space="luma", scale=scale, halo=sum(k // 2 for k in kernels))

    def prepare(self, window: Tensor) -> tuple[Tensor, ...]:
        """(B, 1, 1, H, W) -> (B, 1, H + 2*halo, W + 2*halo), or the picture as it is where zeros surround it."""
        picture = window[:, 0]
        if self.border == "replicate":
            picture = F.pad(picture, (self.needs.halo,) * 4, mode="replicate")
        return (picture,)

    def finish(self, window: Tensor, *core_out: Tensor) -> Tensor:
        """Sub-pixels (B, scale**2, H, W) -> (B, 1, 1, scale*H, scale*W)."""
        out = F.pixel_shuffle(core_out[0].float(), self.needs.scale)
        if self.skip:
            out = out + upsample(window[:, 0], self.needs.scale)
        return out[:, None]
