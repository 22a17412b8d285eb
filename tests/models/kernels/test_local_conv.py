"""The local convolution: both rules against their definitions, every implementation against the reference."""

import json
import os
import subprocess
import sys
from pathlib import Path
from threading import Thread

import cv2
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from typer.testing import CliRunner

from vidrestore.cli import app
from vidrestore.engine.memory import bytes_per_pixel
from vidrestore.models.kernels import local_conv_cpu, local_conv_gpu
from vidrestore.models.kernels.local_conv import Backend, backend, local_conv
from vidrestore.models.kernels.local_conv_rule import Reference, Rule

BOTH = pytest.mark.parametrize("rule", ["outer", "twopass"])
REFERENCE = Reference()


def definition(image: Tensor, vertical: Tensor, horizontal: Tensor, rule: Rule) -> Tensor:
    """spec/networks.md A1 and A2, all taps of all pixels at once."""
    taps = vertical.shape[1]
    around = (taps // 2,) * 4
    if rule == "outer":
        windows = F.pad(image, around, mode="replicate").unfold(2, taps, 1).unfold(3, taps, 1)
        return torch.einsum("bchwij,bihw,bjhw->bchw", windows, vertical, horizontal)
    windows = F.pad(image, around).unfold(2, taps, 1).unfold(3, taps, 1)
    beside = F.pad(vertical, around[:2]).unfold(3, taps, 1)
    return torch.einsum("bchwij,bihwj,bjhw->bchw", windows, beside, horizontal)


def inputs(b: int, c: int, h: int, w: int, taps: int, dtype: torch.dtype = torch.float32) -> tuple[Tensor, ...]:
    kernels = torch.randn(2, b, taps, h, w, dtype=dtype)
    return torch.rand(b, c, h, w, dtype=dtype), *kernels


def delta(taps: int, at: int, h: int, w: int) -> Tensor:
    kernel = torch.zeros(1, taps, h, w)
    kernel[:, at] = 1
    return kernel


@BOTH
@pytest.mark.parametrize("shape", [(2, 3, 7, 9), (1, 1, 20, 3), (1, 2, 1, 1)])
@pytest.mark.parametrize("taps", [1, 5, 11])
def test_the_reference_is_the_definition(rule: Rule, shape: tuple[int, ...], taps: int) -> None:
    x = inputs(*shape, taps, torch.float64)
    torch.testing.assert_close(REFERENCE.forward(*x, rule), definition(*x, rule))
    torch.testing.assert_close(local_conv(*x, rule=rule), definition(*x, rule))


@BOTH
def test_gradients_are_right(rule: Rule) -> None:
    image, vertical, horizontal = inputs(1, 2, 17, 3, 5, torch.float64)  # 17 rows: two bands
    kernels = (vertical.requires_grad_(), horizontal.requires_grad_())
    assert torch.autograd.gradcheck(lambda v, h: local_conv(image, v, h, rule=rule), kernels)


SHAPES = [(1, 16, 1), (2, 16, 5), (1, 16, 51), (1, 23, 5), (1, 64, 3), (1, 131, 13)]


@BOTH
@pytest.mark.parametrize("height", [3, 12, 13, 29])
@pytest.mark.parametrize(("batch", "width", "taps"), SHAPES)
def test_the_cpu_kernel_is_the_reference(rule: Rule, batch: int, height: int, width: int, taps: int) -> None:
    x = inputs(batch, 3, height, width, taps)
    grad = torch.randn(batch, 3, height, width)
    assert backend(x[0]) is local_conv_cpu
    agree(local_conv_cpu, *x, rule, grad)


def agree(kernel: Backend, image: Tensor, vertical: Tensor, horizontal: Tensor, rule: Rule, grad: Tensor) -> None:
    """In float32, against the reference in float64; errors are relative to the largest value."""
    x, exact = (image, vertical, horizontal), [t.double() for t in (image, vertical, horizontal)]
    got = [kernel.forward(*x, rule), *kernel.gradients(*x, rule, grad)]
    wanted = [REFERENCE.forward(*exact, rule), *REFERENCE.gradients(*exact, rule, grad.double())]
    for a, b in zip(got, wanted, strict=True):
        assert (a - b).abs().max() < 2e-6 * b.abs().max()


@BOTH
def test_real_pictures_at_51_taps(rule: Rule, shared_data: Path) -> None:
    path = sorted(shared_data.glob("eval/middlebury_other/**/*.png"))[0]
    picture = torch.from_numpy(cv2.imread(str(path))[:60, :90, ::-1].copy()).permute(2, 0, 1)[None] / 255
    # Kernels as networks make them: a few large taps near the middle, that change slowly.
    taps = torch.arange(51.0)[None, :, None, None]
    centres = 25 + 8 * F.interpolate(torch.randn(2, 1, 5, 6), picture.shape[-2:], mode="bicubic")
    vertical, horizontal = torch.exp(-((taps - centres[:, :, None]) ** 2) / 2).unbind()
    grad = torch.randn_like(picture)
    agree(local_conv_cpu, picture, vertical.flip(0), horizontal, rule, grad)


@BOTH
@pytest.mark.parametrize("shape", [(1, 2, 30, 30), (1, 4, 30, 30), (1, 3, 2, 30), (1, 3, 30, 7)])
def test_what_the_cpu_kernel_does_not_take_goes_to_the_reference(rule: Rule, shape: tuple[int, ...]) -> None:
    x = inputs(*shape, 5)
    assert isinstance(backend(x[0]), Reference)
    torch.testing.assert_close(local_conv(*x, rule=rule), definition(*x, rule), atol=1e-5, rtol=1e-5)


@BOTH
def test_delta_kernels_are_the_identity_and_shifted_ones_shift(rule: Rule) -> None:
    image = torch.rand(1, 3, 24, 40)
    middle = delta(51, 25, 24, 40)
    assert torch.equal(local_conv(image, middle, middle, rule=rule), image)
    down = local_conv(image, delta(51, 25 + 7, 24, 40), middle, rule=rule)
    assert torch.equal(down[..., :-7, :], image[..., 7:, :])
    left = local_conv(image, middle, delta(51, 25 - 9, 24, 40), rule=rule)
    assert torch.equal(left[..., 9:], image[..., :-9])
    # Beyond the border: the edge, or nothing.
    assert torch.equal(down[..., -7:, :], image[..., -1:, :].expand(1, 3, 7, 40) * (rule == "outer"))
    assert torch.equal(left[..., :9], image[..., :1].expand(1, 3, 24, 9) * (rule == "outer"))


def test_twopass_is_the_rolling_of_document_000() -> None:
    """Zeros at the top and the left alone, and K rolls: the centred window with zeros on every side."""
    image, vertical, horizontal = inputs(1, 3, 21, 30, 51, torch.float64)

    def rolled(x: Tensor, kernel: Tensor, axis: int) -> Tensor:
        size, zeros = x.shape[axis], torch.zeros_like(x).narrow(axis, 0, 1)
        x = torch.cat([*[zeros] * 25, x], axis)
        return sum(kernel[:, i : i + 1] * x.roll(-i, axis).narrow(axis, 0, size) for i in range(51))

    document = rolled(rolled(image, vertical, 2), horizontal, 3)
    torch.testing.assert_close(local_conv(image, vertical, horizontal, rule="twopass"), document)


def test_the_rules_agree_where_the_vertical_kernels_do_not_vary_and_differ_elsewhere() -> None:
    image, vertical, horizontal = inputs(1, 3, 20, 30, 5)
    inside = (..., slice(2, -2), slice(4, -4))
    same = vertical[..., :1].expand_as(vertical)
    a, b = (local_conv(image, same, horizontal, rule=rule)[inside] for rule in ("outer", "twopass"))
    torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-5)
    a, b = (local_conv(image, vertical, horizontal, rule=rule)[inside] for rule in ("outer", "twopass"))
    assert (a - b).abs().max() > 1


