"""OpenVINO: the engine of a CPU, several times faster than eager torch and needing no compiler."""

import os
from dataclasses import dataclass, field
from weakref import WeakSet

from ...base.openvino_plugins import plugins

# isort: split
import openvino as ov
import torch
from torch import Tensor, nn

from ...base.cache import cached
from ...base.memory import available, resident
from ...errors import NotCompiledError
from ...models.foreign.onnx import OnnxCore
from ..base import Core, EngineName, Precision
from .apart import REFUSED, compile_apart, is_ours
from .fingerprint import fingerprint
from .int8 import in_int8
from .layers import inference_copy
from .openvino_model import as_model, end_in_fp32, traced

HINTS: dict[Precision, str] = {"fp32": "f32", "bf16": "bf16"}


def has_bf16() -> bool:
    """Whether this CPU computes in bf16 itself."""
    return "BF16" in plugins().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


@dataclass(frozen=True, slots=True)
class OpenVinoEngine:
    """OpenVINO's CPU plugin with dynamic shapes."""

    precision: Precision
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    name: EngineName = "openvino"
    ways: int = 1
    compiled: "WeakSet[ov.CompiledModel]" = field(default_factory=WeakSet, compare=False)
    """Those in use, for `release`."""

    def compile(self, core: nn.Module, example: tuple[Tensor, ...]) -> Core:
        """See Engine.

        Raises:
            UsageError: int8 is asked for, and the network is not calibrated.
            NotCompiledError: OpenVINO cannot run this network.
        """
        core, plugin, precision = inference_copy(core).requires_grad_(False), plugins(), self.precision
        if precision == "int8":  # is in the model itself; the rest of it is computed in what is best here
            core, precision = in_int8(core), "bf16" if has_bf16() else "fp32"
        # Pinned to its core, each of OpenVINO's threads would wait for the encoder's thread that is there.
        hints: dict[str, str | bool | int] = {
            "INFERENCE_PRECISION_HINT": HINTS[precision],
            "PERFORMANCE_HINT": "LATENCY",
            "ENABLE_CPU_PINNING": False,
        }
        if (threads := os.environ.get("OMP_NUM_THREADS", "")).isdecimal():  # as torch has it
            hints["INFERENCE_NUM_THREADS"] = int(threads)
        machine = (
            plugin.get_property("CPU", "FULL_DEVICE_NAME"),
            plugin.get_property("CPU", "OPTIMIZATION_CAPABILITIES"),
        )
        shapes = [(tuple(x.shape), x.dtype) for x in example]
        key = fingerprint(core, ov.__version__, repr((hints, machine, shapes)))

        def make() -> bytes:
            if not is_ours(core):
                return compile_apart(core, example, hints)
            made: bytes = plugin.compile_model(_convert(core, example), "CPU", hints).export_model().getvalue()
            return made

        def content(*, anew: bool = False) -> bytes:
            if (found := cached(key, make, anew=anew)).startswith(REFUSED):
                raise _refusal(found.removeprefix(REFUSED).decode(errors="replace"))
            return found

        try:
            compiled = plugin.import_model(content(), "CPU", hints)
        except RuntimeError:  # a whole entry whose content is none of OpenVINO's
            compiled = plugin.import_model(content(anew=True), "CPU", hints)
        self.compiled.add(compiled)

        def run(*inputs: Tensor) -> tuple[Tensor, ...]:
            # Inputs are read where they are; outputs are copied, since the next call writes where they were.
            outputs = compiled([x.contiguous().numpy() for x in inputs], share_inputs=True, share_outputs=False)
            return tuple(torch.from_numpy(out) for out in outputs.to_tuple())

        return run

    def free_memory(self) -> int:
        """See Engine."""
        return available()

    def used_memory(self) -> int:
        """See Engine."""
        return resident()

    def release(self) -> None:
        """See Engine."""
        for model in self.compiled:
            model.release_memory()


def _convert(core: nn.Module, example: tuple[Tensor, ...]) -> ov.Model:
    if isinstance(core, OnnxCore):
        model = core.file.read()
        end_in_fp32(model)
        return model
    try:
        return as_model(traced(core, example), example)
    except NotCompiledError as error:
        raise _refusal(str(error)) from error


def _refusal(reason: str) -> NotCompiledError:
    return NotCompiledError(f"OpenVINO cannot run this network ({reason}): use --engine torch")
