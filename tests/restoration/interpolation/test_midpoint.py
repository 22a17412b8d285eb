"""Halving: which times it makes, out of what, and that it says no to the others."""

from fractions import Fraction

import pytest
import torch
from torch import Tensor, nn

from vidrestore.engine import Settings, choose
from vidrestore.engine.infer import Inference
from vidrestore.errors import UsageError
from vidrestore.models.networks.espcn import Espcn
from vidrestore.models.networks.interpolation.sepconv import SepConv
from vidrestore.models.processor import Needs, apply
from vidrestore.restoration.interpolation.midpoint import Halving

SETTINGS = Settings(device="cpu", engine="torch", precision="fp32")


class Average(nn.Module):
    """The mean of two pictures, and how often it was asked for."""

    needs = Needs(after=1, times=(Fraction(1, 2),), multiple=4)

    def __init__(self) -> None:
        super().__init__()
        self.core = nn.Identity()
        self.sizes: list[torch.Size] = []

    def prepare(self, window: Tensor) -> tuple[Tensor, ...]:
        return (window.mean(1),)

    def finish(self, window: Tensor, *core_out: Tensor) -> Tensor:
        self.sizes.append(window.shape[-2:])
        return core_out[0][:, None]


def halving(processor: nn.Module) -> Halving:
    return Halving(Inference(processor, choose(SETTINGS), SETTINGS))  # type: ignore[arg-type]


@pytest.mark.parametrize("times", ["1/2", "1/4 1/2 3/4", "3/4 1/8", "1/16 5/16 15/16"])
def test_halves_of_halves(times: str) -> None:
    asked = [Fraction(time) for time in times.split()]
    first, second = torch.zeros(3, 5, 7), torch.ones(3, 5, 7)
    for time, picture in zip(asked, halving(Average())(first, second, asked), strict=True):
        assert picture.shape == (3, 5, 7)
        assert torch.equal(picture, torch.full_like(picture, float(time)))


def test_every_picture_is_made_once() -> None:
    average = Average()
    make = halving(average)
    average.sizes.clear()
    list(make(torch.zeros(3, 5, 7), torch.ones(3, 5, 7), [Fraction(k, 8) for k in range(1, 8)]))
    assert average.sizes == [(8, 8)] * 7


@pytest.mark.parametrize("time", [Fraction(1, 3), Fraction(2, 5), Fraction(5, 12)])
def test_other_times_are_refused_with_the_way_out(time: Fraction) -> None:
    with pytest.raises(UsageError, match=f"nothing at {time} .*-x 2, 4 or 8, or take -m flow"):
        next(halving(Average())(torch.zeros(3, 5, 7), torch.ones(3, 5, 7), [Fraction(1, 2), time]))


def test_equal_pictures_give_that_picture() -> None:
    picture = torch.rand(3, 40, 50)
    make = halving(SepConv(width=0.0625, taps=5))
    assert all(torch.equal(made, picture) for made in make(picture, picture.clone(), [Fraction(1, 4), Fraction(1, 2)]))


def test_sepconv_between_pictures_of_any_size() -> None:
    torch.manual_seed(0)
    network = SepConv(width=0.0625, taps=5).eval()
    first, second = torch.rand(2, 3, 32, 64)
    (made,) = halving(network)(first, second, [Fraction(1, 2)])
    expected = apply(network, torch.stack([first, second])[None])[0, 0].clamp(0, 1)
    torch.testing.assert_close(made, expected)
    assert made.min() >= 0 and made.max() <= 1
    (odd,) = halving(network)(first[:, :31, :37], second[:, :31, :37], [Fraction(3, 4)])
    assert odd.shape == (3, 31, 37)


def test_a_network_that_makes_no_middle_is_refused() -> None:
    with pytest.raises(ValueError, match="midway"):
        halving(Espcn(2))
