"""MSResNet: parameters, pyramids, the order of its levels, how far it sees, and sizes that are no multiple of 4."""

import pytest
import torch
from skimage.transform import pyramid_gaussian
from torch import Tensor

from vidrestore.engine import Settings, choose
from vidrestore.engine.infer import Inference
from vidrestore.frame.resize import imresize
from vidrestore.models.networks.msresnet import BICUBIC_HALF, BICUBIC_QUARTER, MSResNet, shrink
from vidrestore.models.processor import apply


@pytest.mark.parametrize(
    ("blocks", "up", "count"),
    [
        (9, "shuffle", 5_573_481),
        (9, "transpose", 5_571_825),
        (19, "shuffle", 11_721_321),
        (19, "transpose", 11_719_665),
    ],
)
def test_parameters_are_the_documents(blocks: int, up: str, count: int) -> None:
    with torch.device("meta"):
        assert sum(p.numel() for p in MSResNet(blocks, up=up).parameters()) == count


def test_width_is_a_factor_on_the_channels() -> None:
    assert MSResNet(1, width=0.25).core.levels[0][0].out_channels == 16


@pytest.mark.parametrize("size", [(44, 60), (4, 8)])
def test_the_bicubic_pyramid_is_imresize(size: tuple[int, int]) -> None:
    x = torch.rand(2, 3, *size, dtype=torch.float64)
    torch.testing.assert_close(shrink(x, BICUBIC_HALF), imresize(x, 0.5), rtol=0, atol=1e-14)
    torch.testing.assert_close(shrink(x, BICUBIC_QUARTER), imresize(x, 0.25), rtol=0, atol=1e-14)


@pytest.mark.parametrize("size", [(44, 60), (8, 12)])
def test_the_gaussian_pyramid_is_skimages(size: tuple[int, int]) -> None:
    x = torch.rand(1, 1, 3, *size, dtype=torch.float64)
    levels = MSResNet(1, 0.125, pyramid="gaussian").prepare(x)
    wanted = pyramid_gaussian(x[0, 0].permute(1, 2, 0).numpy(), max_layer=2, channel_axis=-1)
    for level, theirs in zip(levels, wanted, strict=True):
        torch.testing.assert_close(level[0].permute(1, 2, 0) + 0.5, torch.from_numpy(theirs), rtol=0, atol=1e-14)


def test_levels_go_from_coarse_to_fine_blurred_first() -> None:
    """The data flow of spec/networks.md B.1, written out."""
    network = MSResNet(2, 0.125).eval()
    blurred = network.prepare(torch.rand(2, 1, 3, 16, 24))
    assert [b.shape[-2:] for b in blurred] == [(16, 24), (8, 12), (4, 6)]
    (net1, net2, net3), (up1, up2) = network.core.levels, network.core.ups
    l3 = net3(blurred[2])
    l2 = net2(torch.cat([blurred[1], up2(l3)], 1))
    l1 = net1(torch.cat([blurred[0], up1(l2)], 1))
    for mine, theirs in zip(network.core(*blurred), (l1, l2, l3), strict=True):
        assert torch.equal(mine, theirs)
    first, block, last = net3[0], net3[1].body, net3[-1]
    x = first(blurred[2])
    x = x + block[2](block[0](x).relu())
    x = x + net3[2].body(x)
    assert torch.equal(last(x), l3)


def test_values_are_centred_on_grey() -> None:
    """Without weights all that is left is the 0.5 that prepare took away; a picture of it is 0 to the core."""
    network = MSResNet(1, 0.125)
    assert all(torch.equal(b, torch.zeros_like(b)) for b in network.prepare(torch.full((1, 1, 3, 8, 8), 0.5)))
    for parameter in network.parameters():
        parameter.data.zero_()
    assert torch.equal(apply(network, torch.rand(1, 1, 3, 8, 8)), torch.full((1, 1, 3, 8, 8), 0.5))


@pytest.mark.parametrize("up", ["shuffle", "transpose"])
@pytest.mark.parametrize("pyramid", ["bicubic", "gaussian"])
@pytest.mark.parametrize("blocks", [1, 2])
def test_the_halo_is_what_the_farthest_pixel_sees(up: str, pyramid: str, blocks: int) -> None:
    """Every tap that counts carries a gradient; in fp64, with weights that let no two of them cancel."""
    network = MSResNet(blocks, 1 / 64, up=up, pyramid=pyramid).double()
    for parameter in network.parameters():
        parameter.data = torch.rand_like(parameter) / parameter[0].numel()
    halo = network.needs.halo
    middle = 4 * (halo // 4 + 1)
    size = 2 * middle + 4
    farthest = 0
    window = torch.ones(1, 1, 3, size, size, dtype=torch.float64, requires_grad=True)
    for pixel in range(middle, middle + 4):
        (slope,) = torch.autograd.grad(apply(network, window)[..., pixel, pixel].sum(), window)
        seen = slope.abs().sum((0, 1, 2)).nonzero()
        farthest = max(farthest, int((seen - pixel).abs().max()))
    assert farthest == halo


@pytest.mark.parametrize("height, width", [(33, 57), (34, 59), (4, 3), (1, 1)])
def test_sizes_that_are_no_multiples_of_four(height: int, width: int) -> None:
    """Continued to a multiple of 4 by the edge, at the right and at the bottom, and cut."""
    network = MSResNet(1, 0.125).eval()
    settings = Settings(device="cpu", engine="torch", precision="fp32", tile=0, batch=1)
    window = torch.rand(1, 3, height, width)
    out = Inference(network, choose(settings), settings)([tuple(window)])
    assert out.shape == (1, 1, 3, height, width)
    with torch.no_grad():
        torch.testing.assert_close(out, apply(network, _continued(window)[:, None])[..., :height, :width])


def _continued(x: Tensor) -> Tensor:
    rows = torch.arange(-(-x.shape[-2] // 4) * 4).clamp_max(x.shape[-2] - 1)
    columns = torch.arange(-(-x.shape[-1] // 4) * 4).clamp_max(x.shape[-1] - 1)
    return x[..., rows, :][..., columns]
