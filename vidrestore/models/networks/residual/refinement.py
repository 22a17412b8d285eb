"""Refinement: super-resolution in stages, each of which adds to the picture of the stage before and is compared alone.

Source: document 003, the stacked residual-refined network of HelloSR in NTIRE 2017: from coarse to fine, with
intermediate supervision, stages of residual blocks. Its sizes are not published there; these are ours.
"""

import torch
from torch import Tensor, nn

from .picture import OnePicture, Space, block, channels_of, conv, start_at_nothing


class Refinement(OnePicture):
    """Enlarges one picture, which begins as bicubic's. 1,351,972 parameters at x2, 1,414,288 at x4.

    Args:
        scale: 2, 3, 4 or 8.
        stages: how often the picture is refined.
        blocks: residual blocks of each stage.
        width: their channels.
        space: rgb or luma.
    """

    def __init__(self, scale: int = 2, stages: int = 3, blocks: int = 6, width: int = 64, space: Space = "rgb") -> None:
        core = _Core(channels_of(space), scale, stages, blocks, width)
        super().__init__(core, halo=1 + stages * 2 * blocks + 1, scale=scale, skip=True, space=space)

    def stages(self, window: Tensor, *core_out: Tensor) -> tuple[Tensor, ...]:
        """The picture of every stage, as `finish`; `core_out` as the core gives it while it is trained."""
        return tuple(self.finish(window, each) for each in core_out)


class _Core(nn.Module):
    """What is to be added to bicubic: after the last stage, and while training after every one."""

    def __init__(self, channels: int, scale: int, stages: int, blocks: int, width: int) -> None:
        super().__init__()
        self.first = conv(channels, width)
        self.stages = nn.ModuleList(nn.Sequential(*(block(width) for _ in range(blocks))) for _ in range(stages))
        self.refine = nn.ModuleList(conv(width, channels * scale * scale) for _ in range(stages))
        for layer in self.refine:
            assert isinstance(layer, nn.Conv2d)
            start_at_nothing(layer)
        self.shuffle = nn.PixelShuffle(scale)

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, ...]:
        features, change = self.first(x), torch.zeros(())
        changes = []
        for stage, refine in zip(self.stages, self.refine, strict=True):
            features = stage(features)
            change = refine(features) + change
            changes.append(self.shuffle(change))
        return tuple(changes) if self.training else changes[-1]
