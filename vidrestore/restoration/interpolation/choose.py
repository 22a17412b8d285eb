"""Which interpolator a model's name means. Networks are loaded when it starts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from ...base.settings import Quality, Settings
from ...models.processor import Needs
from ...models.weights import manifest
from .flow_presets import PRESETS, Preset

if TYPE_CHECKING:
    from ...engine import Ran
    from .interpolator import Interpolator

FLOW = "flow"
"""What `auto` takes: it makes any time, and no other network is shipped that scores as well (README)."""


@dataclass(frozen=True, slots=True)
class Choice:
    """An interpolator that is known to be there; its network is loaded when it starts."""

    name: str
    start: Callable[[Ran], Interpolator]
    """Loads what it needs, and tells the Ran what it runs on."""
    note: str = ""
    """What a user should know before choosing it."""
    halves: bool = False
    """It makes the middle and the middles of the halves, and no other time."""


def find(model: str, quality: Quality, settings: Settings) -> Choice:
    """The interpolator a user means: auto, flow, sepconv, a name of the manifest, or a file of weights.

    Raises:
        ModelError: an unknown model; says what there is.
    """
    preset = PRESETS[quality]
    if model in ("auto", FLOW) and not preset.fusion:
        return Choice(FLOW, _starting(None, preset, settings))
    if Path(model).suffix == ".safetensors":
        manifest.about_for(Path(model), task="interpolate")

        from ...models.weights import files  # torch: what a file's network needs is known once it is built

        needs = files.open_file(Path(model), task="interpolate").needs
        return Choice(model, _starting(Path(model), preset, settings), halves=_halves(needs))
    entry = manifest.find(FLOW if model == "auto" else model, task="interpolate")
    return Choice(entry.name, _starting(entry, preset, settings), entry.note, halves=_halves(entry.needs))


def _halves(needs: Needs) -> bool:
    return needs.times == (Fraction(1, 2),)


def _starting(model: manifest.Entry | Path | None, preset: Preset, settings: Settings) -> Callable[[Ran], Interpolator]:
    def start(ran: Ran) -> Interpolator:
        from .. import stage_work as work  # torch

        network = None if model is None else work.network_of(model, task="interpolate")
        return work.interpolator(network, preset, settings, ran)

    return start
