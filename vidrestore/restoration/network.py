"""Networks by name or by file: finding one, what it needs, how it is named, and loading it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.settings import Settings
from ..errors import ModelError
from ..models.processor import Needs
from ..models.weights import catalogue, manifest
from ..models.weights.catalogue import Known

if TYPE_CHECKING:
    from ..models.foreign.between import NcnnBetween
    from ..models.foreign.network import ForeignNetwork
    from ..models.networks import Network

Model = manifest.Entry | Known | Path
"""A row of the manifest, a row of the catalogue, or a file of weights."""


def find(name: str, *, task: str, scale: int | None = None) -> Model:
    """The network a user means: a file, a name of `models list`, or a family's name with the scale.

    Raises:
        ModelError: for an unknown name, or one that has not been got yet; a file is missing, or for another task.
    """
    if manifest.is_file(name):
        manifest.check_file(Path(name), task=task)
        return Path(name)
    if (known := catalogue.find(name, task=task, scale=scale)) is None:
        try:
            return manifest.find(name, task=task, scale=scale)
        except ModelError as error:
            raise ModelError(f"{error}{_meant(name)}") from error
    known.check()
    return known


def _rows() -> list[manifest.Entry | Known]:
    return [*manifest.rows().values(), *catalogue.rows().values()]


def _meant(name: str) -> str:
    """What else to say of a name that a command does not know: what it is for, or which open model is called alike."""
    if uses := [f"{row.name} is for {row.task}" for row in _rows() if name in (row.name, row.family)]:
        return f"; {', '.join(uses)}"
    known = {word for row in catalogue.rows().values() for word in (row.name, row.family)}
    alike = get_close_matches(name, sorted(known), n=1)
    return f"; or {alike[0]}, an open model of others" if alike else ""


def name_of(model: Model) -> str:
    """As reports have it."""
    return str(model) if isinstance(model, Path) else model.name


def task_of(name: str) -> str:
    """The command that a network or a family is for; empty where there is none of that name.

    Of another program's file: interpolate of RIFE's; else upscale, or clean where it keeps the size.

    Raises:
        ModelError: a file is missing or damaged.
    """
    if not manifest.is_file(name):
        return next((row.task for row in _rows() if name in (row.name, row.family)), "")
    if not manifest.is_foreign(Path(name)):
        return manifest.about(Path(name)).task
    from ..models.foreign.between import makes_between  # torch
    from ..models.foreign.open import open_foreign

    if makes_between(Path(name)):
        return "interpolate"
    return "upscale" if open_foreign(Path(name)).needs.scale > 1 else "clean"


def needs_of(model: Model, *, task: str) -> Needs:
    """What a network needs.

    Raises:
        ModelError: the file is missing or damaged, or of another task.
    """
    return model.needs if isinstance(model, manifest.Entry) else network_of(model, task=task).needs


def notes_of(model: Model, *, task: str) -> tuple[str, ...]:
    """What a user should know of a network before choosing it. ModelError: as `needs_of`."""
    if isinstance(model, manifest.Entry):
        return (model.note,) if model.note else ()
    network = network_of(model, task=task)
    from ..models.foreign.network import ForeignNetwork  # torch, as `network_of`

    return (network.note,) if isinstance(network, ForeignNetwork) and network.note else ()


def network_of(model: Model, *, task: str) -> Network | ForeignNetwork | NcnnBetween:
    """A network with its weights.

    Raises:
        ModelError: it is damaged, or of another task.
    """
    if isinstance(model, Path):
        manifest.check_file(model, task=task)
    if isinstance(model, Known):
        model.check()
    from ..models.weights import files  # torch: planning a run does without it, but for files

    if isinstance(model, manifest.Entry):
        return files.load(model)
    return files.open_file(model if isinstance(model, Path) else model.path, task=task)


LEAST_BF16 = 45.0
"""dB that bf16 keeps to fp32 in a network of another program: what differs less is not seen."""


def precisely_enough(networks: Iterable[object], settings: Settings) -> Settings:
    """The settings with a precision in which these networks still make what they make in fp32, where it is theirs."""
    from ..models.foreign.network import ForeignNetwork  # torch, as `network_of`

    rough = any(isinstance(each, ForeignNetwork) and each.bf16 < LEAST_BF16 for each in networks)
    return replace(settings, precision="fp32") if rough and settings.precision == "auto" else settings


def key_of(model: Model) -> str:
    """What tells the weights of a model apart from all others: their sha256."""
    if isinstance(model, manifest.Entry):
        return model.sha256
    return model.digest if isinstance(model, Known) else manifest.digest(model)
