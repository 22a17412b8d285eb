"""TensorBoard's view of a run, where tensorboard is installed (`pip install "vidrestore[train]"`)."""

import importlib.util
from pathlib import Path

from .loop import Progress


class Log:
    """Scalars of a run under `folder`; without tensorboard nothing is written, the checkpoints are all there is."""

    def __init__(self, folder: Path, *, rank: int = 0) -> None:
        """`rank`: of the process under torchrun; only the first one writes."""
        self._writer = None
        if rank == 0 and importlib.util.find_spec("tensorboard"):
            from torch.utils.tensorboard.writer import SummaryWriter

            self._writer = SummaryWriter(str(folder))

    def write(self, progress: Progress) -> None:
        """Add one report."""
        if self._writer:
            for name, value in (("loss", progress.loss), ("psnr", progress.psnr), ("baseline", progress.baseline)):
                self._writer.add_scalar(name, value, progress.step)
            self._writer.flush()
