"""Copies beside computing: on a CPU nothing happens; on a stand-in for a GPU, who waits for whom."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.utils.dlpack import from_dlpack

from vidrestore.engine import transfer
from vidrestore.engine.transfer import Arriving, download, upload, wait_for_copies
from vidrestore.frame.frame import Colour, Frame, Planes
from vidrestore.video.encode.packing import Packer, to_codes
from vidrestore.video.encode.target import Target

from ..frames import planes, rgb
from .fake_streams import Stream

GPU = torch.device("cuda:0")


def test_on_a_cpu_frames_pass_as_they_are() -> None:
    frames = [*planes(2), *rgb(2)]
    closed = []

    def source() -> Iterator[Frame]:
        try:
            yield from frames
        finally:
            closed.append(True)

    stream = download(source(), lambda _: pytest.fail("only what comes from a GPU is rounded"))
    out = [frame for frame, _ in zip(wait_for_copies(stream), range(3), strict=False)]
    assert all(a is b for a, b in zip(out, frames, strict=False))
    stream.close()
    assert closed
    picture = frames[0].picture
    assert isinstance(picture, Planes)
    there = upload(picture, torch.device("cpu"))
    assert isinstance(there, Planes) and (there.y is picture.y, there.u is picture.u) == (True, True)


@dataclass
class Gpu:
    log: list[str] = field(default_factory=list)
    on: str = "computing"


@dataclass
class Event:
    gpu: Gpu

    def record(self, stream: Stream) -> None:
        self.gpu.log.append(f"event on {stream.name}")

    def synchronize(self) -> None:
        self.gpu.log.append("host waits for the event")


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Gpu:
    made = Gpu()
    copy = Tensor.copy_

    @contextmanager
    def stream(chosen: Stream) -> Iterator[None]:
        before, made.on = made.on, chosen.name
        yield
        made.on = before

    def to(plane: Tensor, device: torch.device, *, non_blocking: bool = False) -> Tensor:
        made.log.append(f"{made.on} takes {plane.dtype} up")
        assert device == GPU and non_blocking and plane.is_contiguous()
        return plane.clone()

    def copied(place: Tensor, plane: Tensor, non_blocking: bool = False) -> Tensor:
        if non_blocking:
            made.log.append(f"{made.on} takes {plane.dtype} down")
            assert place.dtype == plane.dtype and place.is_contiguous()
        return copy(place, plane)

    monkeypatch.setattr(transfer, "_stream", lambda _, way: Stream(made.log, way))
    monkeypatch.setattr(transfer, "_pinned", lambda plane: torch.empty(plane.shape, dtype=plane.dtype))
    monkeypatch.setattr(torch.cuda, "current_stream", lambda _: Stream(made.log, "computing"))
    monkeypatch.setattr(torch.cuda, "stream", stream)
    monkeypatch.setattr(torch.cuda, "Event", lambda blocking: Event(made))
    monkeypatch.setattr(Tensor, "to", to)
    monkeypatch.setattr(Tensor, "copy_", copied)
    monkeypatch.setattr(
        Tensor, "record_stream", lambda _, stream: made.log.append(f"memory is kept for {stream.name}"), raising=False
    )
    return made


def test_up(gpu: Gpu) -> None:
    picture = planes(1, size=(16, 24))[0].picture
    assert isinstance(picture, Planes)
    padded = replace(picture, y=picture.y.repeat(1, 2)[:, :24], u=None, v=None)  # rows of a decoder have gaps
    there = upload(padded, GPU)
    assert isinstance(there, Planes) and torch.equal(there.y, picture.y)
    assert gpu.log == ["up takes torch.uint8 up", "memory is kept for computing", "computing waits for up"]


def test_down(gpu: Gpu, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "_device", lambda _: GPU)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    frames = [Frame(torch.full((3, 2, 2), float(i)), Fraction(i), Fraction(1), i == 1, key=i == 0) for i in range(3)]

    def rounding(picture: Planes | Tensor) -> Tensor:
        gpu.log.append("round")
        assert isinstance(picture, Tensor) and not torch.backends.cudnn.allow_tf32 and not torch.is_grad_enabled()
        return picture.byte()

    sent = list(download((frame for frame in frames), rounding))
    one = [
        *("round", "down waits for computing", "memory is kept for down", "down takes torch.uint8 down"),
        "event on down",
    ]
    assert gpu.log == 3 * one
    assert all(isinstance(frame, Arriving) for frame in sent)
    gpu.log.clear()
    there = wait_for_copies(sent)
    first = next(there)
    assert gpu.log == ["host waits for the event"], "for its own, once"
    for frame, original in zip([first, *there], frames, strict=True):
        assert torch.equal(frame.picture, original.picture.byte())  # type: ignore[union-attr]
        assert (frame.pts, frame.duration, frame.cut, frame.key) == (
            *(original.pts, original.duration),
            *(original.cut, original.key),
        )


@pytest.mark.parametrize(("pix_fmt", "depth"), [("yuv420p", 8), ("yuv444p10le", 10), ("gray", 8), ("gbrp", 8)])
@pytest.mark.parametrize("space", ["planes", "rgb"])
def test_rounded_before_or_when_packed_is_the_same(pix_fmt: str, depth: int, space: str) -> None:
    colour = Colour(matrix="bt709", depth=depth)
    target = Target(Path("out.mkv"), "video", 24, 16, Fraction(25), Fraction(1, 25), colour, pix_fmt=pix_fmt)
    if space == "planes":
        y, u, v = (255 * torch.rand(shape) for shape in ((16, 24), (8, 12), (8, 12)))
        picture: Planes | Tensor = Planes(y, u, v, Colour())
    else:
        picture = torch.rand(3, 16, 24)
    before = to_codes(picture, target)
    if pix_fmt != "gbrp":
        assert isinstance(before, Planes) and before.y.dtype == (torch.uint8 if depth == 8 else torch.uint16)
    packed = [Packer(target).pack(Frame(each, Fraction(0), Fraction(1))) for each in (picture, before)]
    for a, b in zip(packed[0].planes, packed[1].planes, strict=True):
        assert torch.equal(from_dlpack(a), from_dlpack(b))
    folder = replace(target, kind="folder", pix_fmt="")
    assert to_codes(picture, folder) is picture, "pictures take more than code values"
