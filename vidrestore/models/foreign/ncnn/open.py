"""A pair of ncnn's files as a Processor."""

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ....errors import ModelError
from ...weights import catalogue
from ...weights.manifest import digest
from ..network import ForeignNetwork
from ..probe import as_processor
from ..tiles import SIDE
from .graph import Graph, read_network

MOST_A_PIXEL = 1 << 13
"""Numbers that a layer may make of each pixel of the picture: a thousand are usual."""


def open_ncnn(path: Path) -> ForeignNetwork:
    """The network of NAME.param and NAME.bin; either is `path`.

    Raises:
        ModelError: one is missing or damaged, or it is no network that makes one RGB picture of one.
    """
    param, binary = path.with_suffix(".param"), path.with_suffix(".bin")
    graph = read_network(param, binary)
    if (len(graph.inputs), len(graph.outputs)) != (1, 1):
        raise ModelError(
            f"{param} reads {len(graph.inputs)} and makes {len(graph.outputs)} pictures or other things: "
            "it is for another task"
        )
    known, sizes = digest(param), Trial(graph)
    row = next((row for row in catalogue.rows().values() if row.residual and row.digest == known), None)
    try:
        core = graph if row is None else Residual(graph, row.scale, (SIDE - sizes(SIDE, SIDE)[-1] // row.scale) // 2)
        return as_processor(core, sizes, file=known)
    except ModelError as error:
        raise ModelError(f"the network of {param} {error}") from error


class Residual(nn.Module):
    """A network whose program adds what it makes to the picture, each pixel repeated.

    Args:
        core: makes (B, 3, scale*(H - 2*border), scale*(W - 2*border)) of (B, 3, H, W).
    """

    def __init__(self, core: nn.Module, scale: int, border: int) -> None:
        super().__init__()
        self.core, self.scale, self.border = core, scale, border

    def forward(self, x: Tensor) -> Tensor:
        """(B, 3, H, W) -> as `core`."""
        made: Tensor = self.core(x)
        height, width = x.shape[-2:]
        inside = x[..., self.border : height - self.border, self.border : width - self.border]
        return made + F.interpolate(inside, scale_factor=self.scale, mode="nearest")


class Trial:
    """The shapes that a network makes of pictures, found without computing a number or taking memory.

    Args:
        channels: of each picture that it reads.
    """

    def __init__(self, graph: Graph, channels: tuple[int, ...] = (3,)) -> None:
        self.graph, self.channels = graph, channels
        state = {**dict(graph.named_parameters()), **dict(graph.named_buffers())}
        self.shapes = {name: torch.empty_like(tensor, device="meta") for name, tensor in state.items()}

    def __call__(self, height: int, width: int) -> tuple[int, ...]:
        """See probe.Sizes. Two pictures at once must be no other than one."""
        try:
            return self._run(self.channels, height, width)
        except _ShapeError as refusal:
            for channels in (1, 4, 2, 6, 12) if len(self.channels) == 1 else ():
                try:
                    self._run((channels,), height, width)
                except _ShapeError:
                    continue
                raise ModelError(
                    f"sees {channels} channel{'s' * (channels > 1)}; networks that see RGB pictures run here"
                ) from None
            raise ModelError(f"does not take pictures of {width}x{height} pixels: {refusal}") from None

    def _run(self, channels: tuple[int, ...], height: int, width: int) -> tuple[int, ...]:
        most = MOST_A_PIXEL * height * width * 2

        def check(layer: nn.Module, inputs: object, made: Tensor | tuple[Tensor, ...]) -> None:
            for blob in made if isinstance(made, tuple) else (made,):
                if blob.numel() > most:
                    raise ModelError(f"makes {blob.numel()} numbers of a picture of {width}x{height} pixels")

        hooks = [layer.register_forward_hook(check) for layer in self.graph.layers]
        try:
            pictures = tuple(torch.empty(2, count, height, width, device="meta") for count in channels)
            out = torch.func.functional_call(self.graph, self.shapes, pictures)
        except (RuntimeError, ValueError, TypeError, IndexError, ArithmeticError) as error:
            raise _ShapeError(" ".join(str(error).split())) from error
        finally:
            for hook in hooks:
                hook.remove()
        return tuple(out.shape)


class _ShapeError(Exception):
    """A network takes no picture of that shape."""
