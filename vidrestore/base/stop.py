"""Stop signals (Ctrl-C, TERM, a closed terminal).

The first signal asks for a stop, which is raised as KeyboardInterrupt, but never between steps that belong together
(`held`). The second one ends the process at once, though not within such steps. Without `listen`, as in a library,
nothing here has an effect.
"""

import atexit
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))

_listening = False
_asked = 0
_at_once = False
"""Whether a stop is raised wherever the program is; else the next `check` raises it."""
_AGAIN = 0.05
"""Seconds."""
_steps = threading.RLock()
_depth = 0
"""How many `held` are around what is running."""


def listen(last_words: str = "") -> None:
    """Take over the stop signals for the rest of the process; one that is ignored (nohup) stays so.

    Only the main thread can call it. No stop is raised before the first `check`.

    Args:
        last_words: what stderr gets when a second signal ends the process.
    """
    global _listening
    if _listening:
        return
    _listening = True
    for number in SIGNALS:
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, _ask)
    atexit.register(_ignore)
    sys.unraisablehook = partial(_silent_about_stops, sys.unraisablehook)
    if os.name == "posix":
        signal.signal(signal.SIGALRM, lambda _, frame: _ask(_asked, frame))
        # Python runs handlers between its own instructions; a thread that reads the numbers hears them during C code.
        numbers, wakeup = os.pipe()
        os.set_blocking(wakeup, False)
        signal.set_wakeup_fd(wakeup, warn_on_full_buffer=False)
        os.register_at_fork(after_in_child=lambda: signal.set_wakeup_fd(-1))  # a child's signals are not ours
        threading.Thread(target=_leave_at_second, args=(numbers, last_words), name="stop", daemon=True).start()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)  # which __main__ has blocked


def asked() -> int:
    """The number of the signal that asked for a stop; 0: none has."""
    return _asked


def check() -> None:
    """Raise the stop that was asked for; from now on one is raised as soon as it is asked for. Not in `held` steps.

    Whatever works for long calls it again and again, since Python drops what is raised in a finalizer or a callback.

    Raises:
        KeyboardInterrupt: a stop was asked for.
    """
    global _at_once
    if _depth:
        return
    _at_once = True
    if _asked:
        _at_once = False
        raise KeyboardInterrupt


@contextmanager
def held() -> Iterator[None]:
    """Steps that no signal may split. A stop asked for during or after them is raised by the next `check`.

    So a command that has nothing left to check after its result got its name ends as if it had not been asked.
    """
    global _at_once, _depth
    if threading.current_thread() is not threading.main_thread():  # which signals do not reach, but for the second
        with _steps:
            yield
        return
    _at_once = False
    _depth += 1
    try:
        with _steps:
            yield
    finally:
        _depth -= 1


@contextmanager
def stoppable() -> Iterator[None]:
    """A stop is raised in here, and not after it."""
    global _at_once
    try:
        check()
        yield
    finally:
        _at_once = False


def _ask(number: int, frame: FrameType | None) -> None:
    global _asked, _at_once
    _asked = _asked or number
    if not _at_once:
        return
    if os.name == "posix" and _is_importing(frame):
        # What is raised in the imports of C++ libraries aborts the process: asked again a little later.
        signal.setitimer(signal.ITIMER_REAL, _AGAIN)
        return
    _at_once = False
    raise KeyboardInterrupt


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def _leave_at_second(numbers: int, last_words: str) -> None:
    heard = 0
    while heard < 2:
        number = os.read(numbers, 1)[0]
        heard += number in SIGNALS
    with _steps:
        with suppress(OSError):  # stderr is closed, or its reader gone
            os.write(2, last_words.encode())
        os._exit(128 + number)


def _silent_about_stops(say: "Callable[[UnraisableHookArgs], object]", dropped: "UnraisableHookArgs") -> None:
    """A stop that Python drops in a finalizer or a callback is no fault: the next `check` raises it."""
    if not isinstance(dropped.exc_value, KeyboardInterrupt):
        say(dropped)


def _ignore() -> None:
    """At the end of the process there is nothing left to stop, and Python's handlers are about to go."""
    if os.name == "posix":
        signal.set_wakeup_fd(-1)
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
    for number in SIGNALS:
        if signal.getsignal(number) is _ask:
            signal.signal(number, signal.SIG_IGN)
