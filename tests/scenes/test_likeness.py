"""What two pictures have in common: made pictures whose share and colours are known."""

import cv2
import numpy as np
import pytest

from vidrestore.scenes.likeness import Small, colour_distance, contrast, share_found, unexplained

SIZE = (90, 160)


def smooth(seed: int, *, height: int = SIZE[0], width: int = SIZE[1]) -> Small:
    noise = np.random.default_rng(seed).integers(0, 256, (height // 6, width // 6, 3)).astype(np.float32)
    return np.clip(cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC), 0, 255).astype(np.uint8)


def flat(*codes: int) -> Small:
    return np.full((*SIZE, 3), codes, np.uint8)


@pytest.mark.parametrize(("down", "across"), [(0, 0), (3, 8), (0, 60), (40, 0), (-30, -50)])
def test_what_has_moved_is_found_however_far(down: int, across: int) -> None:
    wide = smooth(1, height=300, width=400)
    before, after = (wide[y : y + SIZE[0], x : x + SIZE[1]] for y, x in ((100, 100), (100 + down, 100 + across)))
    in_both = (1 - abs(down) / SIZE[0]) * (1 - abs(across) / SIZE[1])
    assert in_both - 0.12 < share_found(before, after) < in_both + 0.05


@pytest.mark.parametrize("seed", range(2, 8))
def test_next_to_nothing_is_found_by_chance(seed: int) -> None:
    assert share_found(smooth(1), smooth(seed)) < 0.03


def test_what_has_changed_its_colour_is_not_found() -> None:
    before = smooth(1) // 2 + 64
    after = before.copy()
    after[:, 80:, 1] += 60
    assert share_found(before, after) == pytest.approx(0.5, abs=0.03)


def test_flat_pictures() -> None:
    assert share_found(flat(60, 128, 128), flat(60, 128, 128)) == 1
    assert share_found(flat(60, 128, 128), flat(200, 128, 128)) == 0
    assert share_found(smooth(1), flat(60, 128, 128)) < 0.05


def test_distance_of_colours_is_the_share_of_them_that_the_other_lacks() -> None:
    dark, light, red = flat(20, 128, 128), flat(220, 128, 128), flat(20, 90, 200)
    assert colour_distance(dark, dark) == 0
    assert colour_distance(dark, light) == 1
    assert colour_distance(dark, red) == 0.5, "as bright, but of another colour"
    half = dark.copy()
    half[:, 80:] = light[:, 80:]
    assert colour_distance(dark, half) == colour_distance(half, dark) == 0.5
    assert colour_distance(half, half[:, ::-1]) == 0, "wherever they lie"


def test_unexplained_is_what_remains_after_the_motion() -> None:
    wide = smooth(1, width=400)
    before, moved, other = wide[:, 50:210], wide[:, 53:213], smooth(9)
    plain = float(np.abs(before.astype(int) - moved).mean() * 3)
    assert unexplained(before, moved) < plain / 4 < unexplained(before, other) / 4
    assert unexplained(flat(60, 100, 110), flat(63, 104, 115)) == 12


def test_contrast_is_the_mean_difference_to_the_mean() -> None:
    stripes = flat(100, 0, 255)
    stripes[::2, :, 0] = 140
    assert (contrast(stripes), contrast(flat(7, 0, 255))) == (20, 0)
