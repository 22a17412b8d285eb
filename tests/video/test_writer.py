"""One whole file or none, with every frame in its place and every code value kept."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import pytest
import torch

from tests.clips import make_clip
from vidrestore.base.settings import Encoding
from vidrestore.errors import ResourceError, UsageError, VidrestoreError
from vidrestore.frame.colour import to_rgb
from vidrestore.frame.frame import Frame, Planes
from vidrestore.video.encode.target import Target
from vidrestore.video.facts.info import VideoInfo
from vidrestore.video.facts.probe import probe
from vidrestore.video.reader import Reader
from vidrestore.video.writer import Writer, plan

VFR = [0, 1001, 2002, 4004, 4505, 7000, 10010, 10100, 20020, 30030]
TICK = Fraction(1, 30000)
EXACT = Encoding(codec="ffv1")


def aim(info: VideoInfo, path: Path, encoding: Encoding = EXACT, *, time_base: Fraction | None = None) -> Target:
    base = time_base or info.time_base
    return plan(info, path, encoding, time_base=base, overwrite=True)


def write(target: Target, info: VideoInfo, frames: list[Frame]) -> Writer:
    with Writer(target, info) as writer:
        for frame in frames:
            writer.write(frame)
    return writer


def timed(frames: list[Frame], ticks: list[int], last: int) -> list[Frame]:
    """The frames at other times."""
    lengths = [b - a for a, b in pairwise(ticks)] + [last]
    return [replace(f, pts=t * TICK, duration=d * TICK) for f, t, d in zip(frames, ticks, lengths, strict=False)]


def same(a: Planes, b: Planes) -> bool:
    return all(torch.equal(x.int(), y.int()) for x, y in ((a.y, b.y), (a.u, b.u), (a.v, b.v)) if x is not None)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return make_clip(tmp_path / "in.mkv", codec="ffv1", frames=10)


@pytest.fixture
def source(clip: Path) -> tuple[VideoInfo, list[Frame]]:
    info = probe(clip)
    return info, list(Reader(info))


@pytest.mark.parametrize("codec", ["libx264", "libx265", "libsvtav1", "libvpx-vp9", "ffv1"])
@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_variable_times_are_kept(
    source: tuple[VideoInfo, list[Frame]], tmp_path: Path, codec: str, suffix: str
) -> None:
    if suffix == ".mov" and not codec.startswith("libx"):
        pytest.skip("MOV holds none of the others")
    info, frames = source
    out = tmp_path / f"out{suffix}"
    writer = write(aim(info, out, Encoding(codec=codec), time_base=TICK), info, timed(frames, VFR, last=5005))
    assert writer.written == 10
    assert writer.duration == 35035 * TICK
    found = [frame.pts for frame in Reader(probe(out))]
    tolerance = Fraction(1, 2000) if suffix == ".mkv" else 0  # Matroska counts milliseconds
    assert max(abs(a - b * TICK) for a, b in zip(found, VFR, strict=True)) <= tolerance
    with av.open(str(out)) as container:
        assert container.duration is not None
        assert abs(Fraction(container.duration, 1_000_000) - writer.duration) <= Fraction(1, 1000)


@pytest.mark.parametrize("codec", ["libx264", "libx265", "libsvtav1", "libvpx-vp9", "ffv1"])
@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_short_clips(
    source: tuple[VideoInfo, list[Frame]], tmp_path: Path, codec: str, count: int, suffix: str
) -> None:
    info, frames = source
    writer = write(aim(info, tmp_path / f"o{suffix}", Encoding(codec=codec)), info, frames[:count])
    with av.open(str(tmp_path / f"o{suffix}")) as container:
        assert container.duration is not None
        assert abs(Fraction(container.duration, 1_000_000) - writer.duration) <= Fraction(1, 500)
        assert len(list(container.decode(video=0))) == count


@pytest.mark.parametrize("start", [4800, 30030])
def test_a_late_start_is_kept(source: tuple[VideoInfo, list[Frame]], tmp_path: Path, start: int) -> None:
    info, frames = source
    ticks = [start + 1001 * n for n in range(10)]
    write(aim(info, tmp_path / "o.mp4", Encoding(), time_base=TICK), info, timed(frames, ticks, last=1001))
    assert [frame.pts for frame in Reader(probe(tmp_path / "o.mp4"))] == [tick * TICK for tick in ticks]


def test_a_constant_rate_keeps_regular_decoding_times(source: tuple[VideoInfo, list[Frame]], tmp_path: Path) -> None:
    info, frames = source
    write(
        aim(info, tmp_path / "o.mp4", Encoding(), time_base=TICK),
        info,
        timed(frames, list(range(0, 10010, 1001)), 1001),
    )
    with av.open(str(tmp_path / "o.mp4")) as container:
        stamps = [packet.dts for packet in container.demux(video=0) if packet.dts is not None]
    assert {b - a for a, b in pairwise(stamps)} == {1001}


def test_a_time_between_two_ticks_is_an_error(source: tuple[VideoInfo, list[Frame]], tmp_path: Path) -> None:
    info, frames = source
    target = aim(info, tmp_path / "o.mp4", time_base=Fraction(1, 30))
    with pytest.raises(VidrestoreError, match="no multiple of 1/30"):
        write(target, info, [replace(frames[0], pts=Fraction(1, 60))])


def test_avi_refuses_a_variable_rate_and_keeps_a_constant_one(
    source: tuple[VideoInfo, list[Frame]], tmp_path: Path
) -> None:
    info, frames = source
    target = aim(info, tmp_path / "o.avi", Encoding())
    with pytest.raises(UsageError, match="constant frame rate only"):
        write(target, info, timed(frames, VFR, last=5005))
    write(target, info, frames)
    assert [frame.pts for frame in Reader(probe(tmp_path / "o.avi"))] == [Fraction(n, 30) for n in range(10)]


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p12le", "gray", "gray16le"])
@pytest.mark.parametrize("size", [(64, 48), (65, 49)])
@pytest.mark.parametrize("native", [True, False])
def test_code_values_are_kept(tmp_path: Path, pix_fmt: str, size: tuple[int, int], native: bool) -> None:
    info = probe(make_clip(tmp_path / "in.mkv", codec="ffv1", pix_fmt=pix_fmt, size=size, frames=3))
    frames = list(Reader(info))
    handed = [frame if native else replace(frame, native=None) for frame in frames]
    write(aim(info, tmp_path / "o.mkv"), info, handed)
    after = list(Reader(probe(tmp_path / "o.mkv")))
    assert len(after) == 3
    assert all(same(a.picture, b.picture) for a, b in zip(frames, after, strict=True))  # type: ignore[arg-type]


@pytest.mark.parametrize("pix_fmt", ["gbrp", "gbrp10le"])
def test_rgb_is_kept(tmp_path: Path, pix_fmt: str) -> None:
    lossless = {"x265-params": "lossless=1:log-level=none"}
    clip = make_clip(tmp_path / "in.mkv", codec="libx265", options=lossless, pix_fmt=pix_fmt, size=(65, 49), frames=4)
    info = probe(clip)
    frames = list(Reader(info))
    write(aim(info, tmp_path / "o.mkv"), info, frames)
    for a, b in zip(frames, Reader(probe(tmp_path / "o.mkv")), strict=True):
        assert torch.equal(a.picture, b.picture)  # type: ignore[arg-type]


@pytest.mark.parametrize("codec", ["libx264", "libx265", "libvpx-vp9", "libsvtav1", "ffv1"])
def test_lossless_is(source: tuple[VideoInfo, list[Frame]], tmp_path: Path, codec: str) -> None:
    info, frames = source
    write(aim(info, tmp_path / "o.mkv", Encoding(codec=codec, lossless=True)), info, frames)
    after = Reader(probe(tmp_path / "o.mkv"))
    assert all(same(a.picture, b.picture) for a, b in zip(frames, after, strict=True))  # type: ignore[arg-type]


def test_float_planes_are_rounded(source: tuple[VideoInfo, list[Frame]], tmp_path: Path) -> None:
    info, frames = source
    picture = frames[0].picture
    assert isinstance(picture, Planes) and picture.u is not None and picture.v is not None
    floats = replace(picture, y=picture.y + 0.4, u=picture.u - 0.4, v=picture.v * 1.0)
    write(aim(info, tmp_path / "o.mkv"), info, [replace(frames[0], picture=floats, native=None)])
    (after,) = Reader(probe(tmp_path / "o.mkv"))
    assert same(picture, after.picture)  # type: ignore[arg-type]


def test_rgb_of_a_yuv_source_is_stored_in_its_colour(tmp_path: Path) -> None:
    clip = make_clip(
        tmp_path / "in.mkv", codec="ffv1", pix_fmt="yuv444p", frames=1, colorspace=9, color_range=2, color_primaries=9
    )
    info = probe(clip)
    (frame,) = Reader(info)
    assert isinstance(frame.picture, Planes)
    write(aim(info, tmp_path / "o.mkv"), info, [replace(frame, picture=to_rgb(frame.picture), native=None)])
    out = probe(tmp_path / "o.mkv")
    (after,) = Reader(out)
    assert out.colour == info.colour
    assert same(frame.picture, after.picture)  # type: ignore[arg-type]


def test_another_subsampling_leaves_luma_alone(tmp_path: Path) -> None:
    info = probe(make_clip(tmp_path / "in.mkv", codec="ffv1", pix_fmt="yuv444p", frames=1, color_range=2))
    (frame,) = Reader(info)
    write(aim(info, tmp_path / "o.mkv", Encoding(codec="ffv1", pix_fmt="yuv420p")), info, [frame])
    (after,) = Reader(probe(tmp_path / "o.mkv"))
    assert isinstance(frame.picture, Planes) and isinstance(after.picture, Planes)
    assert torch.equal(frame.picture.y, after.picture.y)


def test_another_depth(tmp_path: Path) -> None:
    info = probe(make_clip(tmp_path / "in.mkv", codec="ffv1", frames=1))
    (frame,) = Reader(info)
    write(aim(info, tmp_path / "o.mkv", Encoding(codec="ffv1", pix_fmt="yuv420p10le")), info, [frame])
    (after,) = Reader(probe(tmp_path / "o.mkv"))
    assert isinstance(frame.picture, Planes) and isinstance(after.picture, Planes)
    assert torch.equal(frame.picture.y.int() * 4, after.picture.y.int())


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_odd_pictures_are_padded_by_repeating(tmp_path: Path, codec: str) -> None:
    info = probe(make_clip(tmp_path / "in.mkv", codec="ffv1", size=(65, 49), frames=2))
    frames = list(Reader(info))
    write(aim(info, tmp_path / "o.mp4", Encoding(codec=codec, lossless=True)), info, frames)
    for frame, after in zip(frames, Reader(probe(tmp_path / "o.mp4")), strict=True):
        assert isinstance(frame.picture, Planes) and isinstance(after.picture, Planes)
        padded = torch.nn.functional.pad(frame.picture.y[None].float(), (0, 1, 0, 1), mode="replicate")[0]
        assert torch.equal(padded.int(), after.picture.y.int())


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov"])
def test_colour_shape_and_rotation_are_kept(tmp_path: Path, suffix: str) -> None:
    clip = make_clip(
        tmp_path / "in.mp4",
        frames=3,
        size=(64, 64),
        colorspace=1,
        color_range=2,
        color_primaries=9,
        color_trc=16,
        options={"chroma_sample_location": "topleft"},
        sample_aspect_ratio=Fraction(4, 3),
        rotation=90,
    )
    info = probe(clip)
    assert (info.colour.tagged_siting, info.rotation, info.sample_aspect_ratio) == (3, 90, Fraction(4, 3))
    write(aim(info, tmp_path / f"o{suffix}", Encoding()), info, list(Reader(info)))
    out = probe(tmp_path / f"o{suffix}")
    assert out.colour == info.colour
    assert out.display_matrix == info.display_matrix
    assert out.sample_aspect_ratio == Fraction(4, 3)


@pytest.mark.parametrize("codec", ["libx265", "libx264", "libsvtav1"])
def test_hdr10_is_kept(tmp_path: Path, codec: str) -> None:
    master = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"
    params = {"x265-params": f"log-level=none:hdr10=1:master-display={master}:max-cll=1000,400"}
    clip = make_clip(
        tmp_path / "in.mp4", codec="libx265", pix_fmt="yuv420p10le", frames=3, size=(64, 64), options=params,
        colorspace=9, color_range=1, color_primaries=9, color_trc=16,
    )  # fmt: skip
    info = probe(clip)
    assert (info.hdr10.master_display, info.hdr10.max_cll) == (master, "1000,400")
    write(aim(info, tmp_path / "o.mp4", Encoding(codec=codec)), info, list(Reader(info)))
    assert probe(tmp_path / "o.mp4").hdr10 == info.hdr10


def test_frame_types_of_the_source_are_not_obeyed(tmp_path: Path) -> None:
    info = probe(make_clip(tmp_path / "in.mkv", frames=20, options={"g": "1"}))
    write(aim(info, tmp_path / "o.mkv", Encoding()), info, list(Reader(info)))
    with av.open(str(tmp_path / "o.mkv")) as container:
        assert sum(packet.is_keyframe for packet in container.demux(video=0)) == 1


def test_encoders_print_nothing(source: tuple[VideoInfo, list[Frame]], tmp_path: Path, capfd: object) -> None:
    info, frames = source
    for codec in ("libx264", "libx265", "libsvtav1", "libvpx-vp9"):
        write(aim(info, tmp_path / "o.mkv", Encoding(codec=codec)), info, frames)
    assert capfd.readouterr() == ("", "")  # type: ignore[attr-defined]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
@pytest.mark.parametrize("after", [0, 1, 5])
def test_an_error_leaves_nothing_and_touches_nothing(
    source: tuple[VideoInfo, list[Frame]], clip: Path, error: type[BaseException], after: int
) -> None:
    info, frames = source
    path = clip.with_name("o.mp4")
    path.write_bytes(b"mine")
    target = aim(info, path, Encoding())
    with pytest.raises(error), Writer(target, info) as writer:
        for frame in frames[:after]:
            writer.write(frame)
        raise error
    assert path.read_bytes() == b"mine"
    assert sorted(clip.parent.iterdir()) == [clip, path]


def test_no_frame_is_an_error(source: tuple[VideoInfo, list[Frame]], clip: Path) -> None:
    info, _ = source
    with pytest.raises(VidrestoreError, match="there was not one frame"):
        write(aim(info, clip.with_name("o.mp4")), info, [])
    assert list(clip.parent.iterdir()) == [clip]


def test_a_frame_of_another_size_is_an_error(source: tuple[VideoInfo, list[Frame]], clip: Path) -> None:
    info, _ = source
    with pytest.raises(VidrestoreError, match="is 32x32, not the 64x48 planned"):
        write(aim(info, clip.with_name("o.mp4")), info, [Frame(torch.zeros(3, 32, 32), Fraction(0), Fraction(1, 30))])
    assert list(clip.parent.iterdir()) == [clip]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.name != "posix" or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "none", folder]).returncode:
        pytest.skip("no right to mount a small disk")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("name", ["o.mkv", "o.mp4", "folder", "o.png"])
def test_a_full_disk_leaves_nothing(tmp_path: Path, small_disk: Path, name: str) -> None:
    info = probe(make_clip(tmp_path / "in.mkv", codec="ffv1", size=(256, 256), frames=1))
    (frame,) = Reader(info)
    encoding = EXACT if Path(name).suffix in (".mkv", ".mp4") else Encoding()
    target = aim(info, small_disk / name, encoding)
    noise = torch.rand(3, 256, 256)
    if name == "o.png":
        noise = torch.rand(3, 512, 512)
        target = replace(target, width=512, height=512)
    with pytest.raises(ResourceError, match="the disk is full"), Writer(target, info) as writer:
        for number in range(1 if name == "o.png" else 60):
            writer.write(replace(frame, picture=noise, native=None, pts=number * info.time_base * 34))
    assert list(small_disk.iterdir()) == []


@pytest.mark.parametrize("name", ["odd_175x143.mp4", "rotate_and_reflect.mp4", "slow_motion_android.mp4", "bt601.mov"])
def test_real_files(shared_data: Path, tmp_path: Path, name: str) -> None:
    info = probe(shared_data / "clips" / name)
    frames = list(Reader(info))
    write(aim(info, tmp_path / "o.mp4", Encoding(preset="ultrafast")), info, frames)
    out = probe(tmp_path / "o.mp4")
    assert [frame.pts for frame in Reader(out)] == [frame.pts for frame in frames]
    assert out.display_matrix == info.display_matrix
    assert out.sample_aspect_ratio == info.sample_aspect_ratio


def test_nobodys_part_file_is_taken(tmp_path: Path) -> None:
    """A run grew under NAME.part.EXT, whatever had that name: even its own input."""
    source = make_clip(tmp_path / "film.part.mkv", codec="ffv1", frames=3)
    (tmp_path / "film.part2.mkv").write_bytes(b"mine")
    before, info = source.read_bytes(), probe(source)
    write(aim(info, tmp_path / "film.mkv"), info, list(Reader(info)))
    assert source.read_bytes() == before and (tmp_path / "film.part2.mkv").read_bytes() == b"mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["film.mkv", "film.part.mkv", "film.part2.mkv"]
    assert len(list(Reader(probe(tmp_path / "film.mkv")))) == 3


@pytest.mark.parametrize(("before", "after"), [("444", "420"), ("444", "422"), ("411", "422"), ("420", "444")])
def test_chroma_stays_in_its_place_when_it_changes_resolution(tmp_path: Path, before: str, after: str) -> None:
    """Chroma that rises along a row by three codes a luma sample says where each of its samples lies: sited left."""
    step, other = ({"444": 1, "422": 2, "420": 2, "411": 4}[name] for name in (before, after))
    info = probe(make_clip(tmp_path / "in.mkv", codec="ffv1", size=(64, 48), frames=1, pix_fmt=f"yuv{before}p"))
    (frame,) = Reader(info)
    planes = frame.picture
    assert isinstance(planes, Planes) and planes.u is not None
    ramp = (20 + 3 * step * torch.arange(planes.u.shape[1])).to(torch.uint8).expand(planes.u.shape).contiguous()
    changed = replace(frame, picture=replace(planes, u=ramp, v=ramp), native=None)
    write(aim(info, tmp_path / "o.mkv", Encoding(codec="ffv1", pix_fmt=f"yuv{after}p")), info, [changed])
    (made,) = Reader(probe(tmp_path / "o.mkv"))
    assert isinstance(made.picture, Planes) and made.picture.u is not None
    inner = made.picture.u.float()[4:-4, 4:-4]
    expected = 20 + 3 * other * torch.arange(made.picture.u.shape[1])[4:-4]
    assert (inner - expected).abs().max() <= 1


@pytest.mark.parametrize(("suffix", "alike"), [(".mkv", 4), (".mp4", 0)])
def test_times_that_a_container_cannot_tell_apart_are_said(tmp_path: Path, suffix: str, alike: int) -> None:
    """Half a millisecond apart, as between frames 1 ms apart: Matroska counts whole ones."""
    info = probe(make_clip(tmp_path / "in.mp4", frames=10, pts=range(10), time_base=Fraction(1, 2000)))
    target = plan(
        info, tmp_path / f"out{suffix}", Encoding(preset="ultrafast"), width=64, height=48, rate=Fraction(30),
        time_base=Fraction(1, 2000),
    )  # fmt: skip
    with Writer(target, info) as writer:
        for frame in Reader(info):
            writer.write(frame)
    said = [warning for warning in writer.warnings if "time of the one before" in warning]
    assert said == [] if not alike else f": {alike};" in said[0]
    with av.open(str(tmp_path / f"out{suffix}")) as container:
        times = [packet.pts for packet in container.demux(video=0) if packet.size]
    assert len(times) - len(set(times)) == alike
