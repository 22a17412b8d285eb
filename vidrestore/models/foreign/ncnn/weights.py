"""The numbers of a .bin file, read in order; no more is allocated than the file has."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ....errors import ModelError

FP16, BF16, INT8, RAW = 0x01306B47, 0x01348B83, 0x000D4B38, 0x0002C056
"""Tags before an array of weights. 0 is fp32 too; any other number stands before a table of 256 values."""
LARGEST = 4 << 30
"""Bytes that a file may have."""
TABLE = 256


class Weights:
    """The arrays of one file, in the order in which the layers take them.

    Raises:
        ModelError: the file is missing or too large.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise ModelError(f"no file {path}; a network of ncnn is two files, NAME.param and NAME.bin")
        if path.stat().st_size > LARGEST:
            raise ModelError(f"{path} is larger than {LARGEST >> 30} GiB")
        self.path = path
        self.data = path.read_bytes()
        self.at = 0

    def plain(self, count: int) -> Tensor:
        """`count` numbers of fp32. ModelError: the file ends before, or they are not finite."""
        return self._finite(self._take("<f4", count))

    def tagged(self, count: int) -> Tensor:
        """`count` numbers, in the form that a tag before them says; int8 where that is it, else float32.

        Raises:
            ModelError: the file ends before, or they are not finite.
        """
        tag = int(self._take("<u4", 1)[0])
        if tag == FP16:
            return self._finite(self._take("<f2", count))
        if tag == BF16:
            # The upper half of a float32.
            return self._finite((self._take("<u2", count).astype(np.uint32) << 16).view(np.float32))
        if tag == INT8:
            return torch.from_numpy(self._take("i1", count).copy())
        if tag in (0, RAW):
            return self.plain(count)
        table = self._take("<f4", TABLE)
        return self._finite(table[self._take("u1", count)])

    def finish(self) -> None:
        """ModelError: something is left, so that these are not the weights of the layers that took them."""
        if left := len(self.data) - self.at:
            raise ModelError(f"{self.path} has {left} bytes more than the layers need: it belongs to another .param")

    def _take(self, form: str, count: int) -> "np.ndarray[tuple[int], np.dtype[np.generic]]":
        kind = np.dtype(form)
        size, left = count * kind.itemsize, len(self.data) - self.at
        if count < 0 or size > left:
            raise ModelError(
                f"{self.path} is truncated, or belongs to another .param: {count} numbers are due at byte {self.at}, "
                f"where {left} bytes are left"
            )
        taken = np.frombuffer(self.data, kind, count, self.at)
        self.at = min(self.at + size + -size % 4, len(self.data))  # arrays start at multiples of four bytes
        return taken

    def _finite(self, found: "np.ndarray[tuple[int], np.dtype[np.generic]]") -> Tensor:
        numbers = torch.from_numpy(found.astype(np.float32))
        if not numbers.isfinite().all():
            raise ModelError(f"{self.path} is damaged, or belongs to another .param: a weight is not a number")
        return numbers
