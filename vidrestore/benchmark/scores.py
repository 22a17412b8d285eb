"""Comparing two videos as rows of the whole benchmark."""

from importlib.util import find_spec

from .metrics import benchmark_metrics
from .row import Effort, Row


def scores(effort: Effort) -> list[Row]:
    """fps of psnr, psnr_y and ssim_y of 1080p; nothing where scikit-image is not installed."""
    if find_spec("skimage") is None:
        return []
    speed = benchmark_metrics(frames=min(effort.frames, 32))
    facts = {"times scikit-image": speed.ratio, "scores alone, times": speed.score_ratio}
    return [Row("metrics", "psnr, psnr_y, ssim_y of 1920x1080", speed.fps, "fps", facts)]
