"""Graphs: what a GPU does for inputs of one shape, recorded once and then started as a whole.

Otherwise the host starts a network layer by layer, and for small pictures that takes longer than computing them.
Recording follows PyTorch's notes on CUDA graphs: warmed up aside, on the stream that records; inputs and outputs stay
where they were in memory, so that what goes in is copied there and what comes out is copied away.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

Run = Callable[..., tuple[Tensor, ...]]
Shapes = tuple[torch.Size, ...]

MOST = 4
"""Shapes that are recorded; others are computed as they come."""
RECURRING = 3
"""Calls at which a shape is: what comes once or twice, such as the last batch, is not worth it."""
WARM_UP = 3
"""Runs before recording, in which libraries choose their kernels and take their own memory."""
LARGEST = 1 << 19
"""Pixels of the first input, batch included, beyond which a GPU is busy anyway and copying outputs only costs; not
measured."""


class Graphs:
    """`run` for shapes that come again and again, replayed; its outputs are never written again.

    Not for several threads at once.

    Args:
        run: tensors on `device` in and out: the same work for the same shapes, none of it waited for.
        device: a GPU.
    """

    def __init__(self, run: Run, device: torch.device) -> None:
        self._run, self._device = run, device
        self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self.clear()

    def clear(self) -> None:
        """Forget all that was recorded; the memory goes back to PyTorch's cache."""
        torch.cuda.synchronize(self._device)  # none may end while it runs
        self._graphs: dict[Shapes, _Graph] = {}
        self._calls: Counter[Shapes] = Counter()
        # Graphs that never run at once can share their memory. A pool whose graphs have all ended cannot be used again.
        self._pool = torch.cuda.graph_pool_handle()

    def __call__(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """As `run`."""
        shapes = tuple(x.shape for x in inputs)
        if shapes not in self._graphs:
            if len(self._graphs) == MOST or len(inputs[0]) * inputs[0].shape[-2:].numel() > LARGEST:
                return self._run(*inputs)
            self._calls[shapes] += 1
            if self._calls[shapes] < RECURRING:
                return self._run(*inputs)
            self._graphs[shapes] = self._recorded(inputs)
        return self._graphs[shapes](inputs)

    def _recorded(self, inputs: tuple[Tensor, ...]) -> "_Graph":
        held = tuple(x.clone() for x in inputs)
        graph, here = torch.cuda.CUDAGraph(), torch.cuda.current_stream(self._device)
        self._stream.wait_stream(here)
        with torch.cuda.stream(self._stream):
            for _ in range(WARM_UP):
                self._run(*held)
            # Other threads go on using the GPU meanwhile.
            recording = torch.cuda.graph(graph, self._pool, self._stream, capture_error_mode="thread_local")
            with _memory_errors_kept(), recording:
                made = self._run(*held)
        here.wait_stream(self._stream)
        return _Graph(graph, held, made)


@dataclass(frozen=True, slots=True)
class _Graph:
    graph: torch.cuda.CUDAGraph
    held: tuple[Tensor, ...]
    """Where it reads its inputs."""
    made: tuple[Tensor, ...]
    """Where it writes its outputs."""

    def __call__(self, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        for place, x in zip(self.held, inputs, strict=True):
            place.copy_(x)
        self.graph.replay()
        return tuple(out.clone() for out in self.made)


@contextmanager
def _memory_errors_kept() -> Iterator[None]:
    """Let an error of memory through as such: ending a recording that failed may fail in turn, in its own words."""
    try:
        yield
    except RuntimeError as error:
        if isinstance(error.__context__, torch.OutOfMemoryError):
            raise error.__context__ from None
        raise
