"""One line and an exit code for what users can meet; a traceback for what only we can have caused."""

import functools
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import ParamSpec, TypeVar

import typer

from ..errors import VidrestoreError

INTERRUPTED = 130

P = ParamSpec("P")
R = TypeVar("R")


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def shows_errors(command: Callable[P, R]) -> Callable[P, R]:
    """A command whose VidrestoreErrors end in one line on stderr and their exit code, and an interrupt in 130."""

    @functools.wraps(command)
    def shell(*args: P.args, **kwargs: P.kwargs) -> R:
        # A terminated run must clean up like an interrupted one.
        before = signal.signal(signal.SIGTERM, _interrupt)
        try:
            return command(*args, **kwargs)
        except VidrestoreError as error:
            print(f"vidrestore: {error}", file=sys.stderr)
            raise typer.Exit(error.exit_code) from None
        except KeyboardInterrupt:
            print("vidrestore: interrupted; nothing was written", file=sys.stderr)
            raise typer.Exit(INTERRUPTED) from None
        finally:
            signal.signal(signal.SIGTERM, before)

    return shell
