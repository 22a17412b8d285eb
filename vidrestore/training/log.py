"""The log of a training run: settings.json, log.csv, TensorBoard's files."""

import csv
import importlib.util
import json
from collections.abc import Mapping
from dataclasses import asdict
from io import StringIO
from pathlib import Path

from ..base.files import write_whole
from .loop import Progress
from .recipes import Recipe

MEASURED = ("step", "loss", "psnr", "baseline")
COLUMNS = (*MEASURED, "more")


def write_settings(folder: Path, recipe: Recipe, facts: Mapping[str, object]) -> None:
    """settings.json: everything that the recipe says, and `facts` about this run."""
    folder.mkdir(parents=True, exist_ok=True)
    content = json.dumps({**facts, "recipe": asdict(recipe)}, indent=1, default=str)
    write_whole(folder / "settings.json", f"{content}\n".encode(), overwrite=True)


class Log:
    """Losses and scores of a run under `folder`: a row of log.csv each, and TensorBoard's where that is installed."""

    def __init__(self, folder: Path, *, step: int = 0, rank: int = 0) -> None:
        """`step`: from which the run goes on; later rows are dropped. `rank`: only the first process writes."""
        self._writer, self._table = None, None if rank else folder / "log.csv"
        if self._table is None:
            return
        folder.mkdir(parents=True, exist_ok=True)
        _keep(self._table, step)
        if importlib.util.find_spec("tensorboard"):  # pip install "vidrestore[train]"
            from torch.utils.tensorboard.writer import SummaryWriter

            self._writer = SummaryWriter(str(folder), purge_step=step + 1 if step else None)

    def write(self, progress: Progress) -> None:
        """Add one report."""
        if self._table:
            with self._table.open("a", newline="", encoding="utf-8") as file:
                more = " ".join(f"{name}={value:.6g}" for name, value in progress.more.items())
                csv.writer(file).writerow([*(getattr(progress, name) for name in MEASURED), more])
        if self._writer:
            values = {name: getattr(progress, name) for name in MEASURED[1:]}
            for name, value in {**values, **progress.more}.items():
                self._writer.add_scalar(name, value, progress.step)
            self._writer.flush()


def _keep(table: Path, step: int) -> None:
    """The rows up to a step: what came after the checkpoint is made again."""
    rows = list(csv.reader(table.read_text(encoding="utf-8").splitlines())) if table.exists() else []
    kept = [row for row in rows[1:] if row and row[0].isdecimal() and int(row[0]) <= step]
    content = StringIO(newline="")
    csv.writer(content).writerows([COLUMNS, *kept])
    write_whole(table, content.getvalue().encode(), overwrite=True)
