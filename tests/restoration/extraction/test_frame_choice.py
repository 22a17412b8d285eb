"""Which frames are taken: against the definitions, one moment at a time."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from vidrestore.base.settings import Picking
from vidrestore.frame.frame import Frame
from vidrestore.restoration.extraction.frame_choice import every, on_grid, pick
from vidrestore.scenes.assign import Placed

TICK = Fraction(1, 1000)
DURATIONS = st.lists(st.integers(1, 900).map(lambda ticks: ticks * TICK), min_size=1, max_size=9)
STARTS = st.integers(0, 300).map(lambda ticks: ticks * TICK)
RATES = st.fractions(Fraction(1, 3), 60, max_denominator=50)


def stream(durations: Sequence[Fraction], start: Fraction = Fraction(0)) -> list[Placed]:
    """Frames one after the other; their pictures do not matter."""
    found, pts = [], start
    for number, duration in enumerate(durations):
        found.append(Placed(0, number, Frame(None, pts, duration)))  # type: ignore[arg-type]
        pts += duration
    return found


def numbers(placed: Sequence[Placed]) -> list[int]:
    return [each.number for each in placed]


@settings(deadline=None)
@given(DURATIONS, STARTS, st.integers(1, 5))
def test_every_n_takes_the_first_of_each_n_and_no_time_is_lost(
    durations: list[Fraction], start: Fraction, count: int
) -> None:
    source = stream(durations, start)
    taken = list(every(source, count))
    assert numbers(taken) == list(range(0, len(source), count))
    assert [each.frame.pts for each in taken] == [source[number].frame.pts for number in numbers(taken)]
    assert sum(each.frame.duration for each in taken) == sum(durations)


def nearest(source: Sequence[Placed], moment: Fraction, step: Fraction) -> int:
    """By the definition: of the frames that begin less than half a step later, the nearest; of two, the earlier."""
    begun = [each for each in source if each.frame.pts < moment + step / 2]
    return min(begun, key=lambda each: (abs(each.frame.pts - moment), each.number)).number


@settings(deadline=None)
@given(DURATIONS, STARTS, RATES)
def test_a_grid_takes_the_nearest_frames(durations: list[Fraction], start: Fraction, rate: Fraction) -> None:
    source, step = stream(durations, start), 1 / rate
    taken = list(on_grid(source, rate))
    assert [each.frame.pts for each in taken] == [start + number * step for number in range(len(taken))]
    assert {each.frame.duration for each in taken} == {step}
    assert numbers(taken) == [nearest(source, each.frame.pts, step) for each in taken]
    assert abs(len(taken) * step - sum(durations)) <= step, "its length is the source's, to one picture"


def test_a_grid_of_the_sources_own_rate_takes_every_frame_once() -> None:
    """Also where the container has rounded times to milliseconds."""
    for rate in (Fraction(30), Fraction(30000, 1001), Fraction(24000, 1001), Fraction(60)):
        times = [Fraction(round(number / rate * 1000), 1000) for number in range(200)]
        source = stream([b - a for a, b in pairwise(times)])
        assert numbers(list(on_grid(source, rate))) == list(range(199))


def test_a_picture_that_is_held_is_repeated_not_left_early() -> None:
    held = stream([Fraction(8, 5), Fraction(1, 10), Fraction(1, 10), Fraction(1, 10)])
    assert numbers(list(on_grid(held, Fraction(10)))) == [0] * 16 + [1, 2, 3]
    assert numbers(list(on_grid(held, Fraction(1)))) == [0, 0]


def test_picking_is_all_frames_unless_asked() -> None:
    source = stream([TICK] * 7)
    assert list(pick(source, Picking())) == source
    assert numbers(list(pick(source, Picking(every=3)))) == [0, 3, 6]
    assert numbers(list(pick(source, Picking(rate=Fraction(500))))) == [0, 2, 4, 6]
    assert list(pick([], Picking(rate=Fraction(1)))) == list(pick([], Picking(every=2))) == []
