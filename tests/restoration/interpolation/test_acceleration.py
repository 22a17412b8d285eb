"""Four frames tell how motion accelerates; held to places that are known."""

import gc
import weakref
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import Tensor

from vidrestore.restoration.interpolation.flow import FlowInterpolator
from vidrestore.restoration.interpolation.motion import acceleration
from vidrestore.restoration.interpolation.motion.paths import Motion
from vidrestore.restoration.interpolation.motion.presets import PRESETS

from .test_flow import psnr, shifted, tensor, texture

MIDDLE = Fraction(1, 2)


def place(time: float) -> float:
    """A cubic: where something is, in pixels."""
    return 2 + 9 * time + 4 * time**2 - time**3


def uniform(there: float, back: float | None = None) -> acceleration.Known:
    both = there, there if back is None else back
    return acceleration.known(Motion(*(np.full((64, 64, 2), (each, 0), np.float32) for each in both)))


def in_gap(times: tuple[float, float, float, float]) -> acceleration.Acceleration:
    gaps = np.diff(times)
    motions = [uniform(place(end) - place(begin)) for begin, end in pairwise(times)]
    found = acceleration.find(motions[0], motions[1], motions[2], (gaps[0] / gaps[1], gaps[2] / gaps[1]))
    assert found is not None
    return found


@pytest.mark.parametrize("times", [(-1, 0, 1, 2), (-2, 0, 1, 1.5)])
def test_a_cubic_is_followed_at_even_and_uneven_times(times: tuple[float, float, float, float]) -> None:
    motion = place(1) - place(0)
    flow = np.full((64, 64, 2), (motion, 0), np.float32)
    for time in (0.25, 0.5, 0.8):
        ahead = in_gap(times).offset(flow, time)[32, 32]
        even = place(0) + time * motion
        assert ahead[0] == pytest.approx(place(time) - even, rel=0.12)  # doubt takes a tenth
        assert ahead[1] == 0


def test_motions_that_contradict_each_other_tell_nothing() -> None:
    lost = uniform(9, -30)
    found = acceleration.find(lost, uniform(9), lost, (1, 1))
    assert found is not None
    assert np.abs(found.offset(np.full((64, 64, 2), (9, 0), np.float32), 0.5)).max() < 0.01


def test_a_neighbour_that_lasts_much_longer_is_not_asked() -> None:
    assert acceleration.find(uniform(3), uniform(3), uniform(3), (5, 1)) is None


def test_a_picture_that_accelerates_is_met() -> None:
    """Four frames of a falling texture, of which the middle gap is filled; with two it is missed by a pixel."""
    wide = texture(96, 400)
    frames = [tensor(shifted(wide, 8 * k + 4 * k * k, 0)[:, 120:-120]) for k in (-1, 0, 1, 2)]
    truth = shifted(wide, 5, 0)[:, 150:-150]

    def seen(picture: Tensor) -> float:
        return psnr(truth, picture.permute(1, 2, 0).numpy()[:, 30:-30])

    interpolator = FlowInterpolator(PRESETS["fast"].search)
    begun = [interpolator.begin(one, other, now=False) for one, other in pairwise(frames)]
    (four,) = begun[1]((MIDDLE,))
    (two,) = interpolator(frames[1], frames[2], (MIDDLE,))
    assert seen(four) > seen(two) + 3


def test_gaps_that_do_not_meet_stay_apart() -> None:
    wide = texture(96, 400)
    frames = [tensor(shifted(wide, 8 * k + 4 * k * k, 0)[:, 120:-120]) for k in (-1, 0, 1, 2)]
    interpolator = FlowInterpolator(PRESETS["fast"].search)
    begun = [interpolator.begin(one.clone(), other) for one, other in pairwise(frames)]
    (apart,) = begun[1]((MIDDLE,))
    (two,) = interpolator(frames[1], frames[2], (MIDDLE,))
    assert apart.equal(two)


def test_gaps_that_nobody_asks_for_are_forgotten() -> None:
    frames = [torch.full((3, 8, 8), n / 50) for n in range(40)]
    interpolator = FlowInterpolator(PRESETS["fast"].search)
    for one, other in pairwise(frames):
        interpolator.begin(one, other, now=False)
    oldest = weakref.ref(frames[0])
    frames.clear()
    del one, other
    gc.collect()
    assert oldest() is None
