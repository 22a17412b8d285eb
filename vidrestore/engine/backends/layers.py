"""Layers exchanged in a copy of a network, for exact and fast inference."""

import copy
import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from ..base import as_tuple
from .subpixel import SubPixel, enlarges_exactly

Convolution = nn.modules.conv._ConvNd


class Around(nn.Module):
    """A convolution with something done before or after it; networks may read or set its weights as before."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    @property
    def weight(self) -> Any:  # noqa: ANN401  # as the layer's own is
        """The convolution's own."""
        return self.layer.weight

    @property
    def bias(self) -> Any:  # noqa: ANN401
        """The convolution's own."""
        return self.layer.bias


class InFp32(Around):
    """A layer that computes in fp32 whatever autocast says."""

    def forward(self, x: Tensor) -> Tensor:
        """As the layer's own; fp32 out."""
        with torch.autocast(x.device.type, enabled=False):
            out: Tensor = self.layer(x.float())
        return out


class OneKernel(Around):
    """A convolution whose result does not depend on how large the picture around a pixel is.

    torch computes a single small fp32 picture with other code than oneDNN's, which sums in another order
    (`use_mkldnn` in ATen/native/Convolution.cpp); two pictures at once always go to oneDNN. They must lie
    in memory as the one does, as they do joined, not expanded: a 1x1 convolution would run in another layout.
    """

    SMALL = 20480

    def forward(self, x: Tensor) -> Tensor:
        """As the layer's own."""
        alone = len(x) == 1 and math.prod(x.shape[:4]) <= self.SMALL
        out: Tensor = self.layer(torch.cat((x, x)))[:1] if alone else self.layer(x)
        return out


def inference_copy(core: nn.Module) -> nn.Module:
    """A copy to run, on the CPU: parts in the form they have for inference, weights channels last.

    That is the fastest layout. Transposed convolutions are replaced.
    """
    core = copy.deepcopy(core).cpu().eval()
    core = wrap(core, {part for part in core.modules() if hasattr(part, "for_inference")}, lambda p: p.for_inference())
    core = wrap(core, {layer for layer in core.modules() if enlarges_exactly(layer)}, SubPixel)
    for parameter in core.parameters():
        parameter.data = channels_last(parameter.data)
    return core


def channels_last(x: Tensor) -> Tensor:
    """The same numbers, channels last in memory where `x` is a picture, a volume, or weights for one."""
    memory_format = {4: torch.channels_last, 5: torch.channels_last_3d}.get(x.dim(), torch.contiguous_format)
    if x.dim() > 3 and x.shape[1] == 1:
        # One channel is in either order already, and contiguous() keeps whichever strides say so, which differ between
        # a picture and a tile of it; but layers choose their code by strides.
        return x.clone(memory_format=memory_format)
    return x.contiguous(memory_format=memory_format)


def wrap(core: nn.Module, layers: set[nn.Module], by: Callable[[Any], nn.Module]) -> nn.Module:
    """`core` with `by` of each of `layers` in its place; changed in place, except where core itself is the layer."""
    if core in layers:
        return by(core)
    for name, child in core.named_children():
        setattr(core, name, wrap(child, layers, by))
    return core


def convolutions(core: nn.Module) -> set[nn.Module]:
    """Every convolution in `core`."""
    return {layer for layer in core.modules() if isinstance(layer, Convolution)}


def last_convolutions(core: nn.Module, example: tuple[Tensor, ...]) -> set[nn.Module]:
    """The convolutions whose output reaches that of `core` through no other convolution.

    Found by walking autograd's graph back from the outputs, so `forward` may be any code.
    """
    owner = {id(layer.weight): layer for layer in core.modules() if isinstance(layer, Convolution)}
    core.requires_grad_(True)
    with torch.enable_grad():
        todo = [out.grad_fn for out in as_tuple(core(*example))]
    found: set[nn.Module] = set()
    seen = set()
    while todo:
        step = todo.pop()
        if step is None or step in seen:
            continue
        seen.add(step)
        inputs = [node for node, _ in step.next_functions]
        own = [owner[key] for node in inputs if (key := id(getattr(node, "variable", None))) in owner]
        found.update(own)
        if not own:
            todo.extend(inputs)
    return found
