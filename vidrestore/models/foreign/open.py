"""Another program's file as a Processor, by what the file is."""

from functools import lru_cache
from pathlib import Path

from ...errors import ModelError
from ..weights.manifest import ONNX, PAIR
from .checkpoint import SUFFIXES, open_checkpoint
from .ncnn.open import open_ncnn
from .network import ForeignNetwork


def open_foreign(path: Path) -> ForeignNetwork:
    """The network of a file: .param and .bin of ncnn, .onnx, or a checkpoint of PyTorch.

    What was opened last is kept, since measuring its needs takes time.

    Raises:
        ModelError: it is missing, damaged, of no known form, or no network that makes one RGB picture of one.
    """
    if not path.is_file():
        raise ModelError(f"{path}: no such file; check the name")
    parts = [each for each in (path, *map(path.with_suffix, PAIR)) if each.is_file()]
    return _opened(path, tuple((each.stat().st_mtime_ns, each.stat().st_size) for each in parts))


@lru_cache(maxsize=2)
def _opened(path: Path, state: tuple[tuple[int, int], ...]) -> ForeignNetwork:
    if path.suffix.lower() in PAIR:
        return open_ncnn(path)
    if path.suffix.lower() in SUFFIXES:
        return open_checkpoint(path)
    if path.suffix.lower() == ONNX:
        from .onnx import open_onnx  # OpenVINO takes 0.2 s

        return open_onnx(path)
    known = ", ".join((*SUFFIXES, ONNX))
    raise ModelError(f"{path} is no network that is known here; give {known}, or .param with .bin beside it")
