"""Another program's file as a Processor, by what the file is."""

from pathlib import Path

from ...errors import ModelError
from .ncnn.open import open_ncnn
from .network import ForeignNetwork


def open_foreign(path: Path) -> ForeignNetwork:
    """The network of a file: .param and .bin of ncnn.

    Raises:
        ModelError: it is missing, damaged, of no known form, or no network that makes one RGB picture of one.
    """
    if path.suffix.lower() in (".param", ".bin"):
        return open_ncnn(path)
    raise ModelError(f"{path} is no network that is known here; give .param with .bin beside it")
