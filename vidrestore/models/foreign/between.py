"""Another program's network that makes the picture at any time between two: RIFE's, of PyTorch or of ncnn."""

import re
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from ...errors import ModelError
from ..networks.interpolation.rife import Rife
from ..processor import Needs
from ..weights.manifest import PAIR, PICKLE
from ..weights.state import misfit
from .checkpoint import read_tensors
from .ncnn.graph import Graph, read_network
from .ncnn.open import Trial
from .ncnn.param import read_layers
from .ncnn.warp import WARP

PUBLIC = re.compile(r"(?:module\.)?block(\d)\.(?:(conv0|convblock)\.(\d)\.([01])|lastconv)\.(weight|bias)")
UNUSED = re.compile(r"(?:module\.)?(?:block_tea|contextnet|unet)\..*")
"""A teacher for training, and layers that RIFE 4 does not run."""
SIDE = 128


def from_public(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights of `Rife` in a flownet.pkl of RIFE 4.0: `module.block0.convblock.3.0.weight`."""
    return {_own_name(name): tensor for name, tensor in state.items() if not UNUSED.fullmatch(name)}


def _own_name(name: str) -> str:
    if (match := PUBLIC.fullmatch(name)) is None:
        return name
    block, part, number, layer, kind = match.groups()
    if part is None:
        return f"core.blocks.{block}.end.{kind}"
    return f"core.blocks.{block}.{'start' if part == 'conv0' else 'deep'}.{2 * int(number) + int(layer)}.{kind}"


class NcnnBetween(nn.Module):
    """A network of ncnn that reads two pictures and the time; its window is that of `Rife`."""

    def __init__(self, core: Graph) -> None:
        super().__init__()
        self.core = core
        self.needs = Needs(after=2, halo=SIDE, blends=True, multiple=SIDE)

    def prepare(self, window: Tensor) -> tuple[Tensor, ...]:
        """(B, 3, 3, H, W) -> both pictures, (B, 3, H, W) each, and the time, (B, 1, H, W)."""
        return window[:, 0], window[:, 1], window[:, 2, :1]

    def finish(self, window: Tensor, *core_out: Tensor) -> Tensor:
        """(B, 3, H, W) -> (B, 1, 3, H, W)."""
        return core_out[0].float()[:, None]


def open_between(path: Path) -> Rife | NcnnBetween:
    """The network of a flownet.pkl of RIFE 4.0, or of a .param with .bin beside it of RIFE 4, in evaluation mode.

    Nothing in the file is executed.

    Raises:
        ModelError: it is missing, damaged, or no such network.
    """
    network = _of_ncnn(path) if path.suffix.lower() in PAIR else _of_torch(path)
    network.eval().requires_grad_(False)
    return network


def makes_between(path: Path) -> bool:
    """Whether a file looks as if `open_between` were to read it. ModelError: a .param is missing or damaged."""
    if path.suffix.lower() not in PAIR:
        return path.suffix.lower() == PICKLE
    return any(layer.kind == WARP for layer in read_layers(path.with_suffix(".param")))


def _of_torch(path: Path) -> Rife:
    state = {name: value for name, value in read_tensors(path).items() if isinstance(value, Tensor)}
    tensors = from_public(state)
    with torch.device("meta"):  # what does not fit takes no memory
        wanted = Rife().state_dict()
    if problem := misfit(wanted, tensors):
        raise ModelError(f"{path} is no network of RIFE 4.0, the one that runs here: {problem}")
    network = Rife()
    network.load_state_dict({name: tensor.float() for name, tensor in tensors.items()})
    return network


def _of_ncnn(path: Path) -> NcnnBetween:
    param, binary = path.with_suffix(".param"), path.with_suffix(".bin")
    graph = read_network(param, binary)
    if (counts := (len(graph.inputs), len(graph.outputs))) != (3, 1):
        raise ModelError(
            f"{param} has {counts[0]} inputs and {counts[1]} outputs; interpolate runs RIFE 4, which has 3 and 1: "
            "two pictures and a time; give it to the command it is for"
        )
    try:
        made = Trial(graph, (3, 3, 1))(SIDE, SIDE)
    except ModelError as error:
        raise ModelError(f"the network of {param} {error}") from error
    if made != (2, 3, SIDE, SIDE):
        raise ModelError(f"{param} makes {made[1:]} of two pictures and the time: it is for another task")
    return NcnnBetween(graph)
