"""A graph of ONNX as a module of torch, by the library onnx2torch. Nothing that the file says becomes code."""

import warnings
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from ...errors import ModelError
from .library import onnx2torch

WRONG = (
    *(RuntimeError, NotImplementedError, AssertionError, ValueError, TypeError),
    *(LookupError, AttributeError, ArithmeticError),
)
"""What the library, and onnx below it, fail with on graphs that they do not know, or that contradict themselves."""


CLOSE = 1e-3
"""White is 1. In fp32 two runtimes that compute the same differ by a hundredth of it."""


def in_torch(content: bytes, most: int, example: Tensor, expected: Tensor) -> nn.Module:
    """The network of a file, in fp32, on the CPU.

    Args:
        most: bytes of weights that the module may hold.
        example: (B, 3, H, W), a picture that the network takes.
        expected: what another runtime makes of it.

    Raises:
        ModelError: the library is not installed, does not know an operation, or makes something else; the weights lie
            in other files, or are more than `most`.
    """
    convert = onnx2torch().convert
    import onnx  # which onnx2torch needs

    try:
        model = onnx.load_model_from_string(content)
        _check_weights(model, most)
        _make_safe(model, onnx.TensorProto)
        with torch.random.fork_rng(devices=[]), warnings.catch_warnings():  # layers start at random
            warnings.simplefilter("ignore")  # of what may differ, which is compared below
            graph: Any = convert(model)
        graph.graph.eliminate_dead_code()
        graph.recompile()
        module: nn.Module = graph.float().eval().requires_grad_(False)
        with torch.inference_mode():
            made = module(example)
            alike = made.shape == expected.shape and bool(((made - expected).abs() < CLOSE).all())
    except WRONG as error:
        raise ModelError(f"does not run in torch ({' '.join(str(error).split())[:160]})") from error
    if not alike:
        raise ModelError("makes another picture in torch than in OpenVINO")
    return module


def _check_weights(model: Any, most: int) -> None:  # noqa: ANN401
    """The library would open files that tensors name, and copies a tensor each time that a layer reads it."""
    tensors = [each for each in _messages(model) if each.DESCRIPTOR.name == "TensorProto"]
    if any(tensor.data_location or tensor.external_data for tensor in tensors):
        raise ModelError("has weights in other files, which are not opened")
    sizes = {tensor.name: tensor.ByteSize() for tensor in model.graph.initializer}
    size = sum(sizes.get(name, 0) for node in model.graph.node for name in node.input)
    if size > most:
        raise ModelError(f"would take {size} bytes for weights in torch; {most} are allowed")


def _messages(message: Any) -> Iterator[Any]:  # noqa: ANN401
    """It, and all that it holds at any depth; protobuf reads a hundred levels at most."""
    yield message
    for field, value in message.ListFields():
        if field.message_type is not None:
            for each in [value] if hasattr(value, "ListFields") else value:
                yield from _messages(each)


def _make_safe(model: Any, types: Any) -> None:  # noqa: ANN401
    """Name the layers anew, and compute in fp32 throughout.

    The library names modules as the file names layers, and torch.fx writes these names into code that it runs.
    """
    for index, node in enumerate(model.graph.node):
        if node.domain not in ("", "ai.onnx"):
            raise ModelError(f"has an operation that torch does not know: {node.domain[:40]}.{node.op_type[:40]}")
        node.domain, node.name = "", f"layer{index}"
        for attribute in node.attribute:
            if node.op_type == "Cast" and attribute.i in (types.FLOAT16, types.BFLOAT16, types.DOUBLE):
                attribute.i = types.FLOAT
    del model.functions[:]  # which the library leaves out; onnx would follow those that call themselves
