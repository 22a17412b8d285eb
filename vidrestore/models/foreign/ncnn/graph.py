"""A network of ncnn as a torch module: its layers in order, and which blobs each reads and writes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor, nn

from ....errors import ModelError
from .activations import ACTIVATIONS
from .arithmetic import ARITHMETIC
from .convolutions import CONVOLUTIONS
from .param import Layer, read_layers
from .shapes import SHAPES
from .sizes import SIZES
from .warp import WARP, WARPS
from .weights import Weights

BUILDERS: Mapping[str, Callable[[Layer, Weights], nn.Module]] = {
    **ACTIVATIONS,
    **ARITHMETIC,
    **CONVOLUTIONS,
    **SHAPES,
    **SIZES,
    **WARPS,
}
SAME = ("Split", "Noop")
"""Layers whose outputs are their inputs."""
MANY = ("Concat", "Eltwise")
"""Layers that read any number of blobs."""
PAIRS = ("BinaryOp", "Crop", "Interp", "Scale", WARP)
"""Layers that read one blob or two."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one layer reads and writes, by the numbers of the blobs, and those that no later one reads."""

    reads: tuple[int, ...]
    writes: tuple[int, ...]
    last: tuple[int, ...]


class Graph(nn.Module):
    """Layers in order. Reads the blobs of the Input layers, gives those that no layer reads."""

    def __init__(
        self, layers: list[nn.Module], steps: tuple[Step, ...], inputs: tuple[int, ...], outputs: tuple[int, ...]
    ) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.steps, self.inputs, self.outputs = steps, inputs, outputs

    def forward(self, *inputs: Tensor) -> Tensor | tuple[Tensor, ...]:
        """(B, C, H, W) each; one output alone, or all of them."""
        blobs = dict(zip(self.inputs, inputs, strict=True))
        for layer, step in zip(self.layers, self.steps, strict=True):
            made = layer(*(blobs[i] for i in step.reads))
            blobs.update(zip(step.writes, made if isinstance(made, tuple) else (made,), strict=True))
            for i in step.last:
                del blobs[i]
        outputs = tuple(blobs[i] for i in self.outputs)
        return outputs[0] if len(outputs) == 1 else outputs


def read_network(param: Path, binary: Path) -> Graph:
    """The network of two files, in evaluation mode.

    Raises:
        ModelError: a file is missing, damaged or of another network, or has a layer that is not known.
    """
    layers, weights = read_layers(param), Weights(binary)
    modules: list[nn.Module] = []
    wires: list[tuple[tuple[int, ...], tuple[int, ...]]] = []
    numbers: dict[str, int] = {}
    inputs: list[int] = []
    for layer in layers:
        if layer.kind in SAME:
            _check_shape(layer, param)
            numbers.update(dict.fromkeys(layer.writes, numbers[layer.reads[0]]) if layer.reads else {})
            continue
        writes = tuple(range(len(numbers), len(numbers) + len(layer.writes)))
        reads = tuple(numbers[name] for name in layer.reads)
        numbers.update(zip(layer.writes, writes, strict=True))
        if layer.kind == "Input":
            inputs.extend(writes)
            continue
        modules.append(_built(layer, weights, param))
        wires.append((reads, writes))
    weights.finish()
    read = {name for layer in layers for name in layer.reads}
    outputs = dict.fromkeys(numbers[name] for layer in layers for name in layer.writes if name not in read)
    if not inputs or not modules or not outputs:
        raise ModelError(f"{param} is no network: it has no input, or no layers between that and an output")
    return Graph(modules, _steps(wires, set(outputs)), tuple(inputs), tuple(outputs)).eval().requires_grad_(False)


def _built(layer: Layer, weights: Weights, param: Path) -> nn.Module:
    if layer.kind not in BUILDERS:
        raise ModelError(f"{param}: {layer.error('is of a kind that is not supported here')}")
    _check_shape(layer, param)
    try:
        module = BUILDERS[layer.kind](layer, weights)
        layer.finish()
    except ModelError as error:
        raise ModelError(str(error) if str(weights.path) in str(error) else f"{param}: {error}") from None
    except (RuntimeError, ValueError, ArithmeticError) as error:  # torch's own checks of numbers that do not fit
        reason = " ".join(str(error).split())
        raise ModelError(f"{param}: {layer.error(f'cannot be built: {reason}')}") from error
    return module


def _check_shape(layer: Layer, param: Path) -> None:
    """ModelError: the layer reads or writes another number of blobs than its kind does."""
    count, kind = len(layer.reads), layer.kind
    least = 0 if kind == "MemoryData" else 1
    most = 0 if kind == "MemoryData" else 1 << 16 if kind in MANY else 2 if kind in PAIRS else 1
    if not least <= count <= most or not layer.writes or (len(layer.writes) > 1 and kind not in (*SAME, "Slice")):
        raise ModelError(f"{param}: {layer.error(f'reads {count} blobs and writes {len(layer.writes)}')}")


def _steps(wires: list[tuple[tuple[int, ...], tuple[int, ...]]], outputs: set[int]) -> tuple[Step, ...]:
    read_at = {i: at for at, (reads, _) in enumerate(wires) for i in reads}  # the last time
    return tuple(
        Step(reads, writes, tuple(sorted({i for i in reads if read_at[i] == at} - outputs)))
        for at, (reads, writes) in enumerate(wires)
    )
