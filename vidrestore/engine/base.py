"""Engine: compiles a network's core and runs it."""

from collections.abc import Callable
from typing import Literal, Protocol

import torch
from torch import Tensor, nn

EngineName = Literal["torch", "openvino"]
Precision = Literal["fp32", "bf16", "fp16", "int8"]
"""Of the network's inner layers; its last layers and everything around them are in fp32."""

Core = Callable[..., tuple[Tensor, ...]]
"""A compiled core: fp32 tensors on the engine's device in, fp32 tensors on it out, of any batch and size."""


class Engine(Protocol):
    """Compiles the middle step of a processor; `prepare` and `finish` run in torch on `device`."""

    @property
    def name(self) -> EngineName: ...

    @property
    def device(self) -> torch.device: ...

    @property
    def precision(self) -> Precision: ...

    @property
    def ways(self) -> int:
        """Devices among which a batch is dealt; `device` is the first."""

    def compile(self, core: nn.Module, example: tuple[Tensor, ...]) -> Core:
        """Make `core` run here; `core` itself stays as it is.

        Args:
            example: inputs of `core`, on the CPU, of any size it takes: for tracing.
        """

    def free_memory(self) -> int:
        """Bytes that may still be taken."""

    def used_memory(self) -> int:
        """Bytes that this process holds of it."""

    def release(self) -> None:
        """Give back what is cached, after running out of memory."""


def as_tuple(out: Tensor | tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """What a core returns, always as a tuple."""
    return out if isinstance(out, tuple) else (out,)
