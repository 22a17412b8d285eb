"""The stage that makes new frames: what is made, what is only handed on, and when it is shown."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import count, islice, pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.frames import planes, rgb, values
from tests.restoration.interpolation.blend import Blend
from vidrestore.base.settings import OnCut
from vidrestore.frame.colour import to_rgb
from vidrestore.frame.frame import Frame
from vidrestore.restoration.interpolation.retime import AT_ONCE, Retimer
from vidrestore.restoration.interpolation.timing import SOURCE_TIMES, ByFactor, Span, Timing, ToRate, slow_motion
from vidrestore.video.facts.repeats import LONGEST, MOST

F = Fraction
DOUBLE = ByFactor(F(2))


def through(
    frames: Iterable[Frame],
    timing: Timing = DOUBLE,
    *,
    on_cut: OnCut = "hold",
    repeats: Iterable[int] = (),
    between: Blend | None = None,
    counted: list[str] | None = None,
) -> list[Frame]:
    marked = ((frame, number in repeats) for number, frame in enumerate(frames))
    return list(Retimer(timing, between or Blend(), on_cut, [] if counted is None else counted).run(marked))


def steady(*shades: float, rate: int = 24, cuts: Iterable[int] = ()) -> list[Frame]:
    """Flat pictures of these values / 64 at a constant rate."""
    return [
        Frame(torch.full((3, 4, 6), shade / 64), F(n, rate), F(1, rate), n in cuts, native=f"native {n}")
        for n, shade in enumerate(shades)
    ]


def test_doubling_hands_the_sources_frames_on_and_makes_one_between() -> None:
    frames = rgb(5)
    made = through(frames)
    assert len(made) == 10
    for i, frame in enumerate(frames):
        source, new = made[2 * i : 2 * i + 2]
        same = replace(frame, duration=frame.duration / 2)
        assert source == same, "the source passes through untouched"
        assert source.picture is frame.picture
        assert (new.pts, new.duration) == (frame.pts + frame.duration / 2, frame.duration / 2)
        assert new.native == (frame.native if i == 4 else None)
        assert values([new]) == [4 if i == 4 else i + 0.5]


def test_between_planes_it_is_rgb() -> None:
    frames = planes(2)
    made = through(frames, ByFactor(F(4)))
    assert made[0].picture is frames[0].picture
    one, other = (to_rgb(frame.picture) for frame in frames)
    for k in (1, 2, 3):
        assert torch.allclose(made[k].picture, one + (other - one) * k / 4, atol=1e-6)


def test_a_shot_is_held_to_its_end() -> None:
    made = through(steady(0, 8, 40, 48, cuts=[2]))
    assert values(made) == [0, 4, 8, 8, 40, 44, 48, 48]
    assert [frame.native for frame in made[2:5]] == ["native 1", "native 1", "native 2"]
    assert [n for n, frame in enumerate(made) if frame.cut] == [4]


def test_the_nearer_shot_is_shown_where_asked_for() -> None:
    made = through(steady(0, 40, cuts=[1]), ByFactor(F(5)), on_cut="nearest")
    assert values(made) == [0, 0, 0, 40, 40, 40, 40, 40, 40, 40]
    assert [n for n, frame in enumerate(made) if frame.cut] == [3], "once, where the shot is first seen"
    assert made[3].native == "native 1"


def test_a_cut_is_blended_where_asked_for() -> None:
    made = through(steady(0, 40, cuts=[1]), on_cut="blend")
    assert values(made) == [0, 20, 40, 40]
    assert [n for n, frame in enumerate(made) if frame.cut] == [2]


@pytest.mark.parametrize("on_cut", ["hold", "nearest", "blend"])
def test_a_change_of_size_is_a_cut(on_cut: OnCut) -> None:
    frames = [*rgb(2), *(replace(frame, pts=frame.pts + 1) for frame in rgb(2, size=(10, 4)))]
    made = through(frames, on_cut=on_cut)
    assert [frame.size for frame in made][::2] == [frame.size for frame in frames]
    assert values(made) == [0, 0.5, 1, 0 if on_cut == "nearest" else 1, 0, 0.5, 1, 1]


def test_a_cut_between_two_times_of_the_result_is_marked_where_it_shows() -> None:
    made = through(steady(0, 1, 2, 40, 41, 42, cuts=[3]), ToRate(F(12)))
    assert values(made) == [0, 2, 41]
    assert [frame.cut for frame in made] == [False, False, True]


def test_equal_pictures_are_repeated_not_made() -> None:
    between = Blend()
    frames = planes(1) * 2
    frames[1] = replace(frames[1], pts=F(1, 25), native="second")
    made = through(frames, between=between)
    assert not between.asked
    assert [frame.native for frame in made] == [None, None, "second", "second"]
    assert all(frame.picture is frames[0].picture for frame in made)


def test_the_grid_of_a_rate() -> None:
    made = through(steady(*range(0, 48, 4)), ToRate(F(60)))
    assert [frame.pts for frame in made] == [F(k, 60) for k in range(30)]
    assert {frame.duration for frame in made} == {F(1, 60)}
    assert values(made)[:6] == pytest.approx([0, 1.6, 3.2, 4.8, 6.4, 8])
    assert [n for n, frame in enumerate(made) if frame.native][:4] == [0, 5, 10, 15]


def test_slow_motion_stretches_time() -> None:
    made = through(steady(0, 4, 8), slow_motion(F(4)))
    assert values(made) == [*range(9), 8, 8, 8]
    assert [(frame.pts, frame.duration) for frame in made] == [(F(k, 24), F(1, 24)) for k in range(12)]


# Repeats


def test_on_twos_becomes_motion_at_the_same_times() -> None:
    counted: list[str] = []
    frames = steady(0, 0.3, 8, 8.3, 16, 16.3, 24)
    made = through(frames, SOURCE_TIMES, repeats=[1, 3, 5], counted=counted)
    assert values(made) == pytest.approx([0, 4, 8, 12, 16, 20, 24])
    assert [(frame.pts, frame.duration) for frame in made] == [(frame.pts, frame.duration) for frame in frames]
    assert [frame.native for frame in made[::2]] == [frame.native for frame in frames[::2]]
    assert counted == ["repeated pictures that motion took the place of: 3"]
    assert values(through(frames, repeats=[1, 3, 5])) == pytest.approx([*range(0, 25, 2), 24])


def test_pulldown_becomes_motion() -> None:
    # 24 film frames in 60 fields: three times, twice.
    made = through(steady(0, 0, 0, 6, 6, 12, 12, 12, 18, rate=60), SOURCE_TIMES, repeats=[1, 2, 4, 6, 7])
    assert values(made) == pytest.approx([0, 2, 4, 6, 9, 12, 14, 16, 18])


def test_repeats_at_the_end_of_a_shot_stay() -> None:
    made = through(steady(0, 0.3, 8, 8.3, 40, 40.3, cuts=[4]), SOURCE_TIMES, repeats=[1, 3, 5])
    assert values(made) == pytest.approx([0, 4, 8, 8.3, 40, 40.3])
    assert [frame.native for frame in made[2:]] == [f"native {n}" for n in (2, 3, 4, 5)]


@pytest.mark.parametrize(("length", "moves"), [(4, True), (5, False), (40, False)])
def test_what_stands_still_stays_so(length: int, moves: bool) -> None:
    assert F(4, 24) < LONGEST < F(5, 24) + F(1, 1000)
    frames = steady(*[0] * length, 8, 8, 16)
    made = through(frames, SOURCE_TIMES, repeats=[*range(1, length), length + 1])
    assert values(made)[:length] == pytest.approx([8 * k / length if moves else 0 for k in range(length)])
    assert values(made)[length:] == pytest.approx([8, 12, 16])


def test_runs_of_repeats_are_bounded_in_memory_too() -> None:
    frames = steady(*[0] * (MOST + 1), 8, rate=1000)
    made = through(frames, SOURCE_TIMES, repeats=range(1, MOST + 1))
    assert values(made)[:-1] == [0] * (MOST + 1)
    shorter = through(frames[1:], SOURCE_TIMES, repeats=range(1, MOST))
    assert values(shorter)[1] == pytest.approx(8 / MOST)


# Streams


def test_no_frames() -> None:
    assert through([]) == []


def test_one_frame() -> None:
    assert values(through(steady(7))) == [7, 7]


def test_a_long_gap_is_filled_piece_by_piece() -> None:
    between = Blend()
    frames = [replace(frame, pts=n * F(5), duration=F(5)) for n, frame in enumerate(steady(0, 60))]
    made = through(frames, ToRate(F(60)), between=between)
    assert values(made)[:301] == pytest.approx([k / 5 for k in range(301)])
    assert len(made) == 600
    assert max(map(len, between.asked)) == AT_ONCE


def test_it_reads_only_a_frame_ahead() -> None:
    taken = 0

    def endless() -> Iterator[tuple[Frame, bool]]:
        nonlocal taken
        for n in count():
            taken += 1
            yield Frame(torch.full((3, 2, 2), (n % 9) / 9), F(n, 25), F(1, 25)), False

    assert len(list(islice(Retimer(DOUBLE, Blend()).run(endless()), 100))) == 100
    assert taken <= 52


def test_ten_minutes_of_23_976_to_60_end_with_the_source() -> None:
    step = F(1001, 24000)
    source = ((Frame(torch.full((3, 1, 1), (n % 2) / 2), n * step, step), False) for n in range(14386))
    frames = 0
    end = F(0)
    for frame in Retimer(ToRate(F(60)), Blend()).run(source):
        assert frame.pts == F(frames, 60) == end
        end = frame.pts + frame.duration
        frames += 1
    assert 0 <= end - 14386 * step < F(1, 60)
    assert ToRate(F(60)).result(Span(14386, F(0), 14386 * step)) == Span(36001, F(0), end)
    assert frames == 36001
    assert float(14386 * step) == pytest.approx(600, abs=0.02)


@given(
    st.sampled_from([DOUBLE, ByFactor(F(5, 2)), ByFactor(F(4, 3)), slow_motion(F(3)), ToRate(F(60)), ToRate(F(10))]),
    st.lists(st.tuples(st.integers(1, 200), st.booleans(), st.booleans()), min_size=1, max_size=14),
    st.sampled_from(["hold", "nearest", "blend"]),
)
def test_whatever_comes_every_frame_is_accounted_for(
    timing: Timing, described: list[tuple[int, bool, bool]], on_cut: OnCut
) -> None:
    frames, pts = [], F(1, 3)
    for n, (length, cut, _) in enumerate(described):
        duration = F(length, 1000)
        frames.append(Frame(torch.full((3, 1, 1), n / 64), pts, duration, cut and n > 0, native=n))
        pts += duration
    repeats = [n for n, (_, cut, repeats) in enumerate(described) if repeats and not cut]
    made = through(frames, timing, on_cut=on_cut, repeats=repeats)
    result = timing.result(Span(len(frames), F(1, 3), pts))
    assert len(made) == result.frames
    assert made[0].pts == F(1, 3) * timing.stretch
    assert all(one.pts + one.duration == other.pts and one.duration > 0 for one, other in pairwise(made))
    assert made[-1].pts + made[-1].duration == result.end
    shots = [sum(frame.cut for frame in frames[: n + 1]) for n in range(len(frames))]
    for frame in made:
        value = float(frame.picture.flatten()[0]) * 64
        assert (frame.native is None) or value == frame.native
        if on_cut != "blend" and frame.native is None:
            assert shots[int(value)] == shots[int(value - 1e-4) + 1], "nothing is blended across a cut"
