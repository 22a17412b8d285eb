"""Errors of the user in one line with an exit code; our own with a traceback."""

import functools
import inspect
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn, ParamSpec, TypeVar, cast

import typer

from ..base import stop
from ..base.text import visible
from ..errors import REFUSALS, ReferencesError, ResourceError, UsageError, VidrestoreError, exhaustion
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
        except VidrestoreError as error:
            say(f"vidrestore: {error}{_option(command, error)}")
            raise typer.Exit(error.exit_code) from None
        except MemoryError as error:
            _out_of_memory(error)
        except OSError as error:
            where = "the system" if error.filename is None else error.filename
            known: VidrestoreError | None = exhaustion(error.errno, where)
            if known is None and error.errno in REFUSALS:
                known = UsageError(f"{where}: {error.strerror}; give another path")
            if known is None:
                raise
            say(f"vidrestore: {known}")
            raise typer.Exit(known.exit_code) from None
        except KeyboardInterrupt as interrupt:
            _interrupted(str(interrupt))
        except Exception as error:
            if stop.asked():  # pydantic, for one, makes an error of its own of a stop that comes in its callbacks
                _interrupted()
            from ..base.memory import is_out_of_memory

            if not is_out_of_memory(error):
                raise
            _out_of_memory(error)

    return shell


def _option(command: Callable[..., object], error: VidrestoreError) -> str:
    """The way out that an option of this command gives, where it has it."""
    has = isinstance(error, ReferencesError) and "follow_references" in inspect.signature(command).parameters
    return ", or --follow-references" if has else ""


def _interrupted(said: str = "") -> NoReturn:
    say(f"vidrestore: interrupted; {said or 'nothing was written'}")
    raise typer.Exit(128 + (stop.asked() or signal.SIGINT)) from None


def _out_of_memory(error: Exception) -> NoReturn:
    reason = f" ({str(error).strip().splitlines()[-1]})" if str(error).strip() else ""
    say(f"vidrestore: out of memory{reason}; end other programs, or give smaller pictures")
    raise typer.Exit(ResourceError.exit_code) from None


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
