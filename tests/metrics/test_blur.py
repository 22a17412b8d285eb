"""The blur of a picture: by its definition, beside scikit-image's, and with blur, noise and size that are known."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import spearmanr
from skimage.measure import blur_effect
from torch import Tensor

from vidrestore.metrics.blur import DISTANCE, MOST_NOISE, blur
from vidrestore.restoration.deblurring import psf

Luma = NDArray[np.float32]


def grey(bgr: NDArray[np.uint8]) -> Luma:
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY) / np.float32(255), np.float32)


def through(luma: Luma, kernel: Tensor) -> Luma:
    return cv2.filter2D(luma, -1, kernel.float().flip(0, 1).numpy(), borderType=cv2.BORDER_REFLECT)


def noisy(luma: Luma, deviation: float) -> Luma:
    return luma + np.random.default_rng(0).normal(0, deviation / 255, luma.shape).astype(np.float32)


@pytest.fixture(scope="module")
def pictures(shared_data: Path) -> dict[str, Luma]:
    """Kodak, and the first frames of the clips."""
    stills = {path.stem: grey(cv2.imread(str(path))) for path in sorted((shared_data / "eval/kodak").glob("*.png"))}
    clips = sorted((shared_data / "eval/video").glob("*.mp4"))
    return stills | {path.stem: grey(cv2.VideoCapture(str(path)).read()[1]) for path in clips}


def by_definition(luma: Luma) -> float:
    """In fp64, and with the mask written out."""
    y = luma.astype(np.float64)
    padded = np.pad(y, 1, mode="reflect")
    line = padded[:, :-2] - 2 * padded[:, 1:-1] + padded[:, 2:]
    answers = np.abs(line[:-2] - 2 * line[1:-1] + line[2:])[::5, ::5]
    noise = 2 * (np.median(answers) / 6 / 0.6745) ** 2
    slopes = []
    for axis in (0, 1):
        steps = np.diff(y, axis=axis)
        means = np.apply_along_axis(np.convolve, axis, steps, np.full(DISTANCE, 1 / DISTANCE), "valid")
        short, long = (steps**2).mean(), (means**2).mean()
        power = min(noise, MOST_NOISE * short)
        slopes.append(np.sqrt((long - power / DISTANCE**2) / (short - power)))
    return sum(slopes) / 2


@pytest.mark.parametrize("deviation", [0, 8])
def test_it_is_what_it_says(deviation: float) -> None:
    """Against its definition: the mean of differences in a row, less what noise adds to it, over the difference."""
    smooth = cv2.resize(np.random.default_rng(1).random((6, 9), np.float32), (90, 60), interpolation=cv2.INTER_CUBIC)
    luma = noisy(smooth, deviation)
    assert 0.1 < blur(luma) < 0.99
    assert blur(luma) == pytest.approx(by_definition(luma), abs=1e-5)


def test_the_ends_of_its_scale() -> None:
    ramp = np.add.outer(np.arange(40), np.arange(60)).astype(np.float32) / 100
    assert blur(ramp) == pytest.approx(1, abs=1e-5)
    assert blur(np.full((40, 60), 0.5, np.float32)) == 0
    assert blur(ramp[:DISTANCE]) == blur(ramp[:1]) == 0
    specks = np.random.default_rng(0).random((400, 600), np.float32)
    assert blur(specks) == pytest.approx(1 / DISTANCE, abs=0.01)


@pytest.mark.parametrize("angle", [0, 45, 90, 120])
def test_it_rises_with_motion(angle: float, pictures: dict[str, Luma]) -> None:
    for name, luma in pictures.items():
        found = [blur(luma), *(blur(through(luma, psf.motion(length, angle))) for length in (3, 5, 7, 9, 15, 25, 40))]
        assert all(after > before for before, after in pairwise(found)), (name, found)


def test_it_rises_with_a_lens_and_stays_in_its_scale(pictures: dict[str, Luma]) -> None:
    for name, luma in pictures.items():
        found = [blur(luma), *(blur(through(luma, psf.gaussian(sigma))) for sigma in (0.5, 0.8, 1.2, 2, 3, 5, 8))]
        assert all(0 < before < after <= 1 for before, after in pairwise(found)), (name, found)


def versions(luma: Luma) -> Iterator[Luma]:
    yield luma
    yield from (through(luma, psf.motion(length, 30)) for length in (5, 9, 15))
    yield from (through(luma, psf.gaussian(sigma)) for sigma in (1, 2))


def test_its_order_is_that_of_scikit_images_blur_effect(pictures: dict[str, Luma]) -> None:
    """Of pictures of all kinds and blurs; theirs takes the more blurred direction, and no noise out."""
    all_of_them = [version for luma in pictures.values() for version in versions(luma)]
    mine, theirs = [blur(luma) for luma in all_of_them], [blur_effect(luma) for luma in all_of_them]
    assert spearmanr(mine, theirs).statistic > 0.9


def test_noise_hardly_moves_it(pictures: dict[str, Luma]) -> None:
    def mean(deviation: float, length: float) -> float:
        return float(np.mean([blur(noisy(through(y, psf.motion(length, 30)), deviation)) for y in pictures.values()]))

    for length, most in ((1, 0.03), (9, 0.1)):
        clean = mean(0, length)
        assert abs(mean(5, length) - clean) < 0.03, length
        assert abs(mean(10, length) - clean) < most, length
    moved = [through(y, psf.motion(9, 30)) for y in pictures.values()]
    falls = [blur_effect(y) - blur_effect(noisy(y, 5)) for y in moved]
    assert np.mean(falls) > 0.1, "what takes no noise out does not stand it"


def test_blurred_pictures_stand_out_whatever_they_show(pictures: dict[str, Luma]) -> None:
    """A threshold of 0.45 tells all sharp pictures, and all but one of those moved by 15 pixels."""
    assert all(blur(luma) < 0.45 for luma in pictures.values())
    moved = [blur(through(luma, psf.motion(15, 30))) for luma in pictures.values()]
    assert sum(value < 0.45 for value in moved) <= 1


def test_of_the_real_pair_the_blurred_one_is_more_blurred(shared_data: Path) -> None:
    folder = shared_data / "eval/deblur"
    blurred, sharp = (blur(grey(cv2.imread(str(folder / name)))) for name in ("Flower_blur1.png", "Flower_sharp1.png"))
    assert sharp < 0.4 < 0.45 < blurred
    assert all(blur(grey(cv2.imread(str(path)))) > 0.55 for path in (folder / "blur_only").glob("*.png"))
