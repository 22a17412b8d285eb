"""Which interpolator a name brings up, and what is said where there is none."""

from fractions import Fraction
from pathlib import Path

import pytest
import torch

from vidrestore import interpolators, weights
from vidrestore.engine import Ran
from vidrestore.errors import ModelError
from vidrestore.flow.interpolator import FlowInterpolator
from vidrestore.halving import Halving
from vidrestore.models.sepconv import SepConv
from vidrestore.settings import Settings

SETTINGS = Settings(device="cpu", engine="torch", precision="fp32")
PAIR = torch.rand(2, 3, 40, 48, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("model", ["auto", "flow"])
@pytest.mark.parametrize(("quality", "engine"), [("fast", "opencv"), ("balanced", "torch"), ("best", "torch")])
def test_flow_makes_any_time_and_says_what_it_runs_on(model: str, quality: str, engine: str) -> None:
    ran = Ran()
    choice = interpolators.find(model, quality, SETTINGS)  # type: ignore[arg-type]
    assert choice.name == "flow"
    interpolate = choice.start(ran)
    assert isinstance(interpolate, FlowInterpolator)
    made = interpolate(*PAIR, [Fraction(1, 3), Fraction(4, 5)])
    assert [picture.shape for picture in made] == [(3, 40, 48)] * 2
    assert not torch.equal(*made)
    assert (ran.engine, ran.device, ran.precision) == (engine, "cpu", "fp32")


def test_a_file_of_ones_own_is_opened(tmp_path: Path) -> None:
    args = {"width": 0.125, "taps": 5}
    network = SepConv(**args)
    path = tmp_path / "mine.safetensors"
    path.write_bytes(weights.written(network, task="interpolate", model="sepconv", args=args))
    choice = interpolators.find(str(path), "balanced", SETTINGS)
    interpolate = choice.start(Ran())
    assert choice.name == str(path) and isinstance(interpolate, Halving)
    (made,) = interpolate(*PAIR, [Fraction(1, 2)])
    assert made.shape == (3, 40, 48) and made.isfinite().all()


@pytest.mark.parametrize(
    ("model", "says"),
    [
        ("sepconv", "models convert"),
        ("rife", "there are: flow"),
        ("espcn-x2", "there are: flow"),
        ("nowhere.safetensors", "no weights at nowhere.safetensors"),
    ],
)
def test_what_is_not_there_is_said_with_the_way_out(model: str, says: str) -> None:
    with pytest.raises(ModelError, match=says):
        interpolators.find(model, "balanced", SETTINGS)
