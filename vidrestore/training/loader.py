"""Loads batches in other processes; errors arrive as they were raised."""

from collections.abc import Iterator

from torch.utils.data import DataLoader, Dataset, Subset

from ..errors import VidrestoreError
from .validate import Pair


def batches(dataset: Dataset[Pair], steps: range, *, workers: int, pinned: bool) -> Iterator[Pair]:
    """Those numbered `steps`, in order, prepared by `workers` processes; 0: by this one.

    With processes, a script that calls this must be one that can be imported (`if __name__ == "__main__"`).

    Args:
        pinned: in memory that a GPU copies from without waiting.
    """
    left = Subset(_Carrying(dataset), steps)
    # Spawned: a fork of a process whose libraries have threads, as OpenCV's here, may wait for them for ever.
    context = "spawn" if workers else None
    loader = DataLoader(left, batch_size=None, num_workers=workers, pin_memory=pinned, multiprocessing_context=context)
    for pair in loader:
        if isinstance(pair, VidrestoreError):
            raise pair
        yield pair


class _Carrying(Dataset[Pair | VidrestoreError]):
    """An error is handed on as an item: raised in a worker, its message would become the worker's whole traceback."""

    def __init__(self, dataset: Dataset[Pair]) -> None:
        self._dataset = dataset

    def __getitem__(self, step: int) -> Pair | VidrestoreError:
        try:
            return self._dataset[step]
        except VidrestoreError as error:
            return error
