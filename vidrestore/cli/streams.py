"""stdout and stderr that may be closed, full, or without a reader."""

import errno
import io
import os
import sys

from ..errors import ResourceError, VidrestoreError


class Messages(io.TextIOWrapper):
    """stderr: what cannot be written there is dropped, and changes nothing in how a command ends."""

    def write(self, text: str) -> int:
        try:
            return super().write(text)
        except OSError:
            _discard(2)  # what is buffered goes there, too
            return len(text)

    def flush(self) -> None:
        try:
            super().flush()
        except OSError:
            _discard(2)


class Results(io.TextIOWrapper):
    """stdout: what cannot be written there is an error in one line, but for a reader that has seen enough."""

    _lost: Exception | None = None
    """Raised by every later `write`, too: a library may only have tried what the stream can do."""

    def write(self, text: str) -> int:
        if self._lost is not None:
            raise self._lost
        try:
            return super().write(text)
        except OSError as error:
            raise self._lose(error) from None

    def flush(self) -> None:
        try:
            super().flush()
        except OSError as error:
            raise self._lose(error) from None

    def _lose(self, error: OSError) -> Exception:
        _discard(1)  # or Python tries once more at its end
        kind = ResourceError if error.errno == errno.ENOSPC else VidrestoreError
        said = kind(f"standard output cannot be written: {error.strerror}")
        self._lost = error if error.errno == errno.EPIPE else said
        return self._lost


def prepare() -> None:
    """Make stdout and stderr such streams; those that the shell has closed (`2>&-`) are opened first."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # Or the next file opened would take its number. Nothing can be written to a closed stdout: whoever reads
            # results must not take none for success.
            os.open(os.devnull, os.O_WRONLY if number == 2 else os.O_RDONLY)
    for name, kind, number in (("stdout", Results, 1), ("stderr", Messages, 2)):
        there = getattr(sys, name) or io.TextIOWrapper(open(number, "wb", closefd=False))  # noqa: SIM115
        # backslashreplace: a terminal may know plain ASCII alone.
        lines, at_once = there.line_buffering, there.write_through
        stream = kind(there.detach(), there.encoding, "backslashreplace", None, lines, at_once)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def _discard(number: int) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    os.close(nowhere)
