"""Times of the result: by hand for what users ask for, and properties for everything else."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidrestore.restoration.interpolation.timing import (
    SLACK,
    SOURCE_TIMES,
    ByFactor,
    Gap,
    Instant,
    Span,
    Timing,
    ToRate,
    slow_motion,
)

F = Fraction
ZERO = F(0)


def schedule(timing: Timing, durations: Sequence[F], start: F = ZERO) -> list[tuple[int, Instant]]:
    """Every frame of the result, with the number of the source frame before it."""
    found, pts = [], start
    for number, duration in enumerate(durations):
        found += [(number, instant) for instant in timing.instants(Gap(number, pts, duration, start))]
        pts += duration
    return found


def placed(timing: Timing, durations: Sequence[F]) -> list[tuple[F, F]]:
    """(place on a scale that counts source frames, pts)"""
    return [(number + instant.share, instant.pts) for number, instant in schedule(timing, durations)]


# By hand


def test_25_to_50() -> None:
    made = placed(ToRate(F(50)), [F(1, 25)] * 3)
    assert made == [(F(k, 2), F(k, 50)) for k in range(6)]
    assert ToRate(F(50)).tick(F(1, 12800)) == F(1, 12800)
    assert ToRate(F(50)).tick(F(1, 25)) == F(1, 50)


def test_29_97_to_59_94() -> None:
    made = placed(ToRate(F(60000, 1001)), [F(1001, 30000)] * 3)
    assert made == [(F(k, 2), F(1001 * k, 60000)) for k in range(6)]
    assert ToRate(F(60000, 1001)).tick(F(1, 30000)) == F(1, 60000)


def test_23_976_to_60() -> None:
    made = placed(ToRate(F(60)), [F(1001, 24000)] * 48)
    # 48 frames are 2.002 s: frame 120 of the result, at 2.000 s, is the last that begins before.
    assert [pts for _, pts in made] == [F(k, 60) for k in range(121)]
    # One frame of the result is 400/1001 of one of the source; frame 5 is due 0.08 ms before source frame 2.
    assert [place for place, _ in made][:6] == [F(0), F(400, 1001), F(800, 1001), F(1200, 1001), F(1600, 1001), F(2)]
    assert ToRate(F(60)).result(Span(48, F(0), F(2002, 1000))) == Span(121, F(0), F(121, 60))
    assert ToRate(F(60)).tick(F(1, 24000)) == F(1, 24000)


def test_a_clock_of_milliseconds_hides_no_source_frame() -> None:
    # 29.97 frames per second as Matroska stores them: 0, 33, 67, 100 ms; the grid has 0, 16.68, 33.37, 50.05 ...
    made = placed(ToRate(F(60000, 1001)), [F(33, 1000), F(34, 1000), F(33, 1000)])
    assert [pts for _, pts in made] == [F(1001 * k, 60000) for k in range(6)]
    assert [place for place, _ in made][::2] == [0, 1, 2]


def test_half_as_many_at_a_lower_rate() -> None:
    assert placed(ToRate(F(25)), [F(1, 50)] * 5) == [(F(2 * k), F(k, 25)) for k in range(3)]


def test_5_halves_at_a_constant_rate() -> None:
    made = placed(ByFactor(F(5, 2)), [F(1001, 24000)] * 4)
    assert made == [(F(2 * k, 5), k * F(1001, 60000)) for k in range(10)]
    assert {place for place, _ in made if place.denominator == 1} == {0, 2}, "every second source frame"
    assert ByFactor(F(5, 2)).rate(F(24000, 1001)) == F(60000, 1001)
    assert ByFactor(F(5, 2)).tick(F(1, 24000)) == F(1, 120000)


def test_doubling_a_variable_rate() -> None:
    pts = [0, 1001, 2002, 4004, 4505, 7000]
    durations = [F(b - a, 30000) for a, b in pairwise([*pts, 7100])]
    made = schedule(ByFactor(F(2)), durations)
    doubled = [0, 1001, 2002, 3003, 4004, 6006, 8008, 8509, 9010, 11505, 14000, 14100]
    assert [instant.pts for _, instant in made] == [F(p, 60000) for p in doubled]
    assert ByFactor(F(2)).result(Span(6, F(0), F(7100, 30000))) == Span(12, F(0), F(7100, 30000))


def test_5_halves_at_a_variable_rate() -> None:
    durations = [F(1, 10), F(1, 5), F(1, 10)]
    # Places 0, 0.4, 0.8 lie in the first gap, 1.2 and 1.6 in the second, twice as long, 2, 2.4 and 2.8 in the third.
    times = [F(0), F(4, 100), F(8, 100), F(14, 100), F(22, 100), F(30, 100), F(34, 100), F(38, 100)]
    assert [pts for _, pts in placed(ByFactor(F(5, 2)), durations)] == times
    assert ByFactor(F(5, 2)).result(Span(3, F(0), F(4, 10))) == Span(8, F(0), F(4, 10))


@pytest.mark.parametrize("factor", [F(4), F(5, 2)])
def test_slow_motion_keeps_the_rate(factor: F) -> None:
    timing = slow_motion(factor)
    assert [pts for _, pts in placed(timing, [F(1, 25)] * 4)] == [F(k, 25) for k in range(int(4 * factor))]
    assert timing.rate(F(25)) == 25
    assert timing.stretch == factor
    assert timing.result(Span(4, F(1), F(29, 25))) == Span(int(4 * factor), factor, factor * F(29, 25))


def test_a_frame_shorter_than_the_grids_slack_is_still_one() -> None:
    assert placed(ToRate(F(60)), [F(1, 10000)]) == [(0, 0)]
    assert ToRate(F(60)).result(Span(1, F(0), F(1, 10000))) == Span(1, F(0), F(1, 60))


# Properties

ticks = st.integers(1, 5000)
clocks = st.sampled_from([F(1, 1000), F(1, 24000), F(1, 90000), F(1001, 30000), F(1, 25)])
factors = st.one_of(st.integers(1, 9).map(F), st.fractions(1, 9, max_denominator=7))
rates = st.one_of(
    st.sampled_from([F(24000, 1001), F(25), F(60000, 1001), F(60), F(144), F(240)]),
    st.fractions(1, 300, max_denominator=1001),
)
timings = st.one_of(factors.map(ByFactor), factors.map(slow_motion), rates.map(ToRate))


@given(timings, st.lists(ticks, min_size=1, max_size=12), clocks, st.integers(0, 100))
def test_what_every_timing_promises(timing: Timing, lengths: list[int], clock: F, offset: int) -> None:
    durations, start = [length * clock for length in lengths], offset * clock
    if isinstance(timing, ToRate) and sum(durations) * timing.target > 3000:
        timing = ToRate(min(timing.target, 3000 / sum(durations)))
    end = start + sum(durations)
    made = schedule(timing, durations, start)
    times = [instant.pts for _, instant in made]
    result = timing.result(Span(len(lengths), start, end))
    assert len(made) == result.frames
    assert times[0] == result.start == start * timing.stretch
    assert all(one < other for one, other in pairwise(times))
    assert all(0 <= instant.share < 1 for _, instant in made)
    last = result.end - times[-1]
    assert last > 0
    tick = timing.tick(clock)
    assert all((time / tick).denominator == 1 for time in [*times, last])


@given(factors, st.lists(ticks, min_size=1, max_size=12), clocks, st.booleans())
def test_a_factor_keeps_the_sources_times_and_its_length(f: F, lengths: list[int], clock: F, slow: bool) -> None:
    timing = slow_motion(f) if slow else ByFactor(f)
    durations = [length * clock for length in lengths]
    made = schedule(timing, durations)
    untouched = {number: instant.pts for number, instant in made if instant.share == 0}
    for number in range(len(lengths)):
        assert (number in untouched) == ((number * f).denominator == 1)
        assert (
            untouched.get(number, sum(durations[:number]) * timing.stretch) == sum(durations[:number]) * timing.stretch
        )
    result = timing.result(Span(len(lengths), F(0), sum(durations)))
    assert result.end == sum(durations) * timing.stretch
    for number, instant in made:
        assert instant.pts == (sum(durations[:number]) + instant.share * durations[number]) * timing.stretch


@given(rates, st.lists(ticks, min_size=1, max_size=12), st.sampled_from([F(1, 1000), F(1, 24000), F(1, 90000)]))
def test_a_grid_is_even_and_shows_source_frames_that_lie_on_it(rate: F, lengths: list[int], clock: F) -> None:
    durations = [length * clock for length in lengths]
    rate = min(rate, 1000 / sum(durations))
    timing = ToRate(rate)
    starts = [sum(durations[:number], F(0)) for number in range(len(lengths))]
    made = schedule(timing, durations)
    assert [instant.pts for _, instant in made] == [F(k) / rate for k in range(len(made))]
    near = min(SLACK, 1 / (8 * rate))
    for number, instant in made:
        if instant.share == 0:
            assert abs(instant.pts - starts[number]) <= near
        else:
            assert instant.share == (instant.pts - starts[number]) / durations[number]
            assert all(abs(instant.pts - start) > near for start in starts)
    over = len(made) / rate - sum(durations)
    assert -near <= over < 1 / rate


def test_the_sources_own_times() -> None:
    assert placed(SOURCE_TIMES, [F(1, 10), F(1, 5)]) == [(0, 0), (1, F(1, 10))]
    assert (SOURCE_TIMES.rate(F(25)), SOURCE_TIMES.tick(F(1, 90000))) == (25, F(1, 90000))
