from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import pytest

from vidrestore.engine.window import windows


@dataclass(frozen=True)
class Item:
    number: int
    cut: bool


def naive(items: list[Item], before: int, after: int) -> list[list[int]]:
    """For each item, clamp every neighbour's index to the item's shot."""
    out = []
    for i in range(len(items)):
        first = max((k for k in range(1, i + 1) if items[k].cut), default=0)
        last = min((k for k in range(i + 1, len(items)) if items[k].cut), default=len(items)) - 1
        out.append([min(max(k, first), last) for k in range(i - before, i + after + 1)])
    return out


@pytest.mark.parametrize(("before", "after"), list(product(range(4), range(4))))
def test_against_naive_lines(before: int, after: int):
    for n in range(9):
        for cuts in product((False, True), repeat=n):
            items = [Item(i, cut) for i, cut in enumerate(cuts)]
            got = [[item.number for item in window] for window in windows(items, before=before, after=after)]
            assert got == naive(items, before, after), cuts


def test_replicated_frames_are_the_same_object():
    a, b = Item(0, True), Item(1, False)
    first, second = windows([a, b], before=1, after=1)
    assert first[0] is first[1] is a and second[1] is second[2] is b


@pytest.mark.parametrize("after", [0, 1, 3])
def test_looks_ahead_no_further_than_needed(after: int):
    taken = 0

    def source() -> Iterator[Item]:
        nonlocal taken
        for i in range(9):
            taken += 1
            yield Item(i, False)

    stream = windows(source(), before=2, after=after)
    assert taken == 0
    for i in range(9 - after):
        assert next(stream)[2].number == i
        assert taken == i + after + 1
