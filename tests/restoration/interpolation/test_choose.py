"""Which interpolator a name brings up, and what is said where there is none."""

from fractions import Fraction
from pathlib import Path

import pytest
import torch

from vidrestore.base.settings import Retiming, Settings
from vidrestore.engine.run import facts_of
from vidrestore.errors import ModelError, UsageError
from vidrestore.models.networks.interpolation.fusion import Fusion
from vidrestore.models.networks.interpolation.sepconv import SepConv
from vidrestore.models.weights import files
from vidrestore.restoration.interpolation import choose
from vidrestore.restoration.interpolation.stage import interpolate
from vidrestore.restoration.interpolation.timing import ByFactor, Timing, ToRate

SETTINGS = Settings(device="cpu", engine="torch", precision="fp32")
PAIR = torch.rand(2, 3, 40, 48, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("model", ["auto", "flow"])
@pytest.mark.parametrize(("quality", "engine"), [("fast", "opencv"), ("balanced", "torch"), ("best", "torch")])
def test_flow_makes_any_time_and_says_what_it_runs_on(model: str, quality: str, engine: str) -> None:
    choice = choose.find(model, quality, SETTINGS)  # type: ignore[arg-type]
    assert choice.name == "flow" and not choice.halves
    made = list(choice.load()(*PAIR, [Fraction(1, 3), Fraction(4, 5)]))
    assert [picture.shape for picture in made] == [(3, 40, 48)] * 2
    assert not torch.equal(*made)
    did = interpolate(ByFactor(Fraction(2)), Retiming(model, quality), settings=SETTINGS).load().facts  # type: ignore[arg-type]
    assert (did.engine, did.device, did.precision) == (engine, "cpu", "fp32")


def test_a_file_of_ones_own_is_opened(tmp_path: Path) -> None:
    args = {"width": 0.125, "taps": 5}
    network = SepConv(**args)
    path = tmp_path / "mine.safetensors"
    path.write_bytes(files.written(network, task="interpolate", model="sepconv", args=args))
    choice = choose.find(str(path), "balanced", SETTINGS)
    (made,) = (loaded := choice.load())(*PAIR, [Fraction(1, 2)])
    assert choice.name == str(path) and choice.halves
    assert loaded.inference is not None
    did = facts_of(loaded.inference, seconds=0, frames=1)
    assert (did.engine, did.device, did.precision) == ("torch", "cpu", "fp32") and did.batch > 1
    assert made.shape == (3, 40, 48) and made.isfinite().all()


def test_a_fusion_network_of_ones_own_works_along_the_flow(tmp_path: Path) -> None:
    args = {"channels": (8, 8, 8)}
    path = tmp_path / "mine.safetensors"
    path.write_bytes(files.written(Fusion(**args), task="interpolate", model="fusion", args=args))
    choice = choose.find(str(path), "fast", SETTINGS)
    assert not choice.halves
    (made,) = choice.load()(*PAIR, [Fraction(1, 3)])
    assert made.shape == (3, 40, 48)


@pytest.mark.parametrize(
    ("timing", "duplicates"),
    [
        (ByFactor(Fraction(3)), "keep"),
        (ByFactor(Fraction(5, 2)), "keep"),
        (ToRate(Fraction(60)), "keep"),
        (ByFactor(Fraction(2)), "retime"),
    ],
)
def test_times_that_halving_cannot_make_are_refused_before_the_run(
    tmp_path: Path, timing: Timing, duplicates: str
) -> None:
    args = {"width": 0.125, "taps": 5}
    path = tmp_path / "mine.safetensors"
    path.write_bytes(files.written(SepConv(**args), task="interpolate", model="sepconv", args=args))
    retiming = Retiming(model=str(path), duplicates=duplicates)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="ask for -x 2, 4 or 8"):
        interpolate(timing, retiming, settings=SETTINGS)
    assert interpolate(ByFactor(Fraction(4)), Retiming(model=str(path)), settings=SETTINGS).model == str(path)


@pytest.mark.parametrize(
    ("model", "says"),
    [
        ("rive", "no model .rive. for interpolate.*flow"),
        ("rife", "rife is not here yet; get it with `vidrestore models get rife`"),
        ("espcn-x2", "there are: flow"),
        ("nowhere.safetensors", "no weights at nowhere.safetensors"),
    ],
)
def test_what_is_not_there_is_said_with_the_way_out(
    model: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIDRESTORE_MODELS", str(tmp_path))
    with pytest.raises(ModelError, match=says):
        choose.find(model, "balanced", SETTINGS)
