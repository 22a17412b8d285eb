import gc
import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from vidrestore.base.memory import available
from vidrestore.engine import Settings, choose, run
from vidrestore.engine.backends.layers import OneKernel, last_convolutions
from vidrestore.engine.backends.subpixel import SubPixel, enlarges_exactly
from vidrestore.engine.backends.torch_engine import TorchEngine
from vidrestore.engine.memory import bytes_per_pixel, plan
from vidrestore.errors import UsageError, VidrestoreError
from vidrestore.frame.frame import Frame
from vidrestore.models.networks.espcn import Espcn
from vidrestore.models.processor import Needs

from ..frames import planes

# Settings and choose


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (Settings(device="gpu"), "unknown device gpu: say auto, cpu, cuda, cuda:N or cuda:0,cuda:1"),
        (Settings(device="cpu:1"), "unknown device cpu:1"),
        (Settings(device="cuda:x"), "unknown device cuda:x"),
        (Settings(device="cuda:99"), "use --device cpu or auto"),
        (Settings(device="cpu,cpu"), "several are different GPUs by number"),
        (Settings(device="cpu", precision="fp16"), "fp16 is for GPUs: use --precision bf16 or fp32"),
        (Settings(tile=-1), "tile -1 is negative"),
        (Settings(batch=0), "batch 0 is too small"),
    ],
)
def test_impossible_wishes_name_the_way_out(settings: Settings, message: str):
    with pytest.raises(UsageError, match=message):
        choose(settings)


def test_cuda_asked_and_absent(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    with pytest.raises(UsageError, match="no CUDA device"):
        choose(Settings(device="cuda"))
    assert choose(Settings()).device.type == "cpu"


def test_cuda_present(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    for native, precision in ((True, "bf16"), (False, "fp16")):
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: native)  # noqa: B023
        engine = choose(Settings())
        assert (engine.name, engine.device, engine.precision) == ("torch", torch.device("cuda", 0), precision)
    with pytest.raises(UsageError, match="cuda:0 does not compute in it; use --precision fp16"):
        choose(Settings(precision="bf16"))
    with pytest.raises(UsageError, match="2 CUDA devices, numbered from 0"):
        choose(Settings(device="cuda:2"))
    assert choose(Settings(device="cuda:1", precision="fp32")).device == torch.device("cuda", 1)
    assert choose(Settings(engine="openvino")).device.type == "cpu"
    with pytest.raises(UsageError, match="openvino does not compute on cuda: use --engine torch or --device cpu"):
        choose(Settings(device="cuda", engine="openvino"))


def test_several_gpus(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 3)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: True)
    engine = choose(Settings(device="cuda:2,cuda:0"))
    assert (engine.device, engine.others, engine.ways) == (torch.device("cuda:2"), (torch.device("cuda:0"),), 2)
    for wrong in ("cuda:0,cuda:0", "cuda:0,cpu", "cuda,cuda:1", "auto,cuda:1"):
        with pytest.raises(UsageError, match="different GPUs by number, such as cuda:0,cuda:1"):
            choose(Settings(device=wrong))
    with pytest.raises(UsageError, match="3 CUDA devices"):
        choose(Settings(device="cuda:0,cuda:3"))


@pytest.mark.parametrize("batch", [1, 2, 3, 5])
def test_a_batch_dealt_among_devices_is_the_same(batch: int):
    core, x = nn.Conv2d(1, 2, 3), torch.rand(batch, 1, 40, 30)
    cpu = torch.device("cpu")
    alone, dealt = (TorchEngine(cpu, "fp32", others=others).compile(core, (x[:1],)) for others in ((), (cpu, cpu)))
    assert torch.equal(alone(x)[0], dealt(x)[0])


def test_openvino_is_the_default_on_a_cpu_where_it_is_installed(monkeypatch: pytest.MonkeyPatch):
    assert choose(Settings(device="cpu")).name == "openvino"
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert choose(Settings(device="cpu")).name == "torch"
    with pytest.raises(UsageError, match="pip install openvino"):
        choose(Settings(device="cpu", engine="openvino"))


# What engines do to a core


