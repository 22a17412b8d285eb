"""vidrestore benchmark: how fast this machine is."""

import json
from pathlib import Path
from typing import Annotated

import typer

from .. import options
from ..errors import shows_errors
from ..help import Command, Group
from ..show import say, tell

app = typer.Typer(cls=Group, rich_markup_mode=None, help="How fast this machine is, beside the alternatives.")


@app.callback(invoke_without_command=True)
@shows_errors
def benchmark(
    context: typer.Context,
    only: Annotated[
        list[str] | None,
        typer.Option(
            help="decode, colour, networks, local-conv, metrics, encode, pipeline, start, interpolation or peers; "
            "repeatable.",
            show_default="all of them",
        ),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer repeats and frames: rougher figures.")] = False,
    compare: Annotated[
        Path | None, typer.Option(help="What --json wrote before: how much each figure has changed.")
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Decoding, colour, networks, kernels, metrics, encoding, whole runs, and the alternatives, in one run.

    Example: vidrestore benchmark --quick --compare before.json
    """
    if context.invoked_subcommand:
        return
    from ...benchmark.request import GROUPS, check_groups, earlier_figures

    groups = tuple(only or GROUPS)
    check_groups(groups)
    before = None if compare is None else earlier_figures(compare)

    from ...benchmark import report  # torch, which refusals need not load
    from ...benchmark.row import QUICK, Effort
    from ...engine import keep_memory

    keep_memory()
    results = report.benchmark(groups, QUICK if quick else Effort(), on_group=lambda name: say(f"measuring {name} ..."))
    changes = None if before is None else report.changes(before, results)
    if as_json:
        print(report.as_json(results, changes))
        return
    tell(", ".join(f"{key} {value}" for key, value in results.machine.items()))
    for note in results.notes:
        tell(f"note: {note}")
    for row in results.rows:
        facts = ", ".join(f"{name} {_short(value)}" for name, value in row.facts.items())
        tell(f"{row.key:58} {_short(row.value):>8} {row.unit:8} {facts}".rstrip())
    for change in changes or ():
        values = f"{_short(change.old)} -> {_short(change.new)} {change.unit}"
        tell(f"{change.faster:6.2f} times as fast: {change.key}, {values}")


def _short(value: float) -> str:
    """Three digits, and no fewer than are before the point."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


@app.command("metrics", cls=Command)
@shows_errors
def metrics(
    frames: Annotated[int, typer.Option(min=2, help="Frames of 1920x1080 to compare.")] = 32,
    as_json: options.Json = False,
) -> None:
    """psnr, psnr_y and ssim_y of two 1080p videos, and the same through scikit-image.

    Example: vidrestore benchmark metrics
    """
    from dataclasses import asdict

    from ...benchmark.metrics import benchmark_metrics
    from ...engine import keep_memory

    keep_memory()
    speed = benchmark_metrics(frames=frames)
    if as_json:
        print(json.dumps(asdict(speed)))
        return
    for name, fps, score in (
        ("vidrestore", speed.fps, speed.score_ms),
        ("scikit-image", speed.scikit_image_fps, speed.scikit_image_score_ms),
    ):
        tell(f"{name:12} {fps:6.2f} fps, of which scores {score:6.1f} ms a frame")
    tell(
        f"{speed.ratio:.1f} times as fast, scores alone {speed.score_ratio:.1f}; they differ by {speed.difference:.1g}"
    )


@app.command("local-conv", cls=Command)
@shows_errors
def local_conv(
    runs: Annotated[int, typer.Option(min=1, help="Runs of each, of which the fastest counts.")] = 5,
    as_json: options.Json = False,
) -> None:
    """SepConv's local convolution on this CPU, beside plain torch and a plain numba loop.

    Example: vidrestore benchmark local-conv
    """
    from dataclasses import asdict

    import torch

    from ...benchmark.local_conv import benchmark_local_conv
    from ...engine import keep_memory

    keep_memory()
    speeds = benchmark_local_conv(runs=runs)
    if as_json:
        print(json.dumps({"threads": torch.get_num_threads(), "speeds": [asdict(speed) for speed in speeds]}))
        return
    tell(f"one 448x256 RGB frame, 51 taps; threads: {torch.get_num_threads()}")
    for speed in speeds:
        line = f"{speed.rule:7} {speed.direction:8} {speed.ms:6.1f} ms {speed.gflops:5.0f} GFLOP/s"
        line += f", torch {speed.torch_ms:7.1f} ms, {speed.torch_ratio:5.1f} times as fast"
        if speed.numba_ms is not None:
            line += f", numba loop {speed.numba_ms:6.1f} ms, {speed.numba_ratio:4.1f} times as fast"
        tell(line)
