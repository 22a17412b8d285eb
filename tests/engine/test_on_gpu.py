"""What only a GPU shows; without one all of this is skipped. The local convolution's is in test_local_conv.py."""

import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest
import torch
from torch import Tensor

from tests.models.cases import CASES, ROUGHER, Case, processor_of, whole, window_for
from tests.models.foreign.onnx_files import compact_onnx
from vidrestore.base.settings import Deblurring, Encoding, Reading, Retiming
from vidrestore.engine import Settings, choose
from vidrestore.engine.backends.cuda_graph import RECURRING, Graphs
from vidrestore.engine.infer import Inference
from vidrestore.engine.memory import Plan, least_tile
from vidrestore.engine.transfer import download, upload, wait_for_copies
from vidrestore.errors import UsageError
from vidrestore.frame.frame import Colour, Frame, Planes
from vidrestore.models.foreign.open import open_foreign
from vidrestore.models.networks.interpolation.sepconv import SepConv
from vidrestore.models.processor import apply
from vidrestore.models.weights import files
from vidrestore.restoration.deblurring.stage import deblur
from vidrestore.restoration.interpolation.stage import interpolate
from vidrestore.restoration.interpolation.timing import ByFactor
from vidrestore.restoration.job import prepare
from vidrestore.restoration.pipeline import restore
from vidrestore.restoration.stage import Stage
from vidrestore.restoration.upscale import upscale
from vidrestore.video.facts.probe import probe
from vidrestore.video.reader import Reader

from ..clips import make_clip

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")

DEVICE = "cuda"
EVERY_CASE = pytest.mark.parametrize("case", CASES, ids=str)
PRECISIONS = pytest.mark.parametrize("precision", ["fp32", "bf16"])
FFV1 = Encoding("ffv1", lossless=True)


def on_gpu(precision: str = "fp32", **more: int) -> Settings:
    return Settings(device=DEVICE, engine="torch", precision=precision, **more)  # type: ignore[arg-type]


def psnr(a: Tensor, b: Tensor) -> float:
    """dB, white at 1."""
    error = float((a.cpu() - b.cpu()).square().mean())
    return -10 * math.log10(error) if error else math.inf


def needed(case: Case, precision: str) -> float:
    """dB. In fp32 another order of summing may still move the motion that `aligned` finds, by a pixel here or there."""
    if precision == "fp32":
        return 45 if case.name == "aligned" else 70
    return ROUGHER.get(case.name, 45)


def infer(case: Case, window: Tensor, *, precision: str, tile: int = 0) -> Tensor:
    settings = on_gpu(precision)
    inference = Inference(processor_of(case), choose(settings), settings)
    inference.plan = Plan(tile, len(window))
    return inference([tuple(each.to(DEVICE)) for each in window])


# Networks


@EVERY_CASE
@PRECISIONS
def test_a_gpu_computes_what_a_cpu_does(case: Case, precision: str) -> None:
    window = window_for(processor_of(case), 2, 70, 90)
    assert psnr(infer(case, window, precision=precision), whole(processor_of(case), window)) > needed(case, precision)


@EVERY_CASE
@PRECISIONS
def test_tiles_are_the_whole(case: Case, precision: str) -> None:
    tile = least_tile(processor_of(case).needs) + 32
    window = window_for(processor_of(case), 1, tile + 40, tile + 20)
    whole, tiled = (infer(case, window, precision=precision, tile=each) for each in (0, tile))
    assert psnr(whole, tiled) > needed(case, precision)


@EVERY_CASE
@PRECISIONS
def test_a_replayed_network_gives_the_bits_of_the_network(case: Case, precision: str) -> None:
    processor = processor_of(case)
    example = processor.prepare(window_for(processor, 1, 64, 64))
    core = choose(on_gpu(precision)).compile(processor.core, example)
    assert isinstance(core, Graphs)
    windows = [window_for(processor, 2, 64, 96) for _ in range(RECURRING + 2)]
    inputs = [tuple(x.to(DEVICE) for x in processor.prepare(window)) for window in windows]
    flags = torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False)
    with torch.no_grad(), flags:
        eager = [core._run(*each) for each in inputs]
        replayed = [core(*each) for each in inputs]
    assert len(core._graphs) == 1
    for expected, got in zip(eager, replayed, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(expected, got, strict=True))


