"""prefetch(): runs the decoder, the stages and the encoder in threads of their own."""

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from typing import Generic, TypeVar

T = TypeVar("T")

AHEAD = 4
"""Frames that may lie ready in a thread's queue: enough that neither side waits for a slow one, and little memory."""

PATIENCE = 0.1
"""Seconds for which a thread waits for room before it looks whether anybody is there to make some."""


@dataclass(frozen=True, slots=True)
class _Item(Generic[T]):
    value: T


@dataclass(frozen=True, slots=True)
class _End:
    error: BaseException | None = None
    closing: bool = False
    """The error came from closing the source, not from its items."""


def prefetch(items: Iterable[T], *, depth: int = AHEAD) -> "Ahead[T]":
    """The same items in the same order, taken from `items` by a thread that runs up to `depth` items ahead.

    An error of the source is raised here, after the items before it. Leaving early (`close()`, or an exception in the
    consumer's `with closing(...)`) stops the thread, which is joined. So does the end of the thread that takes them,
    since a stop may come where nobody closes. The source is iterated, and closed where it can be, in the thread alone.
    An error that lies in items nobody asked for is not raised; one of closing is.

    Raises:
        ValueError: depth < 1.
    """
    if depth < 1:
        raise ValueError(f"{depth = } must be at least 1")
    return Ahead(items, depth)


class Ahead(Iterator[T]):
    """What `prefetch` gives. No generator: a stop may have it closed while another thread waits for its next item."""

    def __init__(self, items: Iterable[T], depth: int) -> None:
        self._items = items
        self._ready: SimpleQueue[_Item[T] | _End] = SimpleQueue()
        self._free = threading.Semaphore(depth)
        self._left = threading.Event()
        self._thread: threading.Thread | None = None
        self._closed = False

    def __next__(self) -> T:
        """The next item; raises as the source does."""
        if self._closed:
            raise StopIteration
        if self._thread is None:
            has_room = partial(_has_room, self._free, self._left, threading.current_thread())
            arguments = (self._items, self._ready, has_room)
            self._thread = threading.Thread(target=_produce, args=arguments, name="prefetch")
            self._thread.start()
        got = self._ready.get()
        if isinstance(got, _Item):
            self._free.release()
            return got.value
        self._ready.put(got)  # for `close`, and for whoever else waits
        self.close()
        raise StopIteration if got.error is None else got.error

    def close(self) -> None:
        """Stop the thread and wait for it. Raises what closing the source does."""
        self._left.set()
        self._free.release()  # wakes a producer that waits for room
        if self._closed or self._thread is None or self._thread.ident is None:  # None: a stop came as it was started
            return
        self._closed = True
        self._thread.join()
        while isinstance(end := self._ready.get(), _Item):
            pass
        self._ready.put(end)
        if end.error is not None and end.closing:
            raise end.error


def _has_room(free: threading.Semaphore, left: threading.Event, consumer: threading.Thread) -> bool:
    """Wait for room; False: nobody takes any more."""
    while not free.acquire(timeout=PATIENCE):
        if not consumer.is_alive():
            return False
    return not left.is_set()


def _produce(items: Iterable[T], ready: "SimpleQueue[_Item[T] | _End]", has_room: Callable[[], bool]) -> None:
    end = _End()
    source: Iterator[T] | None = None
    try:
        source = iter(items)
        for item in source:
            if not has_room():
                break
            ready.put(_Item(item))
    except BaseException as error:  # carried over: the consumer raises it
        end = _End(error)
    try:
        close = getattr(source, "close", None)
        if close is not None:
            close()
    except BaseException as error:
        end = _End(error, closing=True)
    ready.put(end)
