"""Transposed convolutions as convolutions at the lower resolution.

oneDNN's own transposed convolutions, under torch and OpenVINO alike, sum in an order that depends on the picture's
size, so that a tile would differ from the whole: in bf16 by up to 0.3 code values of 8 bits.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class SubPixel(nn.Module):
    """A transposed convolution that enlarges exactly `stride` times, as one convolution and a pixel shuffle."""

    def __init__(self, layer: nn.ConvTranspose2d) -> None:
        super().__init__()
        (stride, _), (kernel, _), padding = layer.stride, layer.kernel_size, int(layer.padding[0])
        # Output stride*q + phase takes input q + d through tap phase + padding - stride*d, where there is one.
        first, last = -((kernel - 1 - padding) // stride), (stride - 1 + padding) // stride
        tap = torch.arange(stride)[:, None] + padding - stride * torch.arange(first, last + 1)
        pick = (tap[..., None] == torch.arange(kernel)).to(layer.weight)  # (phase, d, tap)
        weight = torch.einsum("ioyx,pay,qbx->opqiab", layer.weight, pick, pick).flatten(0, 2)
        self.conv = nn.Conv2d(layer.in_channels, len(weight), weight.shape[-1], bias=layer.bias is not None)
        self.conv.weight = nn.Parameter(weight)
        if layer.bias is not None:
            self.conv.bias = nn.Parameter(layer.bias.repeat_interleave(stride**2))
        self.pad = (-first, last, -first, last)
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """As the layer's own."""
        return F.pixel_shuffle(self.conv(F.pad(x, self.pad)), self.stride)


def enlarges_exactly(layer: nn.Module) -> bool:
    """Whether SubPixel can take the layer's place."""
    if not isinstance(layer, nn.ConvTranspose2d) or layer.groups > 1 or layer.dilation != (1, 1):
        return False
    axes = {*zip(layer.kernel_size, layer.stride, layer.padding, layer.output_padding, strict=True)}
    grows = layer.kernel_size[0] + layer.output_padding[0] - 2 * int(layer.padding[0])
    return len(axes) == 1 and grows == layer.stride[0]
