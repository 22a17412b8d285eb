"""vidrestore benchmark: how fast this machine is."""

import json
from typing import Annotated

import typer

from . import options
from .errors import shows_errors

app = typer.Typer(help="How fast this machine is, beside the alternatives.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keeps `metrics` a command of its own while it is the only one."""


@app.command("metrics")
@shows_errors
def metrics(
    frames: Annotated[int, typer.Option("--frames", min=2, help="Frames of 1920x1080 to compare.")] = 32,
    as_json: options.Json = False,
) -> None:
    """psnr, psnr_y and ssim_y of two 1080p videos, and the same through scikit-image.

    Example: vidrestore benchmark metrics
    """
    from dataclasses import asdict

    from ..benchmark.metrics import benchmark_metrics
    from ..engine import keep_memory

    keep_memory()
    speed = benchmark_metrics(frames=frames)
    if as_json:
        print(json.dumps(asdict(speed)))
        return
    for name, fps, score in (
        ("vidrestore", speed.fps, speed.score_ms),
        ("scikit-image", speed.scikit_image_fps, speed.scikit_image_score_ms),
    ):
        print(f"{name:12} {fps:6.2f} fps, of which scores {score:6.1f} ms a frame")
    print(
        f"{speed.ratio:.1f} times as fast, scores alone {speed.score_ratio:.1f}; they differ by {speed.difference:.1g}"
    )
