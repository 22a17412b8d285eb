"""keep_memory(): glibc keeps what is freed, which spares torch on a CPU many page faults."""

import ctypes
import sys

# glibc's malloc.h: parameter and value.
_KEEP = {
    -4: 0,  # M_MMAP_MAX: large blocks come from the heap too
    -1: 2**31 - 1,  # M_TRIM_THRESHOLD: never give the top of the heap back
    -2: 256 << 20,  # M_TOP_PAD: bytes the heap grows by beyond what is asked
    -8: 1,  # M_ARENA_MAX: other threads use the main heap; their own would still be given back
}


def keep_memory() -> bool:
    """Tell glibc to keep what is freed; call it once, when the process starts. False where there is no glibc.

    torch takes the memory of every layer's output anew for every picture; by default each block goes back to the
    system in between and is faulted in page by page again, which costs as much as the convolutions themselves.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and all(mallopt(parameter, value) == 1 for parameter, value in _KEEP.items())
