"""OpenVINO's compiler in a process of its own, for networks of other programs: it crashes on some.

The child is given a network and two pictures, and writes what it compiled only where that makes of the second one,
which is larger than the one it was traced with, what torch makes of it.
"""

import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ...base.openvino_plugins import plugins
from ...errors import ModelError, NotCompiledError
from ...models.foreign.library import spandrel
from ..base import as_tuple
from .openvino_model import as_model, traced

OURS = ("vidrestore", "torch")
"""Packages whose layers OpenVINO is known to take."""
ALIKE = 30.0
"""dB from which a difference is rounding, with white at 1."""
SECONDS = 600
REFUSED = b"cannot run it: "
"""Before the reason, in place of what was compiled, so that it is not tried again."""
MODULE, TRACED, TRIAL, COMPILED, REASON = "module.pt", "traced.pt", "trial.pt", "compiled.bin", "reason.txt"
"""Files that parent and child share."""


def is_ours(core: nn.Module) -> bool:
    """Whether all of its layers are of this package or of torch."""
    return all(type(layer).__module__.split(".")[0] in OURS for layer in core.modules())


def compile_apart(core: nn.Module, example: tuple[Tensor, ...], hints: Any) -> bytes:  # noqa: ANN401
    """What OpenVINO compiled; or REFUSED and why, where it crashes, refuses, or makes another picture than `core`."""
    larger = tuple(torch.cat((x, x.flip(-2)), -2) for x in example)
    with torch.inference_mode():
        try:
            expected = as_tuple(core(*larger))
        except RuntimeError:  # it takes no such size
            larger, expected = example, as_tuple(core(*example))
    with TemporaryDirectory(prefix="vidrestore-") as folder:
        _write(core, example, Path(folder))
        torch.save((example, larger, expected, hints), Path(folder) / TRIAL)
        try:
            done = subprocess.run([sys.executable, "-m", __name__, folder], capture_output=True, timeout=SECONDS)
        except subprocess.TimeoutExpired:
            return REFUSED + f"it took longer than {SECONDS} s".encode()
        if done.returncode == 0:
            return (Path(folder) / COMPILED).read_bytes()
        if (Path(folder) / REASON).is_file():
            return REFUSED + (Path(folder) / REASON).read_bytes()
    return REFUSED + f"its compiler crashed, exit code {done.returncode}".encode()


def _write(core: nn.Module, example: tuple[Tensor, ...], folder: Path) -> None:
    """Traced; or as it is, where a function of it is Python's."""
    try:
        torch.jit.save(traced(core, example), folder / TRACED)
    except RuntimeError:
        (folder / TRACED).unlink(missing_ok=True)
        torch.save(core, folder / MODULE)


def main(folder: Path) -> int:
    """The child: 0 where all is well."""
    example, larger, expected, hints = torch.load(folder / TRIAL)
    if (folder / TRACED).is_file():
        network = torch.jit.load(folder / TRACED)  # type: ignore[no-untyped-call]
    else:
        with suppress(ModelError):  # its layers may be another library's
            spandrel()
        network = traced(torch.load(folder / MODULE, weights_only=False), example)
    try:
        model = as_model(network, example)
    except NotCompiledError as error:
        (folder / REASON).write_text(str(error), encoding="utf-8")
        return 1
    compiled = plugins().compile_model(model, "CPU", hints)
    for made, right in zip(compiled([x.numpy() for x in larger]).to_tuple(), expected, strict=True):
        if made.shape != tuple(right.shape) or not np.square(made - right.numpy()).mean() < 10 ** (-ALIKE / 10):
            (folder / REASON).write_text("it makes another picture", encoding="utf-8")
            return 1
    (folder / COMPILED).write_bytes(compiled.export_model().getvalue())
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
