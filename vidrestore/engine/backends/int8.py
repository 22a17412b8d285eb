"""Convolutions in 8 bits: what they read and their weights on 256 steps, the sums exact.

Uniform quantisation after training, as in Jacob et al. 2018 (arXiv 1712.05877): a step for what is read, which
calibration.py says, and one for each output's weights. Here everything stays float, with the values that 8 bits have;
OpenVINO sees that, and multiplies integers.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...errors import UsageError
from ...models.weights.calibration import Range, calibrated
from .layers import wrap

LOW, HIGH = 0, 255
"""What is read lies on these, and weights on -127 to 127."""


class InInt8(nn.Module):
    """A convolution with zeros around the picture, if anything."""

    steps: Tensor
    zeros: Tensor

    def __init__(self, layer: nn.Conv2d, span: Range) -> None:
        super().__init__()
        assert layer.padding_mode == "zeros"
        self.layer = layer
        low, high = span
        self.step = max(high - low, 1e-6) / (HIGH - LOW)
        self.zero = round(-low / self.step)
        steps = layer.weight.detach().abs().amax((1, 2, 3)).clamp_min(1e-8) / 127
        self.register_buffer("steps", steps)
        self.register_buffer("zeros", torch.zeros(len(steps), dtype=torch.int32))

    def forward(self, x: Tensor) -> Tensor:
        """As the layer's own."""
        layer = self.layer
        x = torch.fake_quantize_per_tensor_affine(x, self.step, self.zero, LOW, HIGH)
        weight = torch.fake_quantize_per_channel_affine(layer.weight, self.steps, self.zeros, 0, -127, 127)
        return F.conv2d(x, weight, layer.bias, layer.stride, layer.padding, layer.dilation, layer.groups)


def in_int8(core: nn.Module) -> nn.Module:
    """`core` with those convolutions in 8 bits that are calibrated; changed in place.

    Raises:
        UsageError: none is.
    """
    spans = calibrated(core)
    if not spans:
        raise UsageError(
            "precision int8: the network, or one of several, is not calibrated for it; use --precision auto"
        )
    return wrap(core, set(spans), lambda layer: InInt8(layer, spans[layer]))
