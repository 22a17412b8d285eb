"""Plan: what workers are told of a job; Made: what they give back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .... import __version__
from ....base.facts import Facts
from ...job import Job
from ..times import Times


@dataclass(frozen=True, slots=True)
class Plan:
    """A job, and how it is cut into pieces."""

    key: str
    """No other plan has it."""
    job: Job
    times: Times
    """Of the source's frames."""
    frames: int
    """Of the result in each piece; the last may have fewer."""
    measure: bool
    """As `pipeline.restore`."""


@dataclass(frozen=True, slots=True)
class Made:
    """A piece as it lies in OUTPUT.part."""

    number: int
    """From 1."""
    index: bytes
    """The list of what is in `data`, as JSON; empty: the result ends before this piece."""
    data: bytes
    frames: int
    seconds: Mapping[str, float] = field(default_factory=dict)
    """Busy, by name, for this piece."""
    facts: Facts = Facts()  # noqa: RUF009 (it is frozen)
    """Of this piece."""


def build() -> dict[str, str]:
    """What a result depends on beside a job: the versions of the programs, and the weights."""
    from importlib.metadata import version
    from pathlib import Path

    from ....base.cache import code_of
    from ....models.weights import manifest

    code = code_of(Path(__file__).parents[3]).hex()[:8]
    found = {"vidrestore": f"{__version__} (code {code})"}
    found |= {name: version(name) for name in ("torch", "av", "openvino", "opencv-python-headless", "numpy")}
    return found | {f"weights of {name}": row.sha256[:12] for name, row in manifest.rows().items()}


def differences(here: Mapping[str, str], there: Mapping[str, str]) -> list[str]:
    """What of two builds is not the same, in words."""
    names = [name for name in {**here, **there} if here.get(name) != there.get(name)]
    return [f"{name}: {there.get(name, 'none')} there, {here.get(name, 'none')} here" for name in names]
