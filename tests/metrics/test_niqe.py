"""NIQE: its features against loops, its model as a file, and what it says about real pictures."""

import json
import math
from pathlib import Path

import cv2
import numpy as np
import pytest

from vidrestore.errors import ModelError
from vidrestore.frame.resize import imresize
from vidrestore.metrics.compare.measures import scores
from vidrestore.metrics.natural_scenes import FEATURES, block_features
from vidrestore.metrics.niqe import niqe
from vidrestore.metrics.pristine import Pristine, fit
from vidrestore.metrics.psnr import matlab_luma
from vidrestore.models.weights.files import folder


@pytest.fixture(scope="module")
def pristine() -> Pristine:
    return Pristine.from_json((folder() / "niqe.json").read_text(encoding="utf-8"))


def natural(seed: int, size: tuple[int, int] = (192, 200)) -> np.ndarray:
    """Noise with the spectrum of photographs: amplitude falls with frequency."""
    random = np.random.default_rng(seed)
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(size[1]), np.fft.fftfreq(size[0])))
    spectrum = np.fft.fft2(random.normal(size=size)) / np.maximum(frequency, 0.01)
    picture = np.fft.ifft2(spectrum).real
    return 125 + 30 * picture / picture.std()


def naive_distribution(values: list[float]) -> tuple[float, float, float, float]:
    """Mittal's estimateaggdparam, with the mean of computefeature.m, by loops over a table."""
    left = math.sqrt(sum(v * v for v in values if v < 0) / sum(v < 0 for v in values))
    right = math.sqrt(sum(v * v for v in values if v > 0) / sum(v > 0 for v in values))
    skew = left / right
    moments = (sum(abs(v) for v in values) / len(values)) ** 2 / (sum(v * v for v in values) / len(values))
    wanted = moments * (skew**3 + 1) * (skew + 1) / (skew**2 + 1) ** 2
    table = [k / 1000 for k in range(200, 10001)]
    gamma = math.gamma
    shape = min(table, key=lambda a: (gamma(2 / a) ** 2 / (gamma(1 / a) * gamma(3 / a)) - wanted) ** 2)
    scale = math.sqrt(gamma(1 / shape) / gamma(3 / shape))
    left, right = left * scale, right * scale
    return shape, (right - left) * gamma(2 / shape) / gamma(1 / shape), left, right


def naive_features(luma: np.ndarray, side: int) -> list[float]:
    """18 features of the block at the top left, from the whole (cropped) picture."""
    line = np.exp(-(np.arange(-3, 4) ** 2) / (2 * (7 / 6) ** 2))
    window = np.outer(line, line) / np.outer(line, line).sum()
    padded = np.pad(luma, 3, "edge")
    patches = np.lib.stride_tricks.sliding_window_view(padded, (7, 7))
    mean = (patches * window).sum((2, 3))
    deviation = np.sqrt(np.abs((patches**2 * window).sum((2, 3)) - mean**2))
    block = ((luma - mean) / (deviation + 1))[:side, :side]
    shape, _, left, right = naive_distribution(block.ravel().tolist())
    found = [shape, (left + right) / 2]
    for down, across in ((0, 1), (1, 0), (1, 1), (-1, 1)):
        found += naive_distribution((block * np.roll(block, (down, across), (0, 1))).ravel().tolist())
    return found


def test_features_against_loops() -> None:
    import torch

    luma = natural(0)
    features, sharpness = block_features(luma)
    assert features.shape == (4, FEATURES)
    assert sharpness.shape == (4,)
    cropped = luma[:192, :192]
    half = imresize(torch.from_numpy(cropped), 0.5).numpy()
    expected = naive_features(cropped, 96) + naive_features(half, 48)
    np.testing.assert_allclose(features[0], expected, rtol=2e-3, atol=2e-4)


def test_distance_by_hand() -> None:
    features, _ = block_features(natural(0))
    model = Pristine("none", 1, 4, features.mean(axis=0) + 2, np.eye(FEATURES))
    spread = (np.cov(features, rowvar=False) + np.eye(FEATURES)) / 2
    two = np.full(FEATURES, 2.0)
    assert niqe(natural(0), model) == pytest.approx(math.sqrt(two @ np.linalg.inv(spread) @ two), rel=1e-6)


def test_real_pictures_are_better_than_their_damaged_copies(shared_data: Path, pristine: Pristine) -> None:
    """Blur, noise and JPEG blocks each cost, and more of them costs more: on every picture."""
    for path in sorted((shared_data / "eval/kodak").glob("*.png"))[:4]:
        picture = cv2.imread(str(path))
        random = np.random.default_rng(0)

        def score(changed: np.ndarray) -> float:
            return niqe(matlab_luma(changed[..., ::-1].astype(np.float32)), pristine)

        def grain(deviation: float) -> np.ndarray:
            return np.clip(picture + random.normal(0, deviation, picture.shape), 0, 255)  # noqa: B023

        def jpeg(quality: int) -> np.ndarray:
            return cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], 1)  # noqa: B023

        whole = score(picture)
        assert whole < 5, path
        assert whole < score(cv2.GaussianBlur(picture, (0, 0), 1)) < score(cv2.GaussianBlur(picture, (0, 0), 2))
        assert whole < score(grain(8)) < score(grain(20))
        assert whole < score(jpeg(30)) < score(jpeg(10))


def test_flat_and_small_pictures(pristine: Pristine) -> None:
    assert math.isnan(niqe(np.full((192, 192), 100.0), pristine))
    with pytest.raises(ValueError, match="96x96"):
        niqe(natural(0)[:90], pristine)
    half_flat = natural(0, (96, 192))
    half_flat[:, 96:] = 50
    assert math.isfinite(niqe(half_flat, pristine))


def test_the_shipped_model_names_its_data(pristine: Pristine) -> None:
    assert "BSDS500" in pristine.data
    assert pristine.blocks > 500
    np.testing.assert_allclose(pristine.covariance, pristine.covariance.T)
    assert np.linalg.eigvalsh(pristine.covariance).min() > 0


def test_fit_and_file(pristine: Pristine) -> None:
    fitted = fit((natural(seed) for seed in range(16)), data="made up")
    assert (fitted.data, fitted.pictures) == ("made up", 16)
    assert niqe(natural(99), fitted) < niqe(natural(99), pristine)
    again = Pristine.from_json(fitted.to_json())
    np.testing.assert_allclose(again.covariance, fitted.covariance, rtol=1e-8)
    assert niqe(natural(99), again) == pytest.approx(niqe(natural(99), fitted), rel=1e-5)
    with pytest.raises(ValueError, match="too few"):
        fit([natural(0)], data="one")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"block": 96, "mean": [1], "covariance": [[1]]}'])
def test_damaged_models_are_refused(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="NIQE model"):
        Pristine.from_json(text)
    (tmp_path / "niqe.json").write_text(text)
    monkeypatch.setenv("VIDRESTORE_WEIGHTS", str(tmp_path))
    with pytest.raises(ModelError, match=r"niqe\.json"):
        scores(("niqe",))


def test_a_model_of_other_blocks_is_refused(pristine: Pristine) -> None:
    other = json.loads(pristine.to_json()) | {"block": 64}
    with pytest.raises(ValueError, match="blocks of 64"):
        Pristine.from_json(json.dumps(other))
