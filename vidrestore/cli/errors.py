"""Errors of the user in one line with an exit code; our own with a traceback."""

import functools
import inspect
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn, ParamSpec, TypeVar, cast

import typer

from ..api.refusals import known_error
from ..base import stop
from ..base.text import visible
from ..errors import ReferencesError, UsageError, VidrestoreError
from .help import Group
from .show import say

WrongWords = cast(type[typer.BadParameter], typer.BadParameter.__mro__[1])
"""What typer raises where it can't take the words of a command line; it has no public name there."""

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
        except KeyboardInterrupt as interrupt:
            _interrupted(str(interrupt))
        except Exception as error:
            if stop.asked() and not isinstance(error, (VidrestoreError, MemoryError, OSError)):
                # pydantic, for one, makes an error of its own of a stop that comes in its callbacks
                _interrupted()
            follows = "follow_references" in inspect.signature(command).parameters
            if (known := user_error(error, follows=follows)) is None:
                raise
            say(f"vidrestore: {known}")
            raise typer.Exit(known.exit_code) from None

    return shell


def user_error(error: Exception, *, follows: bool) -> VidrestoreError | None:
    """What to say of an error, and its exit code; None where it is a bug.

    Args:
        follows: the command has --follow-references, a way out of some.
    """
    if isinstance(error, ReferencesError) and follows:
        return UsageError(f"{error}, or --follow-references")
    return known_error(error)


def _interrupted(said: str = "") -> NoReturn:
    say(f"vidrestore: interrupted; {said or 'nothing was written'}")
    raise typer.Exit(128 + (stop.asked() or signal.SIGINT)) from None


class Commands(Group):
    """Commands whose refusals of words show them as `visible` does."""

    def make_context(self, info_name: str | None, args: list[str], *rest: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        if any(not word or (word.startswith("--") and word.endswith("=")) for word in args):
            raise typer.BadParameter(
                "an empty word says nothing, and as a path it would be this folder; is $NAME unset?"
            )
        with _visible_words():
            return super().make_context(info_name, args, *rest, **kwargs)

    def invoke(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        with _visible_words():
            return super().invoke(*args, **kwargs)


@contextmanager
def _visible_words() -> Iterator[None]:
    try:
        yield
    except WrongWords as error:
        error.message = "\n".join(map(visible, error.message.split("\n")))
        raise
