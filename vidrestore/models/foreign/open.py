"""Another program's file as a Processor, by what the file is."""

from pathlib import Path

from ...errors import ModelError
from .checkpoint import SUFFIXES, open_checkpoint
from .ncnn.open import open_ncnn
from .network import ForeignNetwork


def open_foreign(path: Path) -> ForeignNetwork:
    """The network of a file: .param and .bin of ncnn, or a checkpoint of PyTorch.

    Raises:
        ModelError: it is missing, damaged, of no known form, or no network that makes one RGB picture of one.
    """
    if path.suffix.lower() in (".param", ".bin"):
        return open_ncnn(path)
    if path.suffix.lower() in SUFFIXES:
        return open_checkpoint(path)
    raise ModelError(
        f"{path} is no network that is known here; give {', '.join(SUFFIXES)}, or .param with .bin beside it"
    )