class Branches(nn.Module):
    """Two outputs: conv -> conv -> relu + skip, and a convolution used twice; a part that reaches no output."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c, self.unused = (nn.Conv2d(1, 1, 3, padding=1) for _ in range(4))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        a = self.a(x)
        return self.b(a).relu() * 2 + x, self.c(self.c(a).relu())


def test_last_convolutions():
    core = Branches()
    assert last_convolutions(core, (torch.rand(1, 1, 8, 8),)) == {core.b, core.c}
    alone = nn.Conv3d(1, 2, 3)
    assert last_convolutions(alone, (torch.rand(1, 1, 4, 4, 4),)) == {alone}
    shared = nn.Conv2d(1, 1, 1)
    assert last_convolutions(nn.Sequential(nn.ConvTranspose2d(1, 1, 2), shared, nn.PReLU()), (torch.rand(1, 1, 4, 4),))


@pytest.mark.parametrize(("engine", "precision"), list(product(("torch", "openvino"), ("fp32", "bf16"))))
def test_several_outputs_3d_and_untouched_cores(engine: str, precision: str):
    class Core(nn.Module):
        def __init__(self):
            super().__init__()
            self.two = Branches()
            self.three = nn.Sequential(nn.Conv3d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv3d(8, 1, (3, 1, 1)))
            self.drop = nn.Dropout(0.9)

        def forward(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            return *self.two(self.drop(x)), self.three(y)

    core = Core().train()
    before = {name: (value.clone(), value.stride()) for name, value in core.state_dict().items()}
    example = (torch.rand(1, 1, 16, 16), torch.rand(1, 1, 3, 16, 16))
    compiled = choose(Settings(device="cpu", engine=engine, precision=precision)).compile(core, example)
    inputs = (torch.rand(2, 1, 20, 30), torch.rand(2, 1, 3, 9, 13))
    with torch.no_grad():
        expected = core.eval()(*inputs)
        got = compiled(*inputs)
        again = compiled(*(x * 2 for x in inputs))
    for out, reference, other in zip(got, expected, again, strict=True):
        assert out.dtype == torch.float32 and out.shape == reference.shape
        assert (out - reference).abs().max() < (1e-5 if precision == "fp32" else 0.05)
        assert not torch.equal(out, other), "outputs must not share memory with the next call's"
    after = core.state_dict()
    assert all(torch.equal(after[name], v) and after[name].stride() == s for name, (v, s) in before.items())
    assert all(parameter.requires_grad for parameter in core.parameters())


def test_a_small_picture_alone_gets_the_kernel_of_a_batch():
    x = torch.rand(2, 16, 12, 12)
    layer = nn.Conv2d(16, 16, 3).requires_grad_(False)
    one = OneKernel(layer)
    assert one(x[:1]).shape == layer(x[:1]).shape
    assert torch.equal(torch.cat([one(x[:1]), one(x[1:])]), layer(x))


@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "extra"),
    [(4, 2, 1, 0), (2, 2, 0, 0), (3, 2, 1, 1), (6, 2, 2, 0), (3, 3, 0, 0), (5, 3, 1, 0), (9, 3, 3, 0), (8, 4, 2, 0)],
)
@pytest.mark.parametrize("bias", [False, True])
def test_transposed_convolutions_become_subpixel_ones(kernel: int, stride: int, padding: int, extra: int, bias: bool):
    layer = nn.ConvTranspose2d(3, 5, kernel, stride, padding, extra, bias=bias)
    assert enlarges_exactly(layer)
    x = torch.rand(2, 3, 7, 9)
    assert torch.allclose(SubPixel(layer)(x), layer(x), atol=1e-6)


def test_other_transposed_convolutions_stay():
    others = [
        nn.ConvTranspose2d(4, 4, 3, 2, 1),
        nn.ConvTranspose2d(4, 4, 4, 2, 1, groups=2),
        nn.ConvTranspose2d(4, 4, (4, 2), 2, (1, 0)),
        nn.ConvTranspose3d(4, 4, 4, 2, 1),
    ]
    assert not any(map(enlarges_exactly, others))


def test_openvino_names_the_operation_it_does_not_know():
    class Strange(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.special.bessel_j0(x)

    engine = choose(Settings(device="cpu", engine="openvino"))
    with pytest.raises(VidrestoreError, match=r"^OpenVINO cannot run this network .*bessel_j0.*: use --engine torch$"):
        engine.compile(Strange(), (torch.rand(1, 1, 8, 8),))


# Memory


def test_plan():
    needs = Needs(halo=5)

    def planned(
        size: tuple[int, int], free: int, device: str = "cpu", ways: int = 1, **settings: int
    ) -> tuple[int, int]:
        chosen = Settings(**settings)
        made = plan(needs, size=size, cost=100.0, free=free, device=device, settings=chosen, ways=ways)
        return made.tile, made.batch

    gib = 1 << 30
    assert planned((1080, 1920), 8 * gib) == (0, 1)
    assert planned((144, 176), 8 * gib) == (0, 5)
    assert planned((144, 176), 8 * gib, "cuda")[1] > 100
    assert planned((144, 176), 8 * gib, ways=2) == (0, 10)
    assert planned((144, 176), 8 * gib, batch=3) == (0, 3)
    assert planned((1080, 1920), 8 * gib, tile=64) == (64, 32)
    assert planned((1080, 1920), 8 * gib, tile=64, batch=2) == (64, 2)
    tile, batch = planned((2160, 3840), gib // 4)
    assert batch == 1 and 0.9 < tile * tile * 100 / (gib // 8) <= 1
    assert planned((2160, 3840), gib // 4, batch=4)[0] == tile // 2
    assert planned((2160, 3840), 1000) == (26, 1), "never less than is worth computing"


def test_bytes_per_pixel_counts_what_lives_at_once():
    # One channel in: 4 bytes; then 8 beside 16 channels; the 16 are gone when the 2 are made from the 8 left.
    core = nn.Sequential(nn.Conv2d(1, 8, 1), nn.Conv2d(8, 16, 1), nn.Conv2d(16, 2, 1))
    cost = bytes_per_pixel(lambda x: core(x[:, 0]), torch.rand(1, 1, 1, 64, 64))
    assert cost == pytest.approx(4 * (1 + 8 + 16), rel=0.05)


def test_available_memory_is_plausible():
    assert 1 << 26 < available() < os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


# The process


def test_no_mode_leaks_into_the_consumer_or_the_source():
    seen = []

    def note() -> None:
        seen.append((torch.is_grad_enabled(), torch.is_inference_mode_enabled(), torch.is_autocast_enabled("cpu")))

    def source() -> Iterator[Frame]:
        for frame in planes(4):
            note()
            yield frame

    settings = Settings(device="cpu", engine="torch", precision="bf16")
    tf32 = torch.backends.cudnn.allow_tf32
    for _ in run(Espcn(2), source(), engine=choose(settings), settings=settings):
        note()
        assert torch.backends.cudnn.allow_tf32 == tf32
    assert seen == [(True, False, False)] * 8


FAULTS = """
import resource, sys, threading
from vidrestore.engine.allocator import keep_memory
if sys.argv[1] == "keep":
    assert keep_memory()
