"""Which interpolator a model's name means. Its network is loaded later."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from ...base.settings import OnDoubt, Quality, Retiming, Settings
from ...models.processor import Needs
from ..network import Model, key_of, name_of, needs_of, network_of, notes_of
from ..network import find as find_network
from .motion.presets import PRESETS

if TYPE_CHECKING:
    from .interpolator import Installed

RETIMING = Retiming()
FLOW = "flow"
"""What `auto` takes: it makes any time, and no other network that can be had scores as well (docs/models.md)."""


@dataclass(frozen=True, slots=True)
class Choice:
    """An interpolator that is known to be there."""

    name: str
    network: Model | None
    """None: by the optical flow alone."""
    quality: Quality
    settings: Settings
    on_doubt: OnDoubt
    note: str = ""
    """What a user should know before choosing it."""
    needs: Needs | None = None
    """The network's."""

    @property
    def key(self) -> str:
        """What tells its weights apart from all others."""
        return self.name if self.network is None else key_of(self.network)

    @property
    def halves(self) -> bool:
        """It makes the middle and the middles of the halves, and no other time."""
        return self.needs is not None and self.needs.times == (Fraction(1, 2),)

    @property
    def reach(self) -> int:
        """Frames before a gap that may change what is made in it: those of RIFE do not."""
        return 0 if self.halves else 1

    def load(self) -> Installed:
        """The interpolator, ready to run."""
        from ...models.foreign.between import NcnnBetween  # torch, as all here
        from ...models.networks.interpolation.rife import Rife
        from .any_time import AnyTime
        from .flow import FlowInterpolator
        from .midpoint import Halving

        preset = PRESETS[self.quality]
        if self.network is None or self.needs is None:
            return FlowInterpolator(preset.search, on_doubt=self.on_doubt)
        network = network_of(self.network, task="interpolate")
        if isinstance(network, Rife | NcnnBetween):
            return AnyTime(network, self.settings, self.quality)
        from ...engine import choose
        from ...engine.infer import Inference

        inference = Inference(network, choose(self.settings), self.settings)
        if self.halves:
            return Halving(inference)
        return FlowInterpolator(preset.search, inference, mirrored=preset.mirrored, on_doubt=self.on_doubt)


def find(model: str, quality: Quality, settings: Settings, on_doubt: OnDoubt = RETIMING.on_doubt) -> Choice:
    """The interpolator a user means: auto, flow, a name of `models list`, or a file with a network.

    Raises:
        ModelError: an unknown model, or one that has not been got yet; says what there is.
    """
    if model in ("auto", FLOW) and not PRESETS[quality].fusion:
        return Choice(FLOW, None, quality, settings, on_doubt)
    found = find_network(FLOW if model == "auto" else model, task="interpolate")
    needs, notes = needs_of(found, task="interpolate"), notes_of(found, task="interpolate")
    return Choice(name_of(found), found, quality, settings, on_doubt, " ".join(notes), needs)
