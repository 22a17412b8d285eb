"""Networks by row of the manifest or by file: what they need, how they are named, and loading them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..models.processor import Needs
from ..models.weights import manifest

if TYPE_CHECKING:
    from ..models.networks import Network

Model = manifest.Entry | Path
"""A row of the manifest, or a file of weights."""


def is_file(name: str) -> bool:
    """Whether a model's name is that of a file."""
    return Path(name).suffix == ".safetensors"


def needs_of(path: Path, *, task: str) -> Needs:
    """What the network of a file needs.

    Raises:
        ModelError: the file is missing or damaged, or of another task.
    """
    manifest.about_for(path, task=task)
    return network_of(path, task=task).needs


def network_of(model: Model, *, task: str) -> Network:
    """A network with its weights.

    Raises:
        ModelError: it is damaged, or of another task.
    """
    from ..models.weights import files  # torch: planning a run does without it, but for files

    return files.open_file(model, task=task) if isinstance(model, Path) else files.load(model)


def weights_key(name: str) -> str:
    """What tells the weights of a model apart from all others: their sha256, or where there are none the name."""
    return manifest.digest(name) or name
