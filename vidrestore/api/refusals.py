"""What a system or a library says of memory, disks and paths, as errors of ours."""

from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import REFUSALS, ResourceError, UsageError, VidrestoreError, exhaustion


def known_error(error: Exception) -> VidrestoreError | None:
    """What to say of an error; None where it is a bug."""
    if isinstance(error, VidrestoreError):
        return error
    if isinstance(error, OSError):
        where = "the system" if error.filename is None else error.filename
        if (known := exhaustion(error.errno, where)) is not None:
            return known
        return UsageError(f"{where}: {error.strerror}; give another path") if error.errno in REFUSALS else None
    from ..base.memory import is_out_of_memory

    if isinstance(error, MemoryError) or is_out_of_memory(error):
        reason = f" ({str(error).strip().splitlines()[-1]})" if str(error).strip() else ""
        return ResourceError(f"out of memory{reason}; end other programs, or give smaller pictures")
    return None


@contextmanager
def known_errors() -> Iterator[None]:
    """Raise them as errors of ours; bugs come as they are."""
    try:
        yield
    except Exception as error:
        if (known := known_error(error)) is None or known is error:
            raise
        raise known from error
