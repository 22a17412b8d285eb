"""Which piece goes to whom."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from vidrestore.restoration.resume.farm.queue import TRIES, Queue


def test_workers_go_on_where_they_are() -> None:
    queue = Queue.of(range(1, 101))
    first = [queue.take(worker, range(3), after=None) for worker in range(3)]
    assert first == [1, 51, 26]
    for _ in range(20):
        second = [queue.take(worker, range(3), after=first[worker]) for worker in range(3)]
        assert [one - other for one, other in zip(second, first, strict=True)] == [1, 1, 1]  # type: ignore[operator]
        first = second


def test_who_has_no_more_takes_half_of_the_longest_run() -> None:
    queue = Queue.of(range(1, 21))
    assert (queue.take(0, range(2), after=None), queue.take(1, range(2), after=None)) == (1, 11)
    for piece in range(12, 21):
        assert queue.take(1, range(2), after=piece - 1) == piece
    assert queue.take(1, range(2), after=20) == 6


def test_a_piece_that_failed_goes_to_another_worker() -> None:
    queue = Queue.of([1, 2])
    assert queue.take(0, (0, 1), after=None) == 1
    assert queue.fail(1, 0)
    assert queue.take(0, (0, 1), after=None) == 2, "not again, while another may"
    assert queue.take(1, (0, 1), after=None) == 1
    assert queue.fail(1, 1)
    assert queue.take(1, (0, 1), after=None) == 1, "both have failed"
    assert not queue.fail(1, 1), f"{TRIES} times"


@given(st.sets(st.integers(1, 60)), st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), max_size=400))
def test_every_piece_is_made_once(numbers: set[int], events: list[tuple[int, int]]) -> None:
    """Whatever workers do, one in ten of whose pieces fails."""
    queue, busy, last, made = Queue.of(numbers), dict[int, int](), dict[int, int](), Counter[int]()
    failed = Counter[int]()
    for worker, luck in [*events, *((n % 4, 9) for n in range(400))]:
        if worker not in busy:
            piece = queue.take(worker, range(4), after=last.get(worker))
            if piece is not None:
                busy[worker] = piece
        elif luck or failed[busy[worker]] == TRIES - 1:
            last[worker] = busy.pop(worker)
            made[last[worker]] += 1
        else:
            failed[busy[worker]] += 1
            assert queue.fail(busy.pop(worker), worker)
    assert made == Counter(numbers)
    assert not queue
