"""One line and an exit code for what users can meet; a traceback for what only we can have caused."""

import errno
import functools
import signal
import sys
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import typer

from .. import stop
from ..errors import ResourceError, UsageError, VidrestoreError

REFUSALS = dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS, errno.ENAMETOOLONG), UsageError.exit_code) | {
    errno.ENOSPC: ResourceError.exit_code
}
"""What the system says of a path that a user gave, and the exit code; any other of its errors is a bug of ours."""

P = ParamSpec("P")
R = TypeVar("R")


def shows_errors(command: Callable[P, R]) -> Callable[P, R]:
    """A command whose VidrestoreErrors end in one line on stderr and their exit code, and a stop in 128 + its signal.

    So do a system's refusals of a path.
    """

    @functools.wraps(command)
    def shell(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            with stop.stoppable():
                return command(*args, **kwargs)
        except VidrestoreError as error:
            print(f"vidrestore: {error}", file=sys.stderr)
            raise typer.Exit(error.exit_code) from None
        except OSError as error:
            if error.errno not in REFUSALS:
                raise
            where = "" if error.filename is None else f"{error.filename}: "
            way_out = "free some space" if error.errno == errno.ENOSPC else "give another path"
            print(f"vidrestore: {where}{error.strerror}; {way_out}", file=sys.stderr)
            raise typer.Exit(REFUSALS[error.errno]) from None
        except KeyboardInterrupt as interrupt:
            print(f"vidrestore: interrupted; {str(interrupt) or 'nothing was written'}", file=sys.stderr)
            raise typer.Exit(128 + (stop.asked() or signal.SIGINT)) from None

    return shell
