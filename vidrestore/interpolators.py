"""Which interpolator a model's name means, and how it is brought up."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import weights
from .between import Interpolator
from .engine import Ran, choose
from .engine.infer import Inference
from .errors import ModelError
from .flow.interpolator import FlowInterpolator
from .flow.presets import PRESETS
from .halving import Halving
from .models import Network
from .settings import Quality, Settings

FLOW = "flow"
"""What `auto` takes: it makes any time, and scores best of what is shipped (README)."""


@dataclass(frozen=True, slots=True)
class Choice:
    """An interpolator that is known to be there; nothing is loaded yet."""

    name: str
    start: Callable[[Ran], Interpolator]
    """Loads what it needs, and tells the Ran what it runs on."""
    note: str = ""
    """What a user should know before choosing it."""


def find(model: str, quality: Quality, settings: Settings) -> Choice:
    """The interpolator a user means: auto, flow, sepconv, a name of the manifest, or a file of converted weights.

    Raises:
        ModelError: an unknown model, or one whose weights are not there; says what there is.
    """
    if model in ("auto", FLOW):
        return _flow(quality, settings)
    if Path(model).suffix == ".safetensors":
        network = weights.open_file(Path(model), task="interpolate")
        return Choice(model, lambda ran: Halving(_ready(network, settings, ran)))
    entry = _shipped(model)
    return Choice(entry.name, lambda ran: Halving(_ready(weights.load(entry), settings, ran)), entry.note)


def _flow(quality: Quality, settings: Settings) -> Choice:
    preset = PRESETS[quality]
    entry = weights.find(FLOW, task="interpolate")

    def start(ran: Ran) -> Interpolator:
        if preset.fusion:
            return FlowInterpolator(preset.search, _ready(weights.load(entry), settings, ran))
        ran.engine, ran.device, ran.precision = "opencv", "cpu", "fp32"
        return FlowInterpolator(preset.search)

    return Choice(entry.name, start, entry.note)


def _shipped(model: str) -> weights.Entry:
    try:
        return weights.find(model, task="interpolate")
    except ModelError as error:
        if model != "sepconv":
            raise
        raise ModelError(
            "no trained weights of sepconv are shipped; convert a copy of your own with `vidrestore models convert` "
            "and give its file with -m, or use -m flow"
        ) from error


def _ready(network: Network, settings: Settings, ran: Ran) -> Inference:
    engine = choose(settings)
    ran.engine, ran.device, ran.precision = engine.name, str(engine.device), engine.precision
    return Inference(network, engine, settings)