@BOTH
def test_a_part_is_the_part_of_the_whole(rule: Rule) -> None:
    """To the last bit, wherever in a vector or a band a pixel comes to lie: what tiles are held to."""
    image, vertical, horizontal = inputs(1, 3, 60, 90, 5)
    whole = local_conv(image, vertical, horizontal, rule=rule)
    for top, left in ((0, 0), (1, 0), (7, 3), (20, 33)):
        part = (..., slice(top, top + 31), slice(left, left + 41))
        got = local_conv(image[part], vertical[part], horizontal[part], rule=rule)
        assert torch.equal(got[..., 4:-4, 4:-4], whole[part][..., 4:-4, 4:-4])


@BOTH
def test_any_memory_layout_will_do(rule: Rule) -> None:
    x = inputs(2, 3, 20, 30, 5)
    grad = torch.randn(2, 3, 20, 30)
    last = [t.contiguous(memory_format=torch.channels_last) for t in (*x, grad)]
    assert torch.equal(local_conv(*last[:3], rule=rule), local_conv(*x, rule=rule))
    for a, b in zip(
        local_conv_cpu.gradients(*last[:3], rule, last[3]), local_conv_cpu.gradients(*x, rule, grad), strict=True
    ):
        assert torch.equal(a, b)


@BOTH
def test_several_threads_at_once(rule: Rule) -> None:
    x = inputs(1, 3, 50, 70, 13)
    grad = torch.randn_like(x[0])
    wanted = [local_conv(*x, rule=rule), *local_conv_cpu.gradients(*x, rule, grad)]
    wrong = []

    def work() -> None:
        for _ in range(20):
            got = [local_conv(*x, rule=rule), *local_conv_cpu.gradients(*x, rule, grad)]
            wrong.extend(a for a, b in zip(got, wanted, strict=True) if not torch.equal(a, b))

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@BOTH
def test_the_reference_never_holds_a_stack_of_pictures(rule: Rule) -> None:
    """Beside the kernels, twice 51 floats a pixel, 51 copies of the picture would take 612 bytes a pixel."""
    _, vertical, horizontal = inputs(1, 3, 320, 64, 51)
    cost = bytes_per_pixel(lambda w: REFERENCE.forward(w[0], vertical, horizontal, rule), torch.rand(1, 1, 3, 320, 64))
    assert cost < 2 * 51 * 4 + 120


