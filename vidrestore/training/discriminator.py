"""Discriminator: tells pictures as they were from pictures that a network made."""

import torch
from torch import Tensor, nn

STEPS = ((1, 1), (1, 2), (2, 1), (2, 2), (4, 1), (4, 2), (8, 1), (8, 2))
"""Of each convolution: channels, times the width, and its stride."""
SLOPE = 0.2
"""Of the activation, below zero."""
DENSE = 16
"""Numbers in the last hidden layer, times the width."""


class Discriminator(nn.Module):
    """The network of Ledig et al. 2017: eight convolutions of 3x3, of which every second halves the size.

    Args:
        side: of the square patches that it sees, in pixels; the paper's have 96.
        width: channels of the first convolution; the paper's 64.
    """

    def __init__(self, side: int = 96, width: int = 64) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 3
        for times, stride in STEPS:
            layers.append(nn.Conv2d(channels, times * width, 3, stride, padding=1))
            if layers[1:]:  # the first has no normalisation
                layers.append(nn.BatchNorm2d(times * width))
            layers.append(nn.LeakyReLU(SLOPE))
            channels, side = times * width, -(-side // stride)
        dense = nn.Linear(channels * side * side, DENSE * width)
        self.layers = nn.Sequential(
            *layers, nn.Flatten(), dense, nn.LeakyReLU(SLOPE), nn.Linear(DENSE * width, 1), nn.Flatten(0)
        )

    def forward(self, pictures: Tensor) -> Tensor:
        """(B, 3, side, side) in [0, 1] -> (B,): above 0 where a picture looks as it was, without bound."""
        logits: Tensor = self.layers(2 * pictures - 1)
        return logits


def real_or_made(logits: Tensor, *, real: bool) -> Tensor:
    """What an answer of the discriminator costs where the truth is `real`: a scalar, 0 and up."""
    return nn.functional.binary_cross_entropy_with_logits(logits, torch.full_like(logits, float(real)))
