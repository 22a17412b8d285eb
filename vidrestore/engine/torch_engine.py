"""torch, eager: the engine of a GPU, and on a CPU the fallback and the reference."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .base import Core, EngineName, Precision, as_tuple
from .layers import InFp32, OneKernel, channels_last, convolutions, inference_copy, last_convolutions, wrap
from .memory import available

DTYPES: dict[Precision, torch.dtype] = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True, slots=True)
class TorchEngine:
    """Eager torch, channels last; below fp32 under autocast, the last convolutions in fp32."""

    device: torch.device
    precision: Precision
    name: EngineName = "torch"

    def compile(self, core: nn.Module, example: tuple[Tensor, ...]) -> Core:
        """See Engine."""
        core = inference_copy(core)
        if self.precision != "fp32":
            core = wrap(core, last_convolutions(core, example), InFp32)
        if self.device.type == "cpu":
            core = wrap(core, convolutions(core), OneKernel)
        core = core.requires_grad_(False).to(self.device)
        dtype = DTYPES[self.precision]

        def run(*inputs: Tensor) -> tuple[Tensor, ...]:
            with torch.autocast(self.device.type, dtype, enabled=self.precision != "fp32"):
                return tuple(out.float() for out in as_tuple(core(*map(channels_last, inputs))))

        return run

    def free_memory(self) -> int:
        """See Engine."""
        if self.device.type == "cuda":
            cached = torch.cuda.memory_reserved(self.device) - torch.cuda.memory_allocated(self.device)
            return torch.cuda.mem_get_info(self.device)[0] + cached
        return available()

    def release(self) -> None:
        """See Engine."""
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
