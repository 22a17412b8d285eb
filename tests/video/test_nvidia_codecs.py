"""Decoding and encoding on an NVIDIA GPU: refused in one line where there is none; test_on_gpu.py runs them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from av.video.frame import VideoFrame
from typer.testing import CliRunner

from vidrestore.base.settings import Reading
from vidrestore.cli import app
from vidrestore.errors import UsageError
from vidrestore.frame.frame import Planes
from vidrestore.video import reader as read
from vidrestore.video.decode import nvdec as nvdec_module
from vidrestore.video.decode.decoder import Decoder
from vidrestore.video.decode.nvdec import nvdec
from vidrestore.video.facts.probe import probe

from ..clips import make_clip

without_gpu = pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
ON_GPU = Reading(decoder="cuda")


@without_gpu
@pytest.mark.parametrize("command", ["upscale", "interpolate", "deblur", "extract-frames", "split-scenes"])
def test_decoding_is_refused_by_every_command_that_offers_it(command: str, tmp_path: Path) -> None:
    clip, out = make_clip(tmp_path / "in.mp4", frames=3), tmp_path / ("out" if "-" in command else "out.mp4")
    result = CliRunner().invoke(app, [command, str(clip), str(out), "--decoder", "cuda"])
    assert result.exit_code == 2
    assert result.stderr == (
        "vidrestore: --decoder cuda: no NVIDIA GPU with its driver is found on this machine; use --decoder cpu\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]


@without_gpu
@pytest.mark.parametrize("codec", ["h264_nvenc", "hevc_nvenc", "av1_nvenc"])
def test_encoding_is_refused(codec: str, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "in.mp4", frames=3)
    result = CliRunner().invoke(app, ["upscale", str(clip), str(tmp_path / "out.mp4"), "-c", codec])
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert codec in line and "no NVIDIA GPU" in line and "try another --codec" in line


class Willing:
    """PyAV's HWAccel on a machine with a GPU."""

    def __init__(self, kind: str, *, allow_software_fallback: bool) -> None:
        assert kind == "cuda" and not allow_software_fallback

    def create(self, codec: object) -> object:
        return self


@pytest.mark.parametrize("raises", [False, True])
def test_a_codec_that_the_gpu_has_not_is_refused(raises: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PyAV refuses to open a file when no stream is accelerated, and says nothing where another one is."""

    @contextmanager
    def opened(path: Path, accelerator: object, *, follow_references: bool) -> Iterator[Any]:
        if raises:
            raise RuntimeError("Hardware accelerated decode requested but no stream is compatible")
        yield None

    clip = make_clip(tmp_path / "in.mkv", frames=3, codec="ffv1")
    monkeypatch.setattr(nvdec_module, "HWAccel", Willing)
    monkeypatch.setattr(nvdec_module, "open_container", opened)
    stream = SimpleNamespace(codec_context=SimpleNamespace(is_hwaccel=False))
    monkeypatch.setattr(nvdec_module, "stream_at", lambda *_: stream)
    with pytest.raises(UsageError, match=r"in.mkv: --decoder cuda does not decode ffv1 here; use --decoder cpu$"):
        nvdec(probe(clip))
    stream.codec_context.is_hwaccel = True
    if not raises:
        assert isinstance(nvdec(probe(clip)), Willing)


class LikeNvdec(Decoder):
    """Frames in the formats of a GPU, chroma interleaved."""

    def __init__(self, *args: Any, accelerator: object, **more: Any) -> None:
        assert accelerator == "a GPU"
        super().__init__(*args, **more)

    def __iter__(self) -> Iterator[VideoFrame]:  # type: ignore[override]
        for frame in super().__iter__():
            # yuvj420p has its range in its name, which swscale would convert from.
            plain = frame.format.name.replace("yuvj", "yuv")
            stored = VideoFrame(frame.width, frame.height, plain)
            for here, there in zip(stored.planes, frame.planes, strict=True):
                torch.from_dlpack(here).copy_(torch.from_dlpack(there))
            packed = stored.reformat(format="p010le" if "10" in plain else "nv12")
            packed.pts, packed.color_range = frame.pts, frame.color_range
            yield packed


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuvj420p", "yuv420p10le"])
def test_its_frames_hold_the_same_codes(pix_fmt: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    codec, full = "libx265" if "10" in pix_fmt else "libx264", 2 if "yuvj" in pix_fmt else 1
    info = probe(make_clip(tmp_path / "in.mp4", frames=4, codec=codec, pix_fmt=pix_fmt, color_range=full))
    assert info.pix_fmt == pix_fmt
    expected = list(read.Reader(info))
    monkeypatch.setattr(read, "nvdec", lambda _: "a GPU")
    monkeypatch.setattr(read, "Decoder", LikeNvdec)
    reader = read.Reader(info, ON_GPU)
    decoded = list(reader)
    assert reader.warnings == [] and [frame.pts for frame in decoded] == [frame.pts for frame in expected]
    for got, frame in zip(decoded, expected, strict=True):
        assert isinstance(got.picture, Planes) and isinstance(frame.picture, Planes)
        assert got.picture.colour == frame.picture.colour
        for a, b in zip(_planes(got.picture), _planes(frame.picture), strict=True):
            assert torch.equal(a, b)


def _planes(picture: Planes) -> list[torch.Tensor]:
    assert picture.u is not None and picture.v is not None
    return [picture.y, picture.u, picture.v]


def test_a_gpu_that_decodes_nothing_of_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Profiles that it has not, such as 4:2:2 in H.264, are only known when nothing comes."""
    info = probe(make_clip(tmp_path / "in.mp4", frames=3, pix_fmt="yuv422p"))
    monkeypatch.setattr(read, "nvdec", lambda _: "a GPU")
    monkeypatch.setattr(LikeNvdec, "__iter__", lambda self: (frame for frame in ()))
    monkeypatch.setattr(read, "Decoder", LikeNvdec)
    with pytest.raises(UsageError, match="decodes no picture of this h264 in yuv422p; use --decoder cpu"):
        list(read.Reader(info, ON_GPU))


def test_pictures_are_the_cpus(tmp_path: Path) -> None:
    info = probe(make_clip(tmp_path / "in.mkv", frames=1, codec="ffv1"))
    folder = tmp_path / "pictures"
    result = CliRunner().invoke(app, ["extract-frames", str(info.path), str(folder)])
    assert result.exit_code == 0, result.output
    assert len(list(read.Reader(probe(folder), ON_GPU))) == 1
