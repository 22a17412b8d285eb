"""Which interpolator a model's name means, and how it is brought up."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path

from torch import Tensor

from . import weights
from .between import Interpolator
from .engine import Ran, choose
from .engine.infer import Inference
from .flow.interpolator import FlowInterpolator
from .flow.presets import PRESETS, Preset
from .halving import MIDDLE, Halving
from .models import Network
from .settings import Quality, Settings

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
        return Choice(FLOW, partial(_without_network, preset))
    if Path(model).suffix == ".safetensors":
        network = weights.open_file(Path(model), task="interpolate")
        return Choice(model, partial(_with_network, network, preset, settings), halves=_halves(network))
    entry = weights.find(FLOW if model == "auto" else model, task="interpolate")

    def start(ran: Ran) -> Interpolator:
        return _with_network(weights.load(entry), preset, settings, ran)

    return Choice(entry.name, start, entry.note, halves=_halves(weights.build(entry)))


def _halves(network: Network) -> bool:
    return network.needs.times == (MIDDLE,)


def _without_network(preset: Preset, ran: Ran) -> Interpolator:
    ran.engine, ran.device, ran.precision = "opencv", "cpu", "fp32"
    return FlowInterpolator(preset.search)


def _with_network(network: Network, preset: Preset, settings: Settings, ran: Ran) -> Interpolator:
    engine = choose(settings)
    ran.began(engine)
    inference = Inference(network, engine, settings)
    between: Interpolator
    if _halves(network):
        between = Halving(inference)
    else:
        between = FlowInterpolator(preset.search, inference, mirrored=preset.mirrored)

    def told(first: Tensor, second: Tensor, times: Sequence[Fraction]) -> list[Tensor]:
        made = between(first, second, times)
        ran.note(inference)
        return made

    return told
