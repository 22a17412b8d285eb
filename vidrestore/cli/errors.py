"""One line and an exit code for what users can meet; a traceback for what only we can have caused."""

import errno
import functools
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import ParamSpec, TypeVar

import typer

from ..errors import ResourceError, UsageError, VidrestoreError

INTERRUPTED = 130
REFUSALS = dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS, errno.ENAMETOOLONG), UsageError.exit_code) | {
    errno.ENOSPC: ResourceError.exit_code
}
"""What the system says of a path that a user gave, and the exit code; any other of its errors is a bug of ours."""

P = ParamSpec("P")
R = TypeVar("R")


_asked = threading.Event()
"""Whether the user wants the command to end."""


def _interrupt(signum: int, frame: FrameType | None) -> None:
    _asked.set()
    raise KeyboardInterrupt


def end_if_interrupted() -> None:
    """Raise the interrupt once more: Python drops one that it raises in a callback, such as an import's or C code's."""
    if _asked.is_set():
        raise KeyboardInterrupt


def shows_errors(command: Callable[P, R]) -> Callable[P, R]:
    """A command whose VidrestoreErrors end in one line on stderr and their exit code, and an interrupt in 130.

    So do a system's refusals of a path.
    """

    @functools.wraps(command)
    def shell(*args: P.args, **kwargs: P.kwargs) -> R:
        _asked.clear()
        # A terminated run must clean up like an interrupted one. Where an interrupt is ignored, it stays so.
        before = {signal.SIGTERM: signal.signal(signal.SIGTERM, _interrupt)}
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            before[signal.SIGINT] = signal.signal(signal.SIGINT, _interrupt)
        if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:  # its terminal is closed
            before[signal.SIGHUP] = signal.signal(signal.SIGHUP, _interrupt)
        try:
            return command(*args, **kwargs)
        except VidrestoreError as error:
            print(f"vidrestore: {error}", file=sys.stderr)
            raise typer.Exit(error.exit_code) from None
        except OSError as error:
            if error.errno not in REFUSALS:
                raise
            print(f"vidrestore: {error.filename}: {error.strerror}; give another path", file=sys.stderr)
            raise typer.Exit(REFUSALS[error.errno]) from None
        except KeyboardInterrupt as interrupt:
            print(f"vidrestore: interrupted; {str(interrupt) or 'nothing was written'}", file=sys.stderr)
            raise typer.Exit(INTERRUPTED) from None
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    return shell
