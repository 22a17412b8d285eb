"""Losses by name."""

from typing import Literal

import torch
from torch import nn

from ..errors import UsageError
from .perceptual import FeaturesOnly, L1AndFeatures, Vgg

LEAST = 1e-5
"""50 dB are as good as perfect."""
LossName = Literal["l1", "mse", "log-mse", "l1+vgg", "vgg-or-mse"]


class LogMse(nn.Module):
    """Mean over the samples of log10 of their mean square error: PSNR's own scale, so clean samples count as others.

    Args:
        least: added to the mean square error; what is much better than that counts no more.
        harm: how much more a sample weighs that comes out worse than it came.
    """

    def __init__(self, least: float = LEAST, harm: float = 0.0) -> None:
        super().__init__()
        self.least, self.harm = least, harm

    def forward(self, output: torch.Tensor, target: torch.Tensor, given: torch.Tensor | None = None) -> torch.Tensor:
        """(B, ...) each -> scalar; `given`: what the output is to be better than, where harm counts."""
        error = self._error(output, target)
        if given is not None:
            error = error + self.harm * (error - self._error(given, target)).relu()
        return error.mean()

    def _error(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return ((output - target) ** 2).flatten(1).mean(1).add(self.least).log10()


class WideMse(nn.MSELoss):
    """Mean square error of pictures from -1 to 1, as Ledig et al. 2017 weigh it against the discriminator."""

    def forward(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """(B, ...) in [0, 1] twice -> scalar."""
        return 4 * super().forward(output, target)


def make_loss(
    name: LossName, *, least: float = LEAST, harm: float = 0.0, vgg: Vgg | None, device: torch.device
) -> nn.Module:
    """The loss of a recipe, ready to be called on `device`.

    Raises:
        UsageError: it needs VGG-19 and no file is named.
        ModelError: the file is not VGG-19's weights.
    """
    if name == "l1":
        return nn.L1Loss()
    if name == "mse":
        return nn.MSELoss()
    if name == "vgg-or-mse" and vgg is None:
        return WideMse()
    if name == "log-mse":
        return LogMse(least, harm)
    if vgg is None:
        raise UsageError(
            "this recipe's loss needs VGG-19, which is not shipped: name your file with --vgg, "
            "and --vgg-scale caffe where it was converted from Caffe"
        )
    return (L1AndFeatures if name == "l1+vgg" else FeaturesOnly)(vgg, device)
