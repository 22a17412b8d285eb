import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from vidrestore.base.prefetch import prefetch

pytestmark = pytest.mark.timeout(20)


@pytest.fixture(autouse=True)
def _no_thread_stays() -> Iterator[None]:
    before = threading.active_count()
    yield
    assert threading.active_count() == before


class Source:
    """Counts up; knows who asked and who closed it."""

    def __init__(self, n: int = 1000, fails_at: int | None = None, fails_to_close: bool = False):
        self.n, self.fails_at, self.fails_to_close = n, fails_at, fails_to_close
        self.given = 0
        self.threads: set[int] = set()
        self.closed_by: int | None = None

    def __iter__(self) -> Iterator[int]:
        return self

    def __next__(self) -> int:
        self.threads.add(threading.get_ident())
        if self.given == self.fails_at:
            raise OSError("broken")
        if self.given == self.n:
            raise StopIteration
        self.given += 1
        return self.given - 1

    def close(self) -> None:
        self.closed_by = threading.get_ident()
        if self.fails_to_close:
            raise OSError("cannot close")


@pytest.mark.parametrize("depth", [1, 2, 7, 100])
@pytest.mark.parametrize("n", [0, 1, 50])
def test_order_is_kept(n: int, depth: int):
    source = Source(n)
    assert list(prefetch(source, depth=depth)) == list(range(n))
    assert source.threads == {source.closed_by} != {threading.get_ident()}


def test_plain_iterables_will_do():
    assert list(prefetch([1, None, 3], depth=2)) == [1, None, 3]


@pytest.mark.parametrize("depth", [1, 3])
def test_runs_ahead_by_depth_and_no_more(depth: int):
    source = Source()
    with closing(prefetch(source, depth=depth)) as items:
        assert next(items) == 0
        deadline = time.monotonic() + 5
        while source.given < depth + 2 and time.monotonic() < deadline:
            time.sleep(0.001)
        time.sleep(0.05)
        # One item is with the consumer, `depth` wait, and the thread holds one more.
        assert source.given == depth + 2


def test_an_error_of_the_source_comes_after_its_items():
    source = Source(fails_at=3)
    got = []
    with pytest.raises(OSError, match="broken"):
        for item in prefetch(source, depth=2):
            got.append(item)
    assert got == [0, 1, 2]
    assert source.closed_by in source.threads


def test_an_error_before_the_first_item():
    with pytest.raises(OSError, match="broken"):
        next(prefetch(Source(fails_at=0), depth=2))


def test_something_not_iterable():
    with pytest.raises(TypeError):
        next(prefetch(5, depth=2))


@pytest.mark.parametrize("after", [1, 5])
def test_a_consumer_that_leaves_early(after: int):
    source = Source()
    with closing(prefetch(source, depth=3)) as items:
        for _ in range(after):
            next(items)
    assert source.closed_by in source.threads
    assert source.given <= after + 4


def test_a_consumer_that_raises():
    source = Source()
    with pytest.raises(KeyError), closing(prefetch(source, depth=3)) as items:
        for _ in items:
            raise KeyError
    assert source.closed_by in source.threads


def test_an_error_nobody_asked_for_is_not_raised():
    source = Source(fails_at=2)
    with closing(prefetch(source, depth=3)) as items:
        next(items)
        time.sleep(0.05)
    assert source.closed_by in source.threads


@pytest.mark.parametrize("early", [False, True])
def test_an_error_of_closing_is_raised(early: bool):
    items = prefetch(Source(n=5, fails_to_close=True), depth=2)
    next(items)
    with pytest.raises(OSError, match="cannot close"):
        items.close() if early else list(items)


def test_a_generator_is_closed_in_its_own_thread():
    seen = []

    def source() -> Iterator[int]:
        try:
            while True:
                yield threading.get_ident()
        finally:
            seen.append(threading.get_ident())

    with closing(prefetch(source(), depth=1)) as items:
        assert next(items) != threading.get_ident()
        thread = next(items)
    assert seen == [thread]


def test_two_in_a_row():
    inner = Source(20)
    assert list(prefetch(prefetch(inner, depth=2), depth=2)) == list(range(20))
    outer = prefetch(prefetch(Source(), depth=2), depth=2)
    next(outer)
    outer.close()


def test_one_may_be_closed_while_another_thread_waits_for_its_next() -> None:
    """So it is where a stop comes before the inner of two has been entered."""
    go = threading.Event()

    def source() -> Iterator[int]:
        yield 1
        go.wait()
        yield 2

    outer = prefetch(source(), depth=2)
    inner = prefetch(outer, depth=2)
    assert next(inner) == 1
    threading.Timer(0.1, go.set).start()
    outer.close()
    assert list(inner) == []
    inner.close()
    outer.close()


def test_depth_is_checked_at_the_call():
    with pytest.raises(ValueError, match="depth = 0"):
        prefetch([1], depth=0)


LEFT = """
from vidrestore.base.prefetch import prefetch

class Source:
    def __iter__(self):
        try:
            yield from range(1000)
        finally:
            print("closed")

taken = prefetch(Source().__iter__())
print(next(taken))
"""


def test_one_that_nobody_closes_does_not_keep_the_program() -> None:
    done = subprocess.run([sys.executable, "-c", LEFT], capture_output=True, text=True, timeout=15)
    assert (done.returncode, done.stdout, done.stderr) == (0, "0\nclosed\n", "")
