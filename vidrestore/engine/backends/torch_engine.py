"""torch, eager: the engine of a GPU, and on a CPU the fallback and the reference."""

import copy
from dataclasses import dataclass, field
from weakref import WeakSet

import torch
from torch import Tensor, nn

from ...base.memory import available, resident
from ..base import Core, EngineName, Precision, as_tuple
from .cuda_graph import Graphs
from .layers import InFp32, OneKernel, channels_last, convolutions, inference_copy, last_convolutions, wrap

DTYPES: dict[Precision, torch.dtype] = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True, slots=True)
class TorchEngine:
    """Eager torch, channels last; below fp32 under autocast, the last convolutions in fp32.

    With `others`, each takes its share of every batch; what goes in and comes out is on `device`. A GPU alone records
    what it does for small inputs that recur, and replays it.
    """

    device: torch.device
    precision: Precision
    name: EngineName = "torch"
    others: tuple[torch.device, ...] = ()
    graphs: "WeakSet[Graphs]" = field(default_factory=WeakSet, compare=False)
    """Those in use, for `release`."""

    @property
    def ways(self) -> int:
        """See Engine."""
        return 1 + len(self.others)

    def compile(self, core: nn.Module, example: tuple[Tensor, ...]) -> Core:
        """See Engine.

        Raises:
            ModelError: another runtime computes this network, and torch cannot.
        """
        in_torch = getattr(core, "in_torch", None)
        core = inference_copy(core if in_torch is None else in_torch(*example))
        if self.precision != "fp32":
            core = wrap(core, last_convolutions(core, example), InFp32)
        if self.device.type == "cpu":
            core = wrap(core, convolutions(core), OneKernel)
        core = core.requires_grad_(False)
        devices = (self.device, *self.others)
        cores = [core.to(self.device)] + [copy.deepcopy(core).to(device) for device in self.others]
        dtype = DTYPES[self.precision]

        def run(*inputs: Tensor) -> tuple[Tensor, ...]:
            shares = list(zip(*(x.chunk(self.ways) for x in inputs), strict=True))
            # Weights that autocast kept from one run would be gone when a recorded one is replayed.
            with torch.autocast(self.device.type, dtype, self.precision != "fp32", cache_enabled=False):
                # A GPU's work is only queued here, so that all work at once.
                made = [
                    as_tuple(own(*(channels_last(x.to(device, non_blocking=True)) for x in share)))
                    for own, device, share in zip(cores, devices, shares, strict=False)
                ]
            joined = (parts[0] if len(parts) == 1 else _joined(parts, self.device) for parts in zip(*made, strict=True))
            return tuple(out.float() for out in joined)

        # A foreign graph may read sizes out of tensors: the host waits for these, which cannot be recorded.
        if self.device.type != "cuda" or self.others or in_torch is not None:
            return run
        graphs = Graphs(run, self.device)
        self.graphs.add(graphs)
        return graphs

    def free_memory(self) -> int:
        """See Engine."""
        if self.device.type == "cuda":
            return self.ways * min(map(_free, (self.device, *self.others)))
        return available()

    def used_memory(self) -> int:
        """See Engine."""
        if self.device.type == "cuda":
            return sum(map(torch.cuda.memory_reserved, (self.device, *self.others)))
        return resident()

    def release(self) -> None:
        """See Engine."""
        if self.device.type == "cuda":
            for graphs in self.graphs:
                graphs.clear()
            torch.cuda.empty_cache()


def _joined(parts: tuple[Tensor, ...], device: torch.device) -> Tensor:
    return torch.cat([part.to(device, non_blocking=True) for part in parts])


def _free(device: torch.device) -> int:
    cached = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return torch.cuda.mem_get_info(device)[0] + cached