def test_released_graphs_give_their_memory_back() -> None:
    processor = processor_of(CASES[-1])
    engine = choose(on_gpu())
    window = window_for(processor, 4, 256, 256)
    core = engine.compile(processor.core, processor.prepare(window[:1]))
    inputs = tuple(x.to(DEVICE) for x in processor.prepare(window))
    with torch.no_grad():
        core(*inputs)
        engine.release()
        before = engine.used_memory()
        for _ in range(RECURRING + 1):
            core(*inputs)
        taken = engine.used_memory() - before
        engine.release()
        assert 0 <= engine.used_memory() - before < taken / 4
        again = [core(*inputs) for _ in range(RECURRING + 1)]
    assert all(torch.equal(a, b) for a, b in zip(again[0], again[-1], strict=True))


def test_out_of_memory_halves_the_tile() -> None:
    case = next(case for case in CASES if case.name == "espcn")
    settings = on_gpu()
    inference = Inference(processor_of(case), choose(settings), settings)
    inference.plan = Plan(0, 1)
    window = window_for(processor_of(case), 1, 1024, 1024)
    torch.cuda.empty_cache()
    total, held = torch.cuda.get_device_properties(0).total_memory, torch.cuda.memory_reserved()
    torch.cuda.set_per_process_memory_fraction((held + (300 << 20)) / total)
    try:
        out = [inference([tuple(window[0].to(DEVICE))]) for _ in range(RECURRING + 1)]
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert inference.halvings > 0
    assert psnr(out[-1], whole(processor_of(case), window)) > 70


# Pictures


@pytest.mark.parametrize("dtype", [torch.uint8, torch.uint16])
def test_pictures_cross_unchanged_while_the_gpu_computes(dtype: torch.dtype) -> None:
    """Each leaves again at once, so that its memory is free for the next while kernels before it still run."""
    device = choose(on_gpu()).device
    depth = torch.iinfo(dtype).bits
    pictures = [
        Planes(*(torch.randint(0, 1 << depth, s).to(dtype) for s in ((270, 482), (135, 241), (135, 241))), Colour())
        for _ in range(24)
    ]
    busy = torch.rand(2048, 2048, device=device)

    def computed() -> Iterator[Frame]:
        nonlocal busy
        for number, picture in enumerate(pictures):
            there = upload(picture, device)
            assert isinstance(there, Planes)
            busy = (busy @ busy).clamp(0, 1)
            shown = Planes(there.y.float() + 0, there.u, there.v, Colour())
            yield Frame(shown, Fraction(number), Fraction(1))

    def rounding(picture: Planes | Tensor) -> Planes:
        assert isinstance(picture, Planes)
        return Planes(picture.y.to(dtype), picture.u, picture.v, Colour())

    sent = download(computed(), rounding)
    # Several wait, as in the pipeline.
    for picture, frame in zip(pictures, wait_for_copies(list(sent)), strict=True):
        there = frame.picture
        assert isinstance(there, Planes) and there.y.device.type == "cpu"
        for a, b in ((picture.y, there.y), (picture.u, there.u), (picture.v, there.v)):
            assert a is not None and b is not None and torch.equal(a, b)


# Commands


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("gpu") / "in.mp4", frames=14, size=(128, 96), options={"qp": "0"})


@pytest.fixture(scope="module")
def sepconv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    arguments = {"width": 0.125, "taps": 5}
    path = tmp_path_factory.mktemp("weights") / "sepconv.safetensors"
    # Untrained, its kernels make about the mean of both pictures.
    path.write_bytes(files.written(SepConv(0.125, 5), task="interpolate", model="sepconv", args=arguments))
    return path


