"""ONNX files as a Processor. OpenVINO reads them, and computes them on the CPU; torch takes them from onnx_torch.py."""

import hashlib
import math
import re
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path

import torch
from torch import Tensor, nn

from ...base.openvino_plugins import plugins

# isort: split
import openvino as ov
from openvino.preprocess import PrePostProcessor

from ...errors import ModelError
from .network import ForeignNetwork
from .probe import as_processor

LARGEST = 2 << 30
"""Bytes that such a file can have."""
WIDEST = 1 << 18
"""Bytes that torch is given for each pixel; ordinary networks take a hundredth of it."""


@dataclass(frozen=True)
class OnnxFile:
    """A network that OpenVINO can read. Files beside it, which it may name, are not opened."""

    digest: str
    content: bytes = field(repr=False, compare=False)

    def read(self) -> ov.Model:
        """What it holds, for pictures of any size; in and out are fp32. RuntimeError: it holds no such network."""
        types = PrePostProcessor(plugins().read_model(self.content))
        types.input().tensor().set_element_type(ov.Type.f32)
        types.output().tensor().set_element_type(ov.Type.f32)
        model = types.build()
        model.reshape(ov.PartialShape([-1, 3, -1, -1]))  # many say the size that they were written at
        return model


class OnnxCore(nn.Module):
    """Such a network as a module, computed by OpenVINO on the CPU; engines take what is theirs out of it."""

    def __init__(self, file: OnnxFile) -> None:
        super().__init__()
        self.file = file

    def forward(self, x: Tensor) -> Tensor:
        """(B, 3, H, W) -> (B, 3, scale*H, scale*W). ModelError: it is on a GPU."""
        if x.device.type != "cpu":
            raise ModelError("networks of .onnx are computed on the CPU; give --device cpu")
        _held = _scratch(self.file, x)  # which is counted where memory is measured
        run = _compiled(self.file, "bf16" if torch.is_autocast_enabled("cpu") else "f32")
        return torch.from_numpy(run([x.float().contiguous().numpy()], share_outputs=False)[0])

    def in_torch(self, example: Tensor) -> nn.Module:
        """The same network in layers of torch, in fp32; see Processor.

        Raises:
            ModelError: torch lacks a part of it, or computes something else of `example`.
        """
        from .onnx_torch import in_torch  # 1 s

        try:
            if (width := _bytes_per_pixel(self.file)) > WIDEST:
                raise ModelError(f"takes {width:.0f} bytes for a pixel; torch is given {WIDEST} at most")
            return in_torch(self.file.content, LARGEST, example, self(example))
        except ModelError as error:
            raise ModelError(f"the network of .onnx {error}; or give --engine openvino") from error


@lru_cache(maxsize=4)
def _compiled(file: OnnxFile, precision: str) -> ov.CompiledModel:
    return plugins().compile_model(file.read(), "CPU", {"INFERENCE_PRECISION_HINT": precision})


def _scratch(file: OnnxFile, x: Tensor) -> Tensor:
    """Memory of the size that the layers take, untouched."""
    pixels = len(x) * x.shape[-2] * x.shape[-1]
    return torch.empty(int(_bytes_per_pixel(file) * pixels), dtype=torch.uint8)


@lru_cache(maxsize=4)
def _bytes_per_pixel(file: OnnxFile, side: int = 192) -> float:
    """Three times the largest that a layer makes: what it reads, what it makes, and what skips it."""
    model = file.read()
    model.reshape(ov.PartialShape([1, 3, side, side]))
    layers = [layer for layer in model.get_ordered_ops() if layer.get_input_size()]
    shapes = [out.partial_shape for layer in layers for out in layer.outputs()]
    return float(3 * 4 * max(math.prod(shape.to_shape()) for shape in shapes if shape.is_static) / side**2)


def open_onnx(path: Path) -> ForeignNetwork:
    """The network of an .onnx file.

    Raises:
        ModelError: it is missing or damaged, or it is no network that makes one RGB picture of one.
    """
    if (size := path.stat().st_size) > LARGEST:
        raise ModelError(f"{path} has {size} bytes; a file of ONNX has {LARGEST} at most")
    content = path.read_bytes()
    file = OnnxFile(hashlib.sha256(content).hexdigest(), content)
    try:
        model = plugins().read_model(content)
    except RuntimeError as error:
        raise ModelError(_unreadable(path, str(error))) from error
    try:
        _check_ends(model)
        return as_processor(OnnxCore(file), partial(_shape, model), file=file.digest)
    except ModelError as error:
        raise ModelError(f"the network of {path} {error}") from error


def _unreadable(path: Path, reason: str) -> str:
    """OpenVINO's words are long, and name files of its own."""
    if unknown := re.search(r"No conversion rule found for operations: ([\w\-, .]+)", reason):
        return f"{path} has operations that OpenVINO does not know: {unknown[1].strip()}"
    if any(words in reason for words in ("Unable to read the model", "be parsed", "Error during import of ONNX model")):
        return f"{path} is damaged, or no file of ONNX"
    said = [line for line in reason.splitlines() if line.strip() and not line.startswith(("Exception from", "Check '"))]
    return f"{path} cannot be read: {' '.join(' '.join(said).split())[:200]}"


def _check_ends(model: ov.Model) -> None:
    if (counts := (len(model.inputs), len(model.outputs))) != (1, 1):
        raise ModelError(f"reads {counts[0]} and makes {counts[1]} pictures or other things: it is for another task")
    end = model.input(0)
    if not end.element_type.is_real():
        raise ModelError(f"reads numbers of {end.element_type.get_type_name()}; networks of RGB in [0, 1] run here")
    shape = end.partial_shape
    if shape.rank.is_static and len(shape) != 4:
        raise ModelError("reads no picture: it is for another task")
    if shape.rank.is_static and shape[1].is_static and (channels := shape[1].get_length()) != 3:
        raise ModelError(f"sees {channels} channel{'s' * (channels > 1)}; networks that see RGB pictures run here")


def _shape(model: ov.Model, height: int, width: int) -> tuple[int, ...]:
    """See probe.Sizes. Two pictures at once must be no other than one."""
    trial = model.clone()
    try:
        trial.reshape(ov.PartialShape([2, 3, height, width]))
        return tuple(trial.output(0).partial_shape.to_shape())
    except RuntimeError as error:
        reason = " ".join(str(error).split())[-200:]
        raise ModelError(f"does not take pictures of {width}x{height} pixels: {reason}") from error
