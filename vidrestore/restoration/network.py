"""Networks by row of the manifest or by file: what they need, how they are named, and loading them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.settings import Settings
from ..models.processor import Needs
from ..models.weights import manifest

if TYPE_CHECKING:
    from ..models.foreign.network import ForeignNetwork
    from ..models.networks import Network

Model = manifest.Entry | Path
"""A row of the manifest, or a file of weights."""


def needs_of(path: Path, *, task: str) -> Needs:
    """What the network of a file needs.

    Raises:
        ModelError: the file is missing or damaged, or of another task.
    """
    return network_of(path, task=task).needs


def notes_of(path: Path, *, task: str) -> tuple[str, ...]:
    """What a user should know of the network of a file. ModelError: as `needs_of`."""
    network = network_of(path, task=task)
    from ..models.foreign.network import ForeignNetwork  # torch, as `network_of`

    return (network.note,) if isinstance(network, ForeignNetwork) and network.note else ()


def network_of(model: Model, *, task: str) -> Network | ForeignNetwork:
    """A network with its weights.

    Raises:
        ModelError: it is damaged, or of another task.
    """
    if isinstance(model, Path):
        manifest.check_file(model, task=task)
    from ..models.weights import files  # torch: planning a run does without it, but for files

    return files.open_file(model, task=task) if isinstance(model, Path) else files.load(model)


LEAST_BF16 = 45.0
"""dB that bf16 keeps to fp32 in a network of another program: what differs less is not seen."""


def precisely_enough(networks: Iterable[object], settings: Settings) -> Settings:
    """The settings with a precision in which these networks still make what they make in fp32, where it is theirs."""
    from ..models.foreign.network import ForeignNetwork  # torch, as `network_of`

    rough = any(isinstance(each, ForeignNetwork) and each.bf16 < LEAST_BF16 for each in networks)
    return replace(settings, precision="fp32") if rough and settings.precision == "auto" else settings


def weights_key(name: str) -> str:
    """What tells the weights of a model apart from all others: their sha256, or where there are none the name."""
    return manifest.digest(name) or name