def stage(command: str, settings: Settings, sepconv: Path) -> Stage:
    if command.startswith("upscale"):
        return upscale(command.partition(" ")[2], scale=2, settings=settings)
    if command == "deblur":
        return deblur(Deblurring(), settings=settings)
    model = str(sepconv) if command.endswith("sepconv") else "flow"
    return interpolate(ByFactor(Fraction(2)), Retiming(model=model), settings=settings)


@pytest.mark.parametrize(
    "command", ["upscale espcn-x2", "upscale aligned-x2", "deblur", "interpolate flow", "interpolate sepconv"]
)
def test_commands_write_what_they_write_on_a_cpu(command: str, clip: Path, sepconv: Path, tmp_path: Path) -> None:
    pictures = []
    for settings in (Settings(device="cpu", engine="torch", precision="fp32"), on_gpu("auto", batch=2)):
        target = tmp_path / f"{settings.device}{len(pictures)}.mkv"
        made = stage(command, settings, sepconv)
        report = restore(prepare(clip, target, (made,), reading=Reading(), encoding=FFV1))
        assert report.frames_out == (28 if command.startswith("interpolate") else 14)
        assert report.device.startswith(settings.device)
        frames = [frame.picture for frame in Reader(probe(target))]
        pictures.append(torch.stack([frame.y for frame in frames if isinstance(frame, Planes)]).float() / 255)
    assert psnr(*pictures) > 40


# Codecs


@pytest.mark.parametrize(("codec", "pix_fmt"), [("libx264", "yuv420p"), ("libx265", "yuv420p10le")])
def test_nvdec_decodes_what_a_cpu_does(codec: str, pix_fmt: str, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "in.mp4", frames=12, size=(256, 192), codec=codec, pix_fmt=pix_fmt)
    info = probe(clip)
    try:
        reader = Reader(info, Reading(decoder="cuda"))
    except UsageError as error:
        pytest.skip(str(error))
    decoded = list(reader)
    expected = list(Reader(info))
    assert [(frame.pts, frame.duration, frame.key) for frame in decoded] == [
        (frame.pts, frame.duration, frame.key) for frame in expected
    ]
    assert reader.warnings == []
    for a, b in zip(decoded, expected, strict=True):
        assert isinstance(a.picture, Planes) and isinstance(b.picture, Planes)
        assert torch.equal(a.picture.y, b.picture.y)
        assert torch.equal(a.picture.u, b.picture.u) and torch.equal(a.picture.v, b.picture.v)


@pytest.mark.parametrize("codec", ["h264_nvenc", "hevc_nvenc"])
def test_nvenc_writes_every_frame(codec: str, clip: Path, sepconv: Path, tmp_path: Path) -> None:
    made = stage("upscale espcn-x2", on_gpu(), sepconv)
    try:
        job = prepare(clip, tmp_path / "out.mp4", (made,), reading=Reading(), encoding=Encoding(codec))
    except UsageError as error:  # data centre GPUs such as the A100 and H100 have no encoder
        pytest.skip(str(error))
    report = restore(job)
    assert report.frames_out == 14 == sum(1 for _ in Reader(probe(tmp_path / "out.mp4")))


@PRECISIONS
def test_networks_of_onnx_are_as_on_the_cpu(precision: str, tmp_path: Path) -> None:
    network, settings, window = open_foreign(compact_onnx(tmp_path)), on_gpu(precision), torch.rand(2, 1, 3, 40, 56)
    inference = Inference(network, choose(settings), settings)
    inference.plan = Plan(0, len(window))
    expected = apply(network, window)
    for _ in range(RECURRING + 1):
        made = inference([tuple(each.to(DEVICE)) for each in window])
        assert psnr(made, expected) > (70 if precision == "fp32" else 40)
