"""The three-dimensional part of the networks of document 002: spec/networks.md D.2 to D.4."""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

from .vsr_blocks import Conv3d, KernelOrder, Recursive, conv3d

FRAMES = 5
NARROW = 16
"""Channels of the middle up to which all moments are computed together."""


class Volume(nn.Module):
    """Five enlarged pictures into one: convolutions over time, height and width.

    Args:
        width: channels of the middle.
        middle: what lies in between, (B, width, 5, H, W) twice.
        out: side of the last kernel.
    """

    def __init__(self, width: int, middle: Iterable[nn.Module], *, kernel_order: KernelOrder, out: int = 5) -> None:
        super().__init__()
        first, flat = ((5, 5, 3), (1, 1, 3)) if kernel_order == "dhw" else ((3, 5, 5), (3, 1, 1))
        self.layers = nn.Sequential(
            *conv3d(1, 32, first),
            *conv3d(32, width, flat),
            *middle,
            *conv3d(width, 32, flat),
            *(Conv3d(32, 32, 3), nn.ReLU()),
            *(Conv3d(32, 32, 3), nn.ReLU()),
        )
        self.out = nn.Conv2d(32, 1, out, padding=out // 2)
        self.width = width

    def forward(self, pictures: Sequence[Tensor]) -> Tensor:
        """Five of (B, 1, H, W) -> (B, 1, H - 4, W - 4)."""
        out: Tensor = self.out(self.layers(torch.stack(list(pictures), 2))[:, :, 0])
        return out

    def for_inference(self) -> nn.Module:
        """See Processor: convolutions of pictures whose channels are those of all moments.

        More is multiplied, by zeros, and yet it is faster: 12 channels leave most of a matrix unit idle, 60 do not.
        On a CPU with AMX Delta took 0.57 of the time in bf16, and as long in fp32; 5-parallel's 24 took 1.15 of it.
        """
        if self.width > NARROW:
            return self
        return _Flat(_flat(self.layers, FRAMES)[0], self.out)


class _Flat(nn.Module):
    """As Volume."""

    def __init__(self, layers: nn.Module, out: nn.Module) -> None:
        super().__init__()
        self.layers, self.out = layers, out

    def forward(self, pictures: Sequence[Tensor]) -> Tensor:
        """Five of (B, 1, H, W) -> (B, 1, H - 4, W - 4)."""
        out: Tensor = self.out(self.layers(torch.cat(list(pictures), 1)))
        return out


def _flat(layers: nn.Sequential, moments: int) -> tuple[nn.Sequential, int]:
    """Layers of (B, C, D, H, W), D = `moments`, as ones of (B, D*C, H, W); and how many moments they leave."""
    made: list[nn.Module] = []
    for layer in layers:
        if isinstance(layer, nn.Conv3d):
            layer, moments = _flat_convolution(layer, moments)
        elif isinstance(layer, Recursive):
            layer = Recursive(layer.times, *_flat(layer.body, moments)[0]).for_inference()
        made.append(layer)
    return nn.Sequential(*made), moments


def _flat_convolution(layer: nn.Conv3d, moments: int) -> tuple[nn.Conv2d, int]:
    assert layer.bias is not None
    (depth, *kernel), (before, *padding) = layer.kernel_size, (int(n) for n in layer.padding)
    after = moments + 2 * before - depth + 1
    outputs, inputs = after * layer.out_channels, moments * layer.in_channels
    flat = nn.Conv2d(inputs, outputs, (kernel[0], kernel[1]), padding=(padding[0], padding[1]))
    weight = layer.weight.new_zeros(after, layer.out_channels, moments, layer.in_channels, *kernel)
    for made in range(after):
        for tap in range(depth):
            if 0 <= (seen := made + tap - before) < moments:
                weight[made, :, seen] = layer.weight.detach()[:, :, tap]
    flat.weight = nn.Parameter(weight.flatten(2, 3).flatten(0, 1))
    flat.bias = nn.Parameter(layer.bias.detach().repeat(after))
    return flat, after