import torch
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def work():
    from vidrestore.models.networks.espcn import Espcn
    core = Espcn(2).core.requires_grad_(False)
    x = torch.rand(1, 1, 540, 960)
    for _ in range(2): core(x)
    before = faults()
    for _ in range(2): core(x)
    print((faults() - before) // 2)
thread = threading.Thread(target=work)
thread.start()
thread.join()
"""


def _faults(mode: str) -> int:
    done = subprocess.run([sys.executable, "-c", FAULTS, mode], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc only")
def test_keep_memory_ends_the_page_faults_in_a_thread():
    assert _faults("keep") * 20 < _faults("let go")


GROWTH = """
import resource
from vidrestore.engine import Settings, choose, keep_memory, run
keep_memory()
from tests.frames import planes
from vidrestore.models.networks.espcn import Espcn
settings = Settings(device="cpu")
frames = (frame for _ in range(60) for frame in planes(1, size=(144, 256)))
for i, _ in enumerate(run(Espcn(2), frames, engine=choose(settings), settings=settings)):
    if i in (20, 59):
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads Linux' figure")
def test_memory_does_not_grow_with_length():
    done = subprocess.run([sys.executable, "-c", GROWTH], capture_output=True, text=True, check=True)
    short, long = map(int, done.stdout.split())
    assert long < short + 15, "39 more frames and what came of them are 37 MB"


def test_engines_keep_no_network_alive():
    engine = choose(Settings(device="cpu", engine="openvino"))
    for _ in range(2):
        list(run(Espcn(2), planes(1), engine=engine, settings=Settings(device="cpu", engine="openvino")))
    gc.collect()
    assert len(engine.compiled) == 0
    engine.release()


def test_openvino_tells_nobody(tmp_path: Path):
    """In a process of its own, since others may have imported it: nothing of the telemetry's network code is loaded."""
    code = """
import sys, torch
from torch import nn
from vidrestore.engine import Settings, choose
engine = choose(Settings(device="cpu", engine="openvino"))
engine.compile(nn.Conv2d(1, 1, 3), (torch.rand(1, 1, 8, 8),))
print([name for name in sys.modules if name.startswith("openvino_telemetry.")])
"""
    environment = {**os.environ, "VIDRESTORE_CACHE": ""}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_signals_are_heard_after_engines_have_ended() -> None:
    """In a process of its own, which a signal on a stack that is freed would end."""
    code = """
import gc, signal, torch
from vidrestore.engine.backends.openvino_engine import OpenVinoEngine
signal.signal(signal.SIGUSR1, lambda *_: print("heard"))
runs = []
for _ in range(3):
    runs.append(OpenVinoEngine("fp32").compile(torch.nn.Conv2d(1, 1, 3), (torch.zeros(1, 1, 8, 8),)))
while runs:
    del runs[0]
    gc.collect()
    signal.raise_signal(signal.SIGUSR1)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, 3 * "heard\n"), done.stderr
