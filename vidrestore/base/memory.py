"""Main memory: how much is free, whether a step fits, whether an error means that it ran out."""

from pathlib import Path

import psutil

from ..errors import ResourceError

_OUT_OF_MEMORY = (
    "out of memory",  # CUDA
    "can't allocate memory",  # torch on Linux
    "not enough memory",  # torch on Windows
    "failed to allocate",  # OpenVINO
    "bad_alloc",
    "bad allocation",
)


_ways = 1


def share_among(ways: int) -> None:
    """For the rest of this process: what is free is shared with others like it, `ways` with this one."""
    global _ways
    _ways = ways


def available() -> int:
    """Bytes of main memory that can be had without swapping, within the limit of the container, if there is one.

    Where others like this process run beside it, its share of them.
    """
    free = int(psutil.virtual_memory().available)
    limit, used = Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")
    if limit.exists() and used.exists() and (most := limit.read_text().strip()) != "max":
        free = min(free, int(most) - int(used.read_text()))
    return max(free, 0) // _ways


def resident() -> int:
    """Bytes of main memory that this process holds."""
    return int(psutil.Process().memory_info().rss)


def check_fits(amount: int, what: str) -> None:
    """ResourceError: `amount` bytes, which `what` takes, are more than can be had now."""
    if amount > (free := available()):
        raise ResourceError(
            f"{what} takes {mib(amount)} of memory, and {mib(free)} are free; end other programs, or make it smaller"
        )


def mib(amount: int) -> str:
    """Bytes as a message shows them."""
    return f"{-(-amount >> 20)} MiB"


def is_out_of_memory(error: BaseException) -> bool:
    """Whether `error` says so, in the words of any of the libraries below us."""
    if isinstance(error, MemoryError):
        return True
    if type(error).__module__ == "cv2":
        return getattr(error, "code", None) == _OPENCV_NO_MEMORY
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in _OUT_OF_MEMORY)


_OPENCV_NO_MEMORY = -4
"""cv2.Error.StsNoMem."""
