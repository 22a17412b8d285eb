"""A network of torch as OpenVINO's model."""

import warnings

import openvino as ov
import openvino.opset13 as ops
import torch
from torch import Tensor, nn
from torch.jit._trace import TracerWarning

from ...errors import NotCompiledError

LARGEST = 3.0e38
"""Close to the largest fp32."""


def traced(core: nn.Module, example: tuple[Tensor, ...]) -> torch.jit.ScriptModule:
    """What a network does with tensors like these, for OpenVINO."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # torch.jit has a successor, which is slower to start
        warnings.simplefilter("ignore", TracerWarning)  # a size that became a constant is found by the larger picture
        # OpenVINO would trace by itself, and compute everything three times more to compare.
        found: torch.jit.ScriptModule = torch.jit.trace(core, example, check_trace=False)  # type: ignore[no-untyped-call]
        return found


def as_model(network: torch.jit.ScriptModule, example: tuple[Tensor, ...]) -> ov.Model:
    """A traced network as OpenVINO's. NotCompiledError: why it cannot be."""
    try:
        model = ov.convert_model(network, example_input=example)
    except ov.frontend.OpConversionFailure as error:
        raise NotCompiledError(str(error).strip().splitlines()[-1]) from error
    end_in_fp32(model)
    return model


def end_in_fp32(model: ov.Model) -> None:
    """Keep the outputs unrounded.

    The plugin stores every convolution's output in the hinted precision, the last one's too, but computes what
    follows the last one in fp32 and fuses it. So after a clamp that clamps nothing, the last sums leave in fp32.
    """
    for result in model.get_results():
        end = result.input(0)
        end.replace_source_output(ops.clamp(end.get_source_output(), -LARGEST, LARGEST).output(0))
    model.validate_nodes_and_infer_types()
