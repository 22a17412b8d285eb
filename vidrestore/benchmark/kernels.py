"""The local convolution's kernels on a CPU as rows of the whole benchmark."""

from .local_conv import benchmark_local_conv
from .row import Effort, Row


def kernels(effort: Effort) -> list[Row]:
    """GFLOP/s of each rule and direction, the fastest of some runs."""
    rows = []
    for speed in benchmark_local_conv(runs=effort.repeats):
        facts = {"ms": speed.ms, "times plain torch": speed.torch_ratio}
        if speed.numba_ratio is not None:
            facts["times a plain numba loop"] = speed.numba_ratio
        rows.append(Row("local-conv", f"{speed.rule} {speed.direction}", speed.gflops, "GFLOP/s", facts))
    return rows
