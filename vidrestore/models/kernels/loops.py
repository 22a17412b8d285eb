"""Shared by the numba kernels for a CPU: arrays without a copy, and compiled code kept on disk."""

from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

Array = NDArray[np.float32]
Kernel = TypeVar("Kernel", bound=Callable[..., Any])


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
