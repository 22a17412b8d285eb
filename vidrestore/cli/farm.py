"""Workers for a command, where --workers or --cluster asks for some."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import cache
from threading import current_thread, main_thread
from typing import TYPE_CHECKING

from ..errors import UsageError
from .options import Restoring

if TYPE_CHECKING:
    from ..restoration.resume.farm.crew import Crew

Workers = Callable[[], "Crew | None"]
"""Gives the workers, started the first time; None: this process does all itself."""


def nobody() -> None:
    """No workers."""


@contextmanager
def workers_of(options: Restoring) -> Iterator[Workers]:
    """The workers that these options ask for, gone with this.

    Raises:
        UsageError: Ray is not installed, or the words are wrong.
    """
    farm, device = options.farm, options.compute.device
    if not farm.asked:
        if farm.shared:
            raise UsageError(
                "--shared is for the machines of a cluster; give --cluster auto or ray://HOST:PORT with it"
            )
        yield nobody
        return
    from ..restoration.resume.farm.ray.cluster import LOCAL, check_words, workers

    address = farm.cluster or LOCAL
    check_words(address, farm.workers, device)
    with ThreadPoolExecutor(1) as starter, ExitStack() as stack:

        @cache
        def started() -> "Crew":
            return stack.enter_context(workers(address, number=farm.workers, device=device, shared=farm.shared))

        def start() -> "Crew":
            if current_thread() is main_thread():
                return started()
            # Ray's processes are killed with the thread that has started them, and those of files end before Ray does.
            return starter.submit(started).result()

        yield start