IN_THE_INTERPRETER = """
import torch
from tests.models.kernels.test_local_conv import agree, inputs
from vidrestore.models.kernels import local_conv_gpu
for rule in ("outer", "twopass"):
    for shape in ((2, 3, 4, 7), (1, 3, 2, 130)):
        agree(local_conv_gpu, *inputs(*shape, 5), rule, torch.randn(shape))
print("agrees")
"""


def python(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, **environment}, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_gpu_kernels_in_tritons_interpreter() -> None:
    pytest.importorskip("triton", reason="Triton is not installed: pip install triton")
    assert python(IN_THE_INTERPRETER, TRITON_INTERPRET="1") == "agrees\n"


def test_the_gpu_kernels_compile_for_a_gpu() -> None:
    """What the interpreter lets pass, the compiler may not; it needs no GPU."""
    compiler = pytest.importorskip("triton.compiler", reason="Triton is not installed: pip install triton")
    target = pytest.importorskip("triton.backends.compiler").GPUTarget("cuda", 80, 32)
    for name in ("_outer", "_outer_back", "_pass", "_pass_back", "_spread"):
        kernel = getattr(local_conv_gpu, name)
        constants = {"taps": 51, "block": 128, **({"along": 1} if "along" in kernel.arg_names else {})}
        kinds = {"height": "i32", "width": "i32", **dict.fromkeys(constants, "constexpr")}
        signature = {argument: kinds.get(argument, "*fp32") for argument in kernel.arg_names}
        made = compiler.compile(compiler.ASTSource(kernel, signature, constants), target=target)
        assert "ld.global" in made.asm["ptx"], name


def test_without_triton_there_are_no_gpu_kernels_and_no_harm() -> None:
    code = "from vidrestore.models.kernels import local_conv_gpu as gpu; print(gpu.AVAILABLE)"
    code = f"import sys; sys.modules['triton'] = None; {code}"
    assert python(code) == "False\n"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@BOTH
@pytest.mark.parametrize(("batch", "height", "width", "taps"), [(1, 64, 200, 51), (3, 31, 77, 5)])
def test_the_gpu_kernels_on_a_gpu(rule: Rule, batch: int, height: int, width: int, taps: int) -> None:
    x = [t.cuda() for t in inputs(batch, 3, height, width, taps)]
    if local_conv_gpu.AVAILABLE:
        assert backend(x[0]) is local_conv_gpu
    agree(local_conv_gpu, *x, rule, torch.randn_like(x[0]))


def test_wrong_shapes_and_dtypes_are_refused() -> None:
    image, vertical, horizontal = inputs(1, 3, 20, 30, 5)
    with pytest.raises(ValueError, match="do not fit"):
        local_conv(image, vertical, horizontal[..., :-1], rule="outer")
    with pytest.raises(ValueError, match="odd K"):
        local_conv(image, vertical[:, :4], horizontal[:, :4], rule="outer")
    with pytest.raises(ValueError, match="one dtype"):
        local_conv(image.double(), vertical, horizontal, rule="outer")
    with pytest.raises(ValueError, match="detach"):
        local_conv(image.requires_grad_(), vertical, horizontal, rule="outer")


def test_the_benchmark_compares_what_agrees(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"HEIGHT": 32, "WIDTH": 48, "TAPS": 5}.items():
        monkeypatch.setattr(f"vidrestore.benchmark.local_conv.{name}", value)
    result = CliRunner().invoke(app, ["benchmark", "local-conv", "--runs", "1", "--json"])
    assert result.exit_code == 0, result.output
    speeds = json.loads(result.stdout)["speeds"]
    assert [(s["rule"], s["direction"]) for s in speeds] == [
        (rule, direction) for rule in ("outer", "twopass") for direction in ("forward", "backward")
    ]
    assert all(s["difference"] < 1e-5 and s["ms"] > 0 and s["torch_ms"] > 0 for s in speeds)
    assert [s["numba_ms"] is not None for s in speeds] == [True, False, False, False]
