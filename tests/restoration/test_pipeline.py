"""restore() end to end with a processor that changes nothing: codes, time stamps and sound come out as they went in."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import torch

from tests.clips import make_clip
from tests.restoration.identity import TORCH, Identity
from tests.restoration.made import made
from vidrestore.base.settings import Encoding, Reading
from vidrestore.engine import choose, run
from vidrestore.errors import VidrestoreError
from vidrestore.restoration.job import prepare
from vidrestore.restoration.pipeline import restore
from vidrestore.restoration.stage import Stage

FFV1 = Encoding("ffv1", lossless=True)


def identity(space: str = "luma") -> Stage:
    return made("identity", lambda frames, _: run(Identity(space), frames, engine=choose(TORCH), settings=TORCH))


def through(
    source: Path, target: Path, *, encoding: Encoding = FFV1, space: str = "luma", reading: Reading | None = None
):
    return restore(prepare(source, target, (identity(space),), reading=reading or Reading(), encoding=encoding))


def decoded(path: Path) -> list[av.VideoFrame]:
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


def packets(path: Path, kind: str) -> list[bytes]:
    with av.open(str(path)) as container:
        stream = next(s for s in container.streams if s.type == kind)
        return [bytes(p) for p in container.demux(stream) if p.size]


def planes(frame: av.VideoFrame) -> list[np.ndarray]:
    return [torch.from_dlpack(plane).numpy().astype(int) for plane in frame.planes]


def same(a: Path, b: Path, *, luma: int, chroma: int) -> None:
    """Every plane of every frame within the stated number of code values."""
    ours, theirs = decoded(a), decoded(b)
    assert len(ours) == len(theirs)
    for x, y in zip(ours, theirs, strict=True):
        for p, q, most in zip(planes(x), planes(y), (luma, chroma, chroma), strict=True):
            assert np.abs(p - q).max() <= most


@pytest.mark.parametrize("space", ["luma", "rgb"])
@pytest.mark.parametrize("matrix", [2, 1, 5, 6, 9])  # untagged, 709, 601 (two names), 2020
@pytest.mark.parametrize("color_range", [0, 1, 2])
def test_identity_keeps_every_code_value(tmp_path: Path, space: str, matrix: int, color_range: int) -> None:
    source = make_clip(
        tmp_path / "in.mkv", frames=3, codec="ffv1", colorspace=matrix, color_range=color_range, size=(50, 38)
    )
    report = through(source, tmp_path / "out.mkv", space=space)
    same(source, tmp_path / "out.mkv", luma=0, chroma=0)
    assert (report.frames_in, report.frames_out) == (3, 3)
    with av.open(str(tmp_path / "out.mkv")) as container:
        context = container.streams.video[0].codec_context
        assert int(context.colorspace) == matrix
        assert int(context.color_range) == color_range


@pytest.mark.parametrize("space", ["luma", "rgb"])
@pytest.mark.parametrize("pix_fmt", ["yuv420p10le", "yuv422p10le", "yuv444p", "yuv422p", "yuv420p12le"])
def test_identity_keeps_deep_and_less_subsampled_codes(tmp_path: Path, space: str, pix_fmt: str) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=2, codec="ffv1", pix_fmt=pix_fmt)
    through(source, tmp_path / "out.mkv", space=space)
    assert decoded(tmp_path / "out.mkv")[0].format.name == pix_fmt
    same(source, tmp_path / "out.mkv", luma=0, chroma=0)


def test_variable_frame_rate_and_sound_survive(tmp_path: Path) -> None:
    pts = [0, 1001, 2002, 4004, 4505, 7000, 10010, 10011, 20020, 30030]
    source = make_clip(tmp_path / "in.mp4", frames=10, pts=pts, time_base=Fraction(1, 30000), audio=2)
    through(source, tmp_path / "out.mp4", encoding=Encoding())
    times = lambda path: [f.pts * f.time_base for f in decoded(path)]  # noqa: E731
    assert times(tmp_path / "out.mp4") == times(source) == [Fraction(p, 30000) for p in pts]
    with av.open(str(source)) as a, av.open(str(tmp_path / "out.mp4")) as b:
        for x, y in zip(a.streams.audio, b.streams.audio, strict=True):
            assert x.language == y.language
            assert [bytes(p) for p in a.demux(x) if p.size] == [bytes(p) for p in b.demux(y) if p.size]
            a.seek(0)
            b.seek(0)


def test_b_frames_all_come_out(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mp4", frames=60, options={"bf": "3"})
    with av.open(str(source)) as container:  # the clip really has B-frames
        order = [p.pts for p in container.demux(video=0) if p.size]
        assert order != sorted(order)
    report = through(source, tmp_path / "out.mp4", encoding=Encoding())
    assert (report.frames_in, report.frames_out) == (60, 60)
    assert len(decoded(tmp_path / "out.mp4")) == 60


def test_a_clip_cut_in_the_middle_gives_what_there_was(tmp_path: Path) -> None:
    whole = make_clip(
        tmp_path / "whole.mp4", frames=90, options={"movflags": "faststart", "bf": "0", "g": "10"}, size=(160, 120)
    )
    data = whole.read_bytes()
    cut = tmp_path / "cut.mp4"
    # Without faststart the index is at the end; PyAV writes it in front only on request of the container.
    with av.open(str(whole)) as a, av.open(str(cut), "w", options={"movflags": "faststart"}) as b:
        stream = b.add_stream_from_template(a.streams.video[0])
        for packet in a.demux(video=0):
            if packet.size:
                packet.stream = stream
                b.mux(packet)
    data = cut.read_bytes()
    cut.write_bytes(data[: len(data) * 6 // 10])
    report = through(cut, tmp_path / "out.mp4")
    assert report.truncated
    assert any("cut off" in warning for warning in report.warnings)
    assert 30 < report.frames_out == len(decoded(tmp_path / "out.mp4")) < 90


def test_a_frame_too_few_is_an_error_not_silence(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mp4", frames=9)
    stage = made("loses one", lambda frames, _: (frame for i, frame in enumerate(frames) if i != 4))
    with pytest.raises(VidrestoreError, match="9 frames were read, 9 must come of them, 8 did"):
        restore(prepare(source, tmp_path / "out.mp4", (stage,), reading=Reading(), encoding=FFV1))
    assert [p.name for p in tmp_path.iterdir()] == ["in.mp4"]


def test_an_error_in_a_stage_leaves_neither_file_nor_thread(tmp_path: Path) -> None:
    import threading

    source = make_clip(tmp_path / "in.mp4", frames=30)

    def broken(frames, _):
        for i, frame in enumerate(frames):
            if i == 12:
                raise ZeroDivisionError("a bug")
            yield frame

    before = threading.active_count()
    with pytest.raises(ZeroDivisionError, match="a bug"):
        restore(prepare(source, tmp_path / "out.mp4", (made("b", broken),), reading=Reading(), encoding=FFV1))
    assert threading.active_count() == before
    assert [p.name for p in tmp_path.iterdir()] == ["in.mp4"]
