"""What the networks of document 002 are made of, and how they start: spec/networks.md D.2 to D.4."""

import copy
from collections.abc import Iterable, Iterator
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

KernelOrder = Literal["dhw", "hwt"]
"""Of the document's kernels (5, 5, 3) and (1, 1, 3). dhw: as its code runs, time first, so that the second looks to
the left and right alone. hwt: as its authors meant, time last."""


class Conv3d(nn.Conv3d):
    """torch's, but with gradients that a CPU can compute.

    Its backward in bf16 corrupts memory there (torch 2.13 with channels no multiple of 32), and in fp32 takes ten
    times as long as forward. In training each moment is one picture whose channels are those of the moments it sees.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, D, H, W) -> (B, C', D', H', W')."""
        if not self.training or x.device.type != "cpu":
            return super().forward(x)
        depth, (before, *padding) = self.kernel_size[0], (int(n) for n in self.padding)
        moments = list(x.unbind(2))
        none = [torch.zeros_like(moments[0])] * before
        moments = [*none, *moments, *none]
        weight = self.weight.transpose(1, 2).flatten(1, 2)
        seen = (torch.cat(moments[i : i + depth], 1) for i in range(len(moments) - depth + 1))
        return torch.stack([F.conv2d(each, weight, self.bias, padding=padding) for each in seen], 2)


class Recursive(nn.Module):
    """x = ReLU(body(x) + x), some times over with the same weights."""

    def __init__(self, times: int, *body: nn.Module) -> None:
        super().__init__()
        self.body = nn.Sequential(*body)
        self.times = times

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, ...) twice."""
        for _ in range(self.times):
            x = F.relu(self.body(x) + x)
        return x

    def for_inference(self) -> nn.Module:
        """See Processor: where the body is one convolution of a picture, the sum becomes part of its weights."""
        if len(self.body) != 1 or not isinstance(self.body[0], nn.Conv2d):
            return self
        conv = copy.deepcopy(self.body[0])
        identity = nn.init.dirac_(torch.empty_like(conv.weight))
        conv.weight = nn.Parameter(conv.weight.detach() + identity)
        return _Repeated(self.times, conv)


class _Repeated(nn.Module):
    """x = ReLU(conv(x)), some times over with the same weights."""

    def __init__(self, times: int, conv: nn.Conv2d) -> None:
        super().__init__()
        self.conv = conv
        self.times = times

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) twice."""
        for _ in range(self.times):
            x = F.relu(self.conv(x))
        return x


def conv2d(inputs: int, outputs: int, kernel: int) -> tuple[nn.Module, ...]:
    """A convolution of the same size, and ReLU."""
    return nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2), nn.ReLU()


def conv3d(inputs: int, outputs: int, kernel: tuple[int, int, int] = (3, 3, 3)) -> tuple[nn.Module, ...]:
    """A convolution of the same size, and ReLU."""
    depth, height, width = kernel
    return Conv3d(inputs, outputs, kernel, padding=(depth // 2, height // 2, width // 2)), nn.ReLU()


def doubling(kernel: Literal[3, 4]) -> tuple[nn.Module, ...]:
    """A transposed convolution to twice the size, 32 channels to 16, and ReLU."""
    return nn.ConvTranspose2d(32, 16, kernel, stride=2, padding=1, output_padding=4 - kernel), nn.ReLU()


def halo(low: Iterable[nn.Module], high: Iterable[nn.Module]) -> int:
    """Input pixels that an output pixel looks away, through `low`, a doubling, and then `high`."""
    return max(down + up // 2 + 1 for down, up in zip(_reach(low), _reach(high), strict=True))


def _reach(layers: Iterable[nn.Module]) -> tuple[int, int]:
    """Pixels that layers one after the other look away, vertically and horizontally."""
    kernels = [kernel for layer in layers for kernel in _kernels(layer)]
    return sum(kernel[-2] // 2 for kernel in kernels), sum(kernel[-1] // 2 for kernel in kernels)


def _kernels(layer: nn.Module) -> Iterator[tuple[int, ...]]:
    if isinstance(layer, nn.Conv2d | nn.Conv3d):
        yield layer.kernel_size
    times = layer.times if isinstance(layer, Recursive) else 1
    for _ in range(times):
        for child in layer.children():
            yield from _kernels(child)


@torch.no_grad()
def initialise(core: nn.Module, last: nn.Module) -> None:
    """Weights from which some thirty layers can be trained: with torch's own the signal dies, with He's it explodes.

    He's, but recursion starts as the identity, and what enters a ReLU of one channel is a mean, so that it lives.

    Args:
        last: the layer that no ReLU follows.
    """
    for layer in core.modules():
        if isinstance(layer, nn.modules.conv._ConvNd):
            assert layer.bias is not None
            nn.init.zeros_(layer.bias)
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            if isinstance(layer, nn.ConvTranspose2d):  # each output pixel sees a quarter of the taps
                nn.init.normal_(layer.weight, std=(8 / layer.weight[:, 0].numel()) ** 0.5)
            if layer.out_channels == 1 and layer is not last:
                layer.weight.copy_(layer.weight.abs() / layer.weight.abs().sum())
    for block in core.modules():
        if isinstance(block, Recursive):
            *_, final = (layer for layer in block.body if isinstance(layer, nn.modules.conv._ConvNd))
            nn.init.zeros_(final.weight)
