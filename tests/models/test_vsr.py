"""The networks of document 002: counts, options, alignment, and a start from which they learn."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vidrestore.engine.backends.layers import inference_copy
from vidrestore.frame.resize import upsample
from vidrestore.models.networks.aligned import Aligned
from vidrestore.models.networks.vsr import Delta, FiveParallel, Gz2019
from vidrestore.models.networks.vsr_blocks import Conv3d, Recursive
from vidrestore.models.processor import apply


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def window(side: int = 20, *, seed: int = 0) -> Tensor:
    """A smooth picture that moves a little: (1, 5, 1, side, side)."""
    generator = torch.Generator().manual_seed(seed)
    whole = F.interpolate(torch.rand(1, 1, side // 2, side // 2, generator=generator), scale_factor=4, mode="bicubic")
    return torch.stack([whole[..., i : i + side, 2 * i : 2 * i + side] for i in range(5)], 1).clamp(0, 1)


@pytest.mark.parametrize(
    ("network", "expected"),
    [  # spec/networks.md D.2 and D.3; the document's own figures but for the literal text's recursion
        (FiveParallel(), 259_938),
        (FiveParallel(deep_frames=range(5)), 267_786),
        (FiveParallel(kernel_order="hwt"), 259_938),
        (Delta(), 83_702),
        (Delta("A"), 83_702),
        (Gz2019(), 10_577 + 63_129),
    ],
)
def test_counts_are_the_documents(network: nn.Module, expected: int) -> None:
    assert count(network) == expected


def test_the_stacks_and_the_volume_count_as_in_the_tables() -> None:
    core = FiveParallel().core
    assert [count(stack) for stack in core.stacks] == [10_253, 10_253, 12_869, 12_869, 10_253]
    assert count(core.volume) == 203_441
    core = Delta().core
    assert [count(part) for part in (core.head, core.near, core.middle, core.high)] == [832, 3392, 3392, 7345]
    assert count(core.volume) == 68_741
    core = Gz2019().core
    assert [count(stack) for stack in core.stacks] == [10_577]


def test_kernels_are_the_documents() -> None:
    def kernels(core: nn.Module) -> list[tuple[int, ...]]:
        return [layer.kernel_size for layer in core.volume.layers if isinstance(layer, Conv3d)]

    assert kernels(FiveParallel().core)[:2] == [(5, 5, 3), (1, 1, 3)]
    assert kernels(FiveParallel(kernel_order="hwt").core)[:2] == [(3, 5, 5), (3, 1, 1)]
    applications = [layer.times for layer in FiveParallel().modules() if isinstance(layer, Recursive)]
    assert applications == [4, 4, 5, 5]


def test_recursion_repeats_one_layer() -> None:
    layer = nn.Conv2d(3, 3, 1)
    x = torch.randn(1, 3, 4, 4)
    expected = x
    for _ in range(3):
        expected = F.relu(layer(expected) + expected)
    assert torch.equal(Recursive(3, layer)(x), expected)


@pytest.mark.parametrize("kernel", [(5, 5, 3), (1, 1, 3), (3, 3, 3)])
@pytest.mark.parametrize("padded", [True, False])
def test_training_computes_the_same_3d_convolution(kernel: tuple[int, int, int], padded: bool) -> None:
    padding = tuple(n // 2 for n in kernel) if padded else 0
    layer = Conv3d(3, 4, kernel, padding=padding)
    x = torch.randn(2, 3, 5, 9, 8)
    torch.testing.assert_close(layer.train()(x), layer.eval()(x))


@pytest.mark.parametrize(
    "network",
    [
        Delta(),
        Delta("A", kernel_order="hwt"),
        FiveParallel(),
        FiveParallel(kernel_order="hwt"),
        Gz2019(),
        Gz2019("hwt"),
    ],
)
def test_inference_is_the_same_in_two_dimensions(network: Delta | FiveParallel | Gz2019) -> None:
    """In double, where sums in another order differ by nothing to speak of."""
    core = network.core.double().eval()
    for parameter in core.parameters():
        parameter.data += 0.05 * torch.randn_like(parameter)
    (frames,) = network.prepare(window(16).double())
    with torch.no_grad():
        expected = core(frames)
        made = inference_copy(core)
        found = made(frames)
    assert any(isinstance(layer, nn.Conv3d) for layer in made.modules()) == isinstance(network, FiveParallel)
    assert expected.std() > 0.01
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("network", [Delta(skip=True), FiveParallel(skip=True), Gz2019(skip=True), Aligned()])
def test_with_a_skip_training_starts_at_bicubic(network: nn.Module) -> None:
    x = 0.2 + 0.6 * window()
    torch.testing.assert_close(apply(network, x), upsample(x[:, 2], 2)[:, None], atol=1e-5, rtol=0)


@pytest.mark.parametrize("network", [Delta(), FiveParallel(), Gz2019()])
def test_calibration_gives_the_core_a_pictures_spread(network: Delta | FiveParallel | Gz2019) -> None:
    x = window()
    network.calibrate(x)
    out = network.core(*network.prepare(x)).detach()
    assert (out.mean().item(), out.std().item()) == pytest.approx(network.spread, abs=1e-4)


def test_outputs_keep_to_the_limits() -> None:
    network = FiveParallel(limits=(16, 234))
    network.calibrate(window())
    network.core.volume.out.weight.data *= 1e4
    network.core.volume.out.bias.data *= 1e4
    out = apply(network, window()).detach() * 255
    assert out.min() == pytest.approx(16, abs=1e-3) and out.max() == pytest.approx(234, abs=1e-3)
    with pytest.raises(ValueError, match="limits"):
        FiveParallel(limits=(200, 100))


def test_the_enlarged_picture_lies_where_the_small_one_does() -> None:
    """Of a network whose layers all pass on what they see: the impulse response is symmetric about its pixel."""
    network = Gz2019()
    for layer in network.modules():
        if isinstance(layer, nn.modules.conv._ConvNd):
            layer.weight.data.fill_(1 / layer.weight[0].numel())
    x = torch.zeros(1, 5, 1, 31, 31)
    x[..., 15, 15] = 1
    out = apply(network, x)[0, 0, 0].detach()
    torch.testing.assert_close(out, out.flip(0))
    torch.testing.assert_close(out, out.flip(1))


def test_an_aligned_network_sees_nothing_new_in_frames_that_only_moved_by_whole_pixels() -> None:
    small = torch.rand(1, 1, 20, 20, generator=torch.Generator().manual_seed(1))
    whole = F.interpolate(small, size=(96, 96), mode="bicubic")
    frames = [whole[..., 8 + y : 72 + y, 8 + x : 72 + x] for y, x in [(2, -3), (-1, 1), (0, 0), (0, 2), (3, 1)]]
    (facts,) = Aligned().prepare(torch.stack(frames, 1))
    news = facts[0, 1:5, 16:-16, 16:-16]
    assert news.abs().median() < 0.05  # eight times the difference


@pytest.mark.slow
@pytest.mark.parametrize("network", [Delta(), FiveParallel()], ids=["delta", "five-parallel"])
def test_the_loss_falls_to_a_fifth_in_two_hundred_steps(network: Delta | FiveParallel) -> None:
    """networks.md D.6; with torch's own initialisation it does not fall at all."""
    torch.manual_seed(0)
    x = window(16)
    target = upsample(x[:, 2], 2)[:, None] + 0.05 * torch.sign(torch.randn(1, 1, 1, 32, 32))
    network.calibrate(x)
    optimiser = torch.optim.Adam(network.parameters(), lr=5e-4)
    losses = []
    for step in range(200):
        for group in optimiser.param_groups:
            group["lr"] = 5e-4 * min(1, (step + 1) / 200)
        loss = ((network.finish(x, network.core(*network.prepare(x))) - target) ** 2).mean()
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 0.1)
        optimiser.step()
        losses.append(loss.item())
    assert min(losses[-20:]) < losses[0] / 5
