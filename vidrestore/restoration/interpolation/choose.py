"""Which interpolator a model's name means. Its network is loaded later."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from ...base.settings import Quality, Settings
from ...models.processor import Needs
from ...models.weights import manifest
from ..network import Model, needs_of, network_of
from .flow_presets import PRESETS, Preset

if TYPE_CHECKING:
    from .interpolator import Installed

FLOW = "flow"
"""What `auto` takes: it makes any time, and no other network is shipped that scores as well (docs/models.md)."""


@dataclass(frozen=True, slots=True)
class Choice:
    """An interpolator that is known to be there."""

    name: str
    network: Model | None
    """None: by the optical flow alone."""
    preset: Preset
    settings: Settings
    note: str = ""
    """What a user should know before choosing it."""
    halves: bool = False
    """It makes the middle and the middles of the halves, and no other time."""

    def load(self) -> Installed:
        """The interpolator, ready to run."""
        from .flow import FlowInterpolator  # torch
        from .midpoint import Halving

        if self.network is None:
            return FlowInterpolator(self.preset.search)
        from ...engine import choose
        from ...engine.infer import Inference

        network = network_of(self.network, task="interpolate")
        inference = Inference(network, choose(self.settings), self.settings)
        if self.halves:
            return Halving(inference)
        return FlowInterpolator(self.preset.search, inference, mirrored=self.preset.mirrored)


def find(model: str, quality: Quality, settings: Settings) -> Choice:
    """The interpolator a user means: auto, flow, sepconv, a name of the manifest, or a file of weights.

    Raises:
        ModelError: an unknown model; says what there is.
    """
    preset = PRESETS[quality]
    if model in ("auto", FLOW) and not preset.fusion:
        return Choice(FLOW, None, preset, settings)
    if manifest.is_file(model):
        needs = needs_of(Path(model), task="interpolate")
        return Choice(model, Path(model), preset, settings, halves=_halves(needs))
    entry = manifest.find(FLOW if model == "auto" else model, task="interpolate")
    return Choice(entry.name, entry, preset, settings, entry.note, halves=_halves(entry.needs))


def _halves(needs: Needs) -> bool:
    return needs.times == (Fraction(1, 2),)
