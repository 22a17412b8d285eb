"""OpenVINO's compiler in a process of its own, for networks of other programs: it crashes on some.

The child is given a network and two pictures, and writes what it compiled only where that makes of the second one,
which is larger than the one it was traced with, what torch makes of it.
"""

import pickle
import subprocess
import sys
import warnings
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor, nn
from torch.jit._trace import TracerWarning

from ...errors import ModelError
from ...models.foreign.library import spandrel

OURS = ("vidrestore", "torch")
"""Packages whose layers OpenVINO is known to take."""
ALIKE = 30.0
"""dB from which a difference is rounding, with white at 1."""
SECONDS = 600
MODULE, TRACED, TRIAL, COMPILED = "module.pt", "traced.pt", "trial.pt", "compiled.bin"
"""Files that parent and child share."""


def is_ours(core: nn.Module) -> bool:
    """Whether all of its layers are of this package or of torch."""
    return all(type(layer).__module__.split(".")[0] in OURS for layer in core.modules())


def compile_apart(core: nn.Module, example: tuple[Tensor, ...], hints: Any) -> bytes:  # noqa: ANN401
    """What OpenVINO compiled; nothing where it crashes, refuses, or makes another picture than `core`."""
    larger = tuple(torch.cat((x, x.flip(-2)), -2) for x in example)
    with torch.inference_mode():
        try:
            expected = core(*larger)
        except RuntimeError:  # it takes no such size
            larger, expected = example, core(*example)
    with TemporaryDirectory(prefix="vidrestore-") as folder:
        _write(core, example, Path(folder))
        torch.save((example, larger, expected, hints), Path(folder) / TRIAL)
        words = [sys.executable, "-m", __name__, folder]
        try:
            done = subprocess.run(words, capture_output=True, timeout=SECONDS)
        except subprocess.TimeoutExpired:
            return b""
        return (Path(folder) / COMPILED).read_bytes() if done.returncode == 0 else b""


def _write(core: nn.Module, example: tuple[Tensor, ...], folder: Path) -> None:
    """As it is; or traced, where a function of it has no name by which the child finds it."""
    try:
        torch.save(core, folder / MODULE)
    except (AttributeError, TypeError, pickle.PicklingError):
        (folder / MODULE).unlink()
        torch.jit.save(traced(core, example), folder / TRACED)


def traced(core: nn.Module, example: tuple[Tensor, ...]) -> torch.jit.ScriptModule:
    """What a network does with tensors like these, for OpenVINO."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # torch.jit has a successor, which is slower to start
        warnings.simplefilter("ignore", TracerWarning)  # a size that became a constant is found by the larger picture
        # OpenVINO would trace by itself, and compute everything three times more to compare.
        found: torch.jit.ScriptModule = torch.jit.trace(core, example, check_trace=False)  # type: ignore[no-untyped-call]
        return found


def main(folder: Path) -> int:
    """The child: 0 where all is well."""
    from ...base.openvino_plugins import plugins
    from .openvino_engine import as_model

    example, larger, expected, hints = torch.load(folder / TRIAL)
    if (folder / MODULE).is_file():
        with suppress(ModelError):  # its layers may be another library's
            spandrel()
        network = traced(torch.load(folder / MODULE, weights_only=False), example)
    else:
        network = torch.jit.load(folder / TRACED)  # type: ignore[no-untyped-call]
    compiled = plugins().compile_model(as_model(network, example), "CPU", hints)
    made = torch.from_numpy(compiled([x.numpy() for x in larger])[0])
    if made.shape != expected.shape or not (made - expected).square().mean() < 10 ** (-ALIKE / 10):
        return 1
    (folder / COMPILED).write_bytes(compiled.export_model().getvalue())
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
