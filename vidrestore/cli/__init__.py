"""The command line: the only place that prints or exits.

The commands are imported in `main`, behind the handlers of stop signals, and their heavy imports in the commands
themselves, so that `--help` is instant.
"""

import sys
from typing import TYPE_CHECKING, Any, NoReturn

from ..base import stop
from ..errors import VidrestoreError, exhaustion
from . import streams

if TYPE_CHECKING:
    from .program import app as app

LAST_WORDS = "vidrestore: interrupted twice; left at once, and unfinished files may lie beside the output as .part\n"
SHOW_CURSOR = "\x1b[?25h"
"""For a terminal whose cursor a progress bar has hidden."""


def __getattr__(name: str) -> Any:  # noqa: ANN401
    if name == "app":
        from .program import app

        return app
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def main() -> None:
    """The entry point of `vidrestore`."""
    streams.prepare()
    stop.listen(LAST_WORDS + SHOW_CURSOR if sys.stderr.isatty() else LAST_WORDS)
    try:
        from .program import app

        try:
            app()
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        raise SystemExit(1) from None
    except VidrestoreError as error:  # of stdout itself; the commands say their own
        _end(error)
    except OSError as error:
        if (lacking := exhaustion(error.errno, error.filename or "the system")) is None:
            raise
        _end(lacking)  # before any command was there to say it


def _end(error: VidrestoreError) -> NoReturn:
    print(f"vidrestore: {error}", file=sys.stderr)
    raise SystemExit(error.exit_code) from None
