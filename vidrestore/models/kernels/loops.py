"""Shared by the numba kernels for a CPU: arrays without a copy, and compiled code kept on disk."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numba
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Array = NDArray[np.float32]
Kernel = TypeVar("Kernel", bound=Callable[..., Any])
BAND = 32
"""Rows a thread takes at once: they and the few around them, which are computed twice, stay in the cache."""


def as_array(x: Tensor) -> Array:
    """The numbers of `x` in C order; its own memory where they lie so."""
    array: Array = x.detach().contiguous().numpy()
    return array


def compiled(**options: object) -> Callable[[Kernel], Kernel]:
    """Numba's njit with `options`, without the GIL, its code kept on disk where there is a place to keep it."""

    def decorated(function: Kernel) -> Kernel:
        try:
            kernel: Kernel = numba.njit(nogil=True, cache=True, **options)(function)
        except RuntimeError:
            kernel = numba.njit(nogil=True, **options)(function)
        return kernel

    return decorated


def over_bands(pool: ThreadPoolExecutor, kernel: Callable[..., None], arguments: list[Any]) -> None:
    """`kernel(*arguments, b, n, top, bottom)` for all rows of all pictures of arguments[0], (B, N, H, W)."""
    batch, count, height, _ = arguments[0].shape
    tops = range(0, height, BAND)
    todo = iter([(b, n, top, min(top + BAND, height)) for b in range(batch) for n in range(count) for top in tops])

    def work(_: int) -> None:
        for band in todo:  # each goes to whoever comes first
            kernel(*arguments, *band)

    for _ in pool.map(work, range(torch.get_num_threads())):  # raises what a thread raised
        pass
