"""AnyTime: every time asked for in order, coarser where motion is long or the picture large, two looks at best."""

import math
from fractions import Fraction
from pathlib import Path

import pytest
import torch
from torch import Tensor

from tests.models.rife_files import random_rife, write_ncnn, write_pickle
from vidrestore.base.settings import Retiming, Settings
from vidrestore.engine.run import facts_of
from vidrestore.models.foreign.between import open_between
from vidrestore.models.processor import apply
from vidrestore.restoration.interpolation import any_time, choose
from vidrestore.restoration.interpolation.any_time import AnyTime
from vidrestore.restoration.interpolation.stage import interpolate
from vidrestore.restoration.interpolation.timing import ToRate

SETTINGS = Settings(device="cpu", engine="torch", precision="fp32")
TIMES = [Fraction(1, 5), Fraction(1, 2), Fraction(6, 7)]
NETWORK = random_rife((8, 8, 8, 8))


def pair(height: int = 64, width: int = 64) -> Tensor:
    return torch.rand(2, 3, height, width, generator=torch.Generator().manual_seed(1))


def by_hand(first: Tensor, second: Tensor, time: Fraction, coarseness: int = 1) -> Tensor:
    window = torch.stack((first, second, torch.full_like(first, float(time))))[None]
    with torch.no_grad():
        return apply(NETWORK.at(coarseness, math.inf), window)[0, 0]


def test_every_time_is_made_as_the_network_makes_it() -> None:
    first, second = pair()
    made = list(AnyTime(NETWORK, SETTINGS)(first, second, TIMES))
    for picture, time in zip(made, TIMES, strict=True):
        torch.testing.assert_close(picture, by_hand(first, second, time), atol=1e-5, rtol=0)
    assert not torch.equal(made[0], made[2])


def test_equal_pictures_stay() -> None:
    first, _ = pair()
    assert all(torch.equal(made, first) for made in AnyTime(NETWORK, SETTINGS)(first, first.clone(), TIMES))


def test_odd_sizes() -> None:
    (made,) = AnyTime(NETWORK, SETTINGS)(*pair(51, 37), TIMES[:1])
    assert made.shape == (3, 51, 37) and made.isfinite().all()


def test_best_is_the_mean_of_two_looks() -> None:
    first, second = pair()
    (made,) = AnyTime(NETWORK, SETTINGS, "best")(first, second, TIMES[:1])
    turned = by_hand(first.flip(-1), second.flip(-1), TIMES[0]).flip(-1)
    torch.testing.assert_close(made, (by_hand(first, second, TIMES[0]) + turned) / 2, atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("quality", "large", "coarseness"), [("fast", False, 2), ("balanced", True, 2), ("fast", True, 4)]
)
def test_motion_is_searched_more_coarsely(
    quality: str, large: bool, coarseness: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(any_time, "LARGE", 128 * 128 - large)
    first, second = pair(128, 128)
    (made,) = AnyTime(NETWORK, SETTINGS, quality)(first, second, TIMES[:1])  # type: ignore[arg-type]
    torch.testing.assert_close(made, by_hand(first, second, TIMES[0], coarseness), atol=1e-5, rtol=0)


def test_where_motion_is_too_long_it_is_searched_again(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = pair()
    changes = [float(NETWORK.core(first[None], second[None], torch.full((1, 1, 64, 64), float(t)))[-1]) for t in TIMES]
    monkeypatch.setattr(any_time, "LONGEST", sorted(changes)[1] + 1e-4)  # one of three is beyond
    made = list(AnyTime(NETWORK, SETTINGS)(first, second, TIMES))
    coarseness = [2 if change == max(changes) else 1 for change in changes]
    assert sorted(coarseness) == [1, 1, 2]
    for picture, time, each in zip(made, TIMES, coarseness, strict=True):
        torch.testing.assert_close(picture, by_hand(first, second, time, each), atol=1e-5, rtol=0)


def test_openvino_computes_motion_in_fp32_unless_asked_otherwise() -> None:
    precisions = {
        asked: facts_of(
            AnyTime(NETWORK, Settings(device="cpu", engine=engine, precision=asked)).inference, seconds=0, frames=1
        ).precision  # type: ignore[arg-type]
        for engine, asked in (("openvino", "auto"), ("torch", "bf16"))
    }
    assert precisions == {"auto": "fp32", "bf16": "bf16"}
    (made,) = AnyTime(NETWORK, Settings(device="cpu", engine="openvino"))(*pair(), TIMES[:1])
    torch.testing.assert_close(made, by_hand(*pair(), TIMES[0]), atol=1e-4, rtol=0)


def test_files_serve_interpolate(tmp_path: Path) -> None:
    param, pickle = write_ncnn(tmp_path, NETWORK), write_pickle(tmp_path / "flownet.pkl")
    for path, expected in ((param, 128), (pickle, 32)):
        choice = choose.find(str(path), "balanced", SETTINGS)
        assert choice.needs is not None and choice.needs.multiple == expected and not choice.halves
    step = interpolate(ToRate(Fraction(60)), Retiming(model=str(param), duplicates="retime"), settings=SETTINGS)
    assert step.model == str(param)
    first, second = pair(128, 128)
    (made,) = AnyTime(open_between(param), SETTINGS)(first, second, TIMES[:1])
    torch.testing.assert_close(made, by_hand(first, second, TIMES[0]), atol=1e-5, rtol=0)
