"""Benchmark of metrics on 1080p videos, beside scikit-image."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from ..metrics.compare.compare import compare
from ..metrics.compare.side import Form, Side
from ..metrics.psnr import psnr
from ..metrics.ssim import ssim
from .material import scratch
from .row import Effort, Row

WIDTH, HEIGHT = 1920, 1080

Picture = tuple[NDArray[np.uint8], NDArray[np.uint8]]
"""RGB and luma."""
Scores = list[float]
"""psnr, psnr_y and ssim_y: what `compare` measures by default."""


@dataclass(frozen=True, slots=True)
class MetricsSpeed:
    """psnr, psnr_y and ssim_y of 1920x1080 frames, here and through scikit-image in one thread."""

    frames: int
    fps: float
    """Of the whole work: decoding both videos, RGB, and the scores."""
    scikit_image_fps: float
    """The same, with our decoding and RGB."""
    ratio: float
    score_ms: float
    """Of the scores of one frame alone."""
    scikit_image_score_ms: float
    score_ratio: float
    difference: float
    """The largest between two scores of the same name and frame."""


def benchmark_metrics(*, frames: int = 32) -> MetricsSpeed:
    """Make two raw videos in a temporary folder and measure them both ways.

    Raises:
        UsageError: scikit-image is not installed.
    """
    try:
        second = import_module("skimage.metrics")
    except ImportError:
        raise UsageError("scikit-image is not installed; pip install scikit-image") from None
    with scratch() as folder:
        reference, distorted = _make(folder, frames=frames)
        seconds = compare(reference, distorted).seconds
        began = time.perf_counter()
        pairs = zip(_read(reference), _read(distorted), strict=True)
        timed = [(_timed(_score, *pair), _timed(_scikit_image(second), *pair)) for pair in pairs]
        both = time.perf_counter() - began
    ours, theirs = (sum(each[way][1] for each in timed) for way in (0, 1))
    return MetricsSpeed(
        frames=frames,
        fps=frames / seconds,
        scikit_image_fps=frames / (both - ours),
        ratio=(both - ours) / seconds,
        score_ms=1000 * ours / frames,
        scikit_image_score_ms=1000 * theirs / frames,
        score_ratio=theirs / ours,
        difference=max(float(np.abs(np.subtract(a, b)).max()) for (a, _), (b, _) in timed),
    )


def _timed(score: Callable[[Picture, Picture], Scores], reference: Picture, distorted: Picture) -> tuple[Scores, float]:
    began = time.perf_counter()
    return score(reference, distorted), time.perf_counter() - began


def _score(reference: Picture, distorted: Picture) -> Scores:
    return [*(psnr(x, y) for x, y in zip(reference, distorted, strict=True)), ssim(reference[1], distorted[1])]


def _scikit_image(metrics: Any) -> Callable[[Picture, Picture], Scores]:  # noqa: ANN401 - an untyped module
    wang = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255}

    def score(reference: Picture, distorted: Picture) -> Scores:
        both = zip(reference, distorted, strict=True)
        ratios = [float(metrics.peak_signal_noise_ratio(x, y, data_range=255)) for x, y in both]
        return [*ratios, float(metrics.structural_similarity(reference[1], distorted[1], **wang))]

    return score


def _read(path: Path) -> Iterator[Picture]:
    for sample in Side(path).samples(Form(rgb=True, planes=True, upright=False)):
        assert sample.rgb is not None
        yield sample.rgb.astype(np.uint8, copy=False), sample.luma.astype(np.uint8, copy=False)


def _make(folder: Path, *, frames: int) -> tuple[Path, Path]:
    """Blocks of random brightness that move, and the same with noise."""
    random = np.random.default_rng(0)
    still = np.kron(random.integers(16, 220, (HEIGHT // 8, WIDTH // 8)), np.ones((8, 8))).astype(np.uint8)
    noise = random.integers(0, 16, still.shape).astype(np.uint8)
    chroma = bytes([128]) * (WIDTH * HEIGHT // 2)
    paths = folder / "reference.y4m", folder / "distorted.y4m"
    for path, added in zip(paths, (np.zeros_like(noise), noise), strict=True):
        with path.open("wb") as file:
            file.write(b"YUV4MPEG2 W%d H%d F25:1 C420mpeg2\n" % (WIDTH, HEIGHT))
            for number in range(frames):
                file.write(b"FRAME\n" + (np.roll(still, 5 * number, axis=1) + added).tobytes() + chroma)
    return paths


def scores(effort: Effort) -> list[Row]:
    """fps of psnr, psnr_y and ssim_y of 1080p; nothing where scikit-image is not installed."""
    if find_spec("skimage") is None:
        return []
    speed = benchmark_metrics(frames=min(effort.frames, 32))
    facts = {"times scikit-image": speed.ratio, "scores alone, times": speed.score_ratio}
    return [Row("metrics", "psnr, psnr_y, ssim_y of 1920x1080", speed.fps, "fps", facts)]
