"""The base of all data sets: numbered batches of random samples."""

from abc import ABC, abstractmethod

import numpy as np
import torch
from torch.utils.data import Dataset

from ..validate import Pair


class Samples(Dataset[Pair], ABC):
    """Batch number `step` at index `step`: a pure function of seed and step, so that a run resumes exactly."""

    def __init__(self, *, batch: int, seed: int, steps: int) -> None:
        self._batch, self._seed, self._steps = batch, seed, steps

    def __len__(self) -> int:
        return self._steps

    def __getitem__(self, step: int) -> Pair:
        rng = np.random.default_rng((self._seed, step))
        windows, targets = zip(*(self._sample(rng) for _ in range(self._batch)), strict=True)
        return torch.stack(windows), torch.stack(targets)

    @abstractmethod
    def _sample(self, rng: np.random.Generator) -> Pair:
        """One window (T, C, h, w) and what should come of it (K, C, H, W), both in [0, 1]."""
