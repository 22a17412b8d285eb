"""Benchmark of SepConv's local convolution: our kernels beside plain torch and a plain numba loop."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..models.kernels import local_conv_cpu
from ..models.kernels.local_conv_rule import RULES, Reference, Rule, padded
from ..models.kernels.loops import Array
from .row import Effort, Row

HEIGHT, WIDTH, TAPS, CHANNELS = 256, 448, 51, 3


@dataclass(frozen=True, slots=True)
class LocalConvSpeed:
    """One rule in one direction: one 448x256 RGB frame, 51 taps, the best of some runs, of plain torch one."""

    rule: Rule
    direction: str
    """forward, or backward: the gradients of both kernels."""
    ms: float
    gflops: float
    """Per second, a multiply-add counted as two."""
    torch_ms: float
    torch_ratio: float
    """How many times as fast as plain torch."""
    numba_ms: float | None
    """The loop one writes first; of `outer` forward alone."""
    numba_ratio: float | None
    difference: float
    """From plain torch, the largest, as a share of the largest value."""


def benchmark_local_conv(*, runs: int = 5) -> list[LocalConvSpeed]:
    """Measure every rule in both directions, in as many threads as torch uses."""
    picture, *kernels = torch.rand(1, CHANNELS, HEIGHT, WIDTH), *torch.rand(2, 1, TAPS, HEIGHT, WIDTH).sub(0.5)
    grad = torch.rand_like(picture)
    speeds = []
    for rule in RULES:
        for direction, extra in (("forward", ()), ("backward", (grad,))):
            method = "gradients" if extra else "forward"
            ours, plain = (getattr(backend, method) for backend in (local_conv_cpu, Reference()))
            speeds.append(_measure(rule, direction, ours, plain, (picture, *kernels, rule, *extra), runs))
    return speeds


def _measure(
    rule: Rule, direction: str, ours: Callable[..., Any], plain: Callable[..., Any], args: tuple[Any, ...], runs: int
) -> LocalConvSpeed:
    got, wanted = (_tensors(way(*args)) for way in (ours, plain))  # the first call compiles
    first = _naive(*args[:3]) if (rule, direction) == ("outer", "forward") else None
    best = {"ours": _best(ours, args, runs), "torch": _best(plain, args, 1)}
    naive = _best(_naive, args[:3], runs) if first is not None else None
    flops = 2 * _products(rule, direction) * HEIGHT * WIDTH
    return LocalConvSpeed(
        rule=rule,
        direction=direction,
        ms=1000 * best["ours"],
        gflops=flops / best["ours"] / 1e9,
        torch_ms=1000 * best["torch"],
        torch_ratio=best["torch"] / best["ours"],
        numba_ms=None if naive is None else 1000 * naive,
        numba_ratio=None if naive is None else naive / best["ours"],
        difference=max(float((a - b).abs().max() / b.abs().max()) for a, b in zip(got, wanted, strict=True)),
    )


def _products(rule: Rule, direction: str) -> int:
    """Multiply-adds a pixel."""
    if rule == "outer":
        return TAPS * TAPS * (CHANNELS if direction == "forward" else CHANNELS + 2)
    return TAPS * CHANNELS * (2 if direction == "forward" else 4)


def _best(function: Callable[..., object], args: tuple[Any, ...], runs: int) -> float:
    """Seconds of the fastest of some runs: what the machine can do when nothing else wants it."""
    seconds = []
    for _ in range(runs):
        began = time.perf_counter()
        function(*args)
        seconds.append(time.perf_counter() - began)
    return min(seconds)


def _tensors(result: Tensor | tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return result if isinstance(result, tuple) else (result,)


def _naive(picture: Tensor, vertical: Tensor, horizontal: Tensor) -> Tensor:
    out = torch.empty_like(picture)
    local_conv_cpu.over_rows(
        _loop, [x.numpy() for x in (padded(picture, TAPS // 2, "outer"), vertical, horizontal, out)]
    )
    return out


@local_conv_cpu.compiled
def _loop(image: Array, vertical: Array, horizontal: Array, out: Array, top: int, bottom: int) -> None:
    taps, _, width = vertical.shape
    row = np.empty(width, np.float32)
    for y in range(top, bottom):
        for c in range(CHANNELS):
            out[c, y] = 0
            for i in range(taps):
                row[:] = 0
                for j in range(taps):
                    for x in range(width):
                        row[x] += horizontal[j, y, x] * image[c, y + i, x + j]
                for x in range(width):
                    out[c, y, x] += vertical[i, y, x] * row[x]


def kernels(effort: Effort) -> list[Row]:
    """GFLOP/s of each rule and direction, the fastest of some runs."""
    rows = []
    for speed in benchmark_local_conv(runs=effort.repeats):
        facts = {"ms": speed.ms, "times plain torch": speed.torch_ratio}
        if speed.numba_ratio is not None:
            facts["times a plain numba loop"] = speed.numba_ratio
        rows.append(Row("local-conv", f"{speed.rule} {speed.direction}", speed.gflops, "GFLOP/s", facts))
    return rows
