"""The files that a job reads: its source, and the weights that are not shipped; sent along, and found again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from ....models.weights.catalogue import Known
from ...stage import Stage
from .plan import Plan
from .source import Source, network, relocated, send, states

Ref = TypeVar("Ref")
Place = Callable[[Path], Path]


@dataclass(frozen=True, slots=True)
class Files(Generic[Ref]):
    """What the workers of a plan are told of its files."""

    source: Source[Ref]
    networks: tuple[tuple[str, Source[Ref]], ...]
    """A user's own, another program's, or got by name; with the names of their first files, in the steps' order."""


def files_of(plan: Plan, home: str, put: Callable[[bytes], Ref] | None, *, shared: bool) -> Files[Ref]:
    """The files of a plan, as they are on this machine.

    Args:
        home: names this machine, among those of the cluster.
        put: keeps a block of bytes for all machines; None: there are no others.
        shared: every machine sees the source at the same path; weights are sent all the same.

    Raises:
        OSError: one cannot be read.
    """
    path = plan.job.info.path.absolute()
    state = states(path)
    sent = () if put is None or shared else tuple(send(path, state, put))
    source = Source(plan.key, path, state, "" if shared else home, sent)
    networks = ((each.name, network(each.absolute(), home, put)) for each in weight_files(plan.job.stages))
    return Files(source, tuple(networks))


def on_machine(plan: Plan, files: Files[Ref], place: Callable[[Source[Ref]], Path]) -> Plan:
    """The plan for a machine on which `place` tells where each source lies."""
    places = (place(source) / name for name, source in files.networks)
    stages = moved(plan.job.stages, lambda _: next(places))
    return replace(plan, job=replace(plan.job, info=relocated(plan.job.info, place(files.source)), stages=stages))


def weight_files(stages: Sequence[Stage]) -> list[Path]:
    """The first file of each network of these steps that is not shipped."""
    found: list[Path] = []

    def take(path: Path) -> Path:
        found.append(path)
        return path

    moved(stages, take)
    return found


def moved(stages: Sequence[Stage], place: Place) -> tuple[Stage, ...]:
    """The same steps, with their weights where `place` says; those of the catalogue become files like others."""
    return tuple(_moved(stage, place) for stage in stages)


def _moved(value: Any, place: Place) -> Any:  # noqa: ANN401 (fields of every kind)
    if isinstance(value, Known):
        value = value.path
    if isinstance(value, Path):
        return place(value)
    if type(value) is tuple:
        return tuple(_moved(each, place) for each in value)
    if not is_dataclass(value) or isinstance(value, type):
        return value
    old = {field.name: getattr(value, field.name) for field in fields(value) if field.init}
    new = {name: _moved(each, place) for name, each in old.items()}
    changed = {name: each for name, each in new.items() if each != old[name]}
    return replace(value, **changed) if changed else value
