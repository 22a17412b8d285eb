"""Task: what a recipe learns from."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from torch.utils.data import Dataset

from ..validate import Held, Pair


class MakeBatches(Protocol):
    """Starts a run over material."""

    def __call__(self, *, batch: int, seed: int, steps: int) -> Dataset[Pair]:
        """Batch number `step` at index `step`: a pure function of seed and step, so that a run resumes exactly."""


@dataclass(frozen=True, slots=True)
class Material:
    """A folder, opened: what is learned from, and what is held back."""

    batches: MakeBatches
    held: Held


class Task(Protocol):
    """How a folder becomes material."""

    @property
    def command(self) -> str:
        """That the trained network serves: upscale, interpolate."""

    def open(self, data: Path, scratch: Path) -> Material:
        """Find what is in `data`.

        Args:
            scratch: a folder for what is worth keeping unpacked from one run to the next; it need not exist yet.

        Raises:
            InputError: there is nothing to learn from, or a file cannot be read.
        """
