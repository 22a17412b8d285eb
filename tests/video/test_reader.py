"""Reader: every frame, its exact time and its exact samples, whatever the file is like."""

import os
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import pytest
import torch
from torch import Tensor

from tests.clips import make_clip, picture, plane
from vidrestore.base.settings import Moment, Reading
from vidrestore.errors import InputError, UsageError
from vidrestore.frame.colour import to_rgb
from vidrestore.frame.frame import Frame, Planes
from vidrestore.video.decode.colour_tags import colour_of
from vidrestore.video.decode.planes import Unpacker
from vidrestore.video.facts.probe import probe
from vidrestore.video.reader import Reader

# name: frames, width, height, pix_fmt. Counts are those of SOURCES.md, less the packets that an edit list hides.
HEALTHY = {
    "alpha.webm": (150, 200, 200, "yuv420p"),
    "anamorphic_sar2x1.mp4": (150, 640, 360, "yuv420p"),
    "bt601.mov": (30, 640, 428, "yuv420p"),
    "chapters.mp4": (30, 1080, 720, "yuv420p"),
    "cursed_vfr.mp4": (63, 3026, 1386, "yuv420p"),
    "edit_list.mp4": (16, 640, 360, "yuv420p"),
    "failing_audio.mp4": (280, 640, 360, "yuv420p"),
    "flash.flv": (30, 1080, 720, "yuv420p"),
    "fragmented.mp4": (30, 1080, 720, "yuv420p"),
    "full_range_bt709.mp4": (30, 1280, 720, "yuvj420p"),
    "h263_176x144.3gp": (15, 176, 144, "yuv420p"),
    "h264_10bit.mp4": (30, 200, 200, "yuv420p10le"),
    "hdr10_av1_portrait.mp4": (127, 720, 1280, "yuv420p10le"),
    "hevc_10bit.mp4": (30, 200, 200, "yuv420p10le"),
    "high_fps_60.mp4": (120, 1920, 1080, "yuv420p"),
    "hlg10_1080p.mp4": (9, 1920, 1080, "yuv420p10le"),
    "hlg10_dolby_rotated.mov": (4, 1280, 720, "yuv420p10le"),
    "interlaced_480i_audio.mp4": (21, 720, 480, "yuv420p"),
    "interlaced_h264.mp4": (126, 640, 360, "yuv420p"),
    "mdat_too_long.mp4": (30, 1080, 720, "yuv420p"),
    "mpeg2_24fps.ts": (58, 1920, 1080, "yuv420p"),
    "odd_175x143.mp4": (48, 175, 143, "yuv420p"),
    "odd_496x241.mp4": (10, 496, 241, "yuv422p10le"),
    "odd_642x642.webm": (90, 642, 642, "yuv420p"),
    "one_frame.y4m": (1, 768, 512, "yuv420p"),
    "packed_vfr.avi": (96, 960, 400, "yuv420p"),
    "park_joy_10frames.y4m": (10, 480, 270, "yuv420p"),
    "portrait.mp4": (30, 720, 1080, "yuv420p"),
    "prores_422_10bit.mp4": (5, 1280, 720, "yuv422p10le"),
    "rotate_and_reflect.mp4": (30, 1080, 720, "yuv420p"),
    "rotated_180_vfr.mp4": (25, 1280, 720, "yuv420p"),
    "rotated_90.mp4": (45, 1920, 1080, "yuv420p"),
    "rotated_90_small.mov": (3, 568, 320, "yuv420p"),
    "screen_518x488_jpeg_range.mp4": (167, 518, 488, "yuvj420p"),
    "slow_motion_android.mp4": (7, 1280, 720, "yuvj420p"),
    "slow_motion_sef.mp4": (63, 320, 240, "yuv420p"),
    "subs_ass.mkv": (30, 1080, 720, "yuv420p"),
    "subs_pgs_broken_timing.mkv": (30, 1080, 720, "yuv420p"),
    "subs_srt.mkv": (30, 1080, 720, "yuv420p"),
    "two_audio_two_subs.mp4": (390, 480, 270, "yuv420p"),
    "wmv2_uneven_timing.wmv": (474, 320, 240, "yuv420p"),
    "yuv444.mkv": (71, 320, 180, "yuv444p"),
}
# name: frames, damaged, repaired, truncated, and a word of what is said
HURT = {
    "corrupted.mp4": (49, 1, 0, False, "damaged packets, whose frames are lost: 1"),
    "interlaced_bff.mkv": (11, 0, 0, True, "cut off"),
    "interlaced_mpeg2.mp4": (353, 0, 1, False, "without a usable time stamp"),
    "no_initial_keyframe.ts": (15, 0, 0, False, "before the first key frame, which cannot be decoded: 63"),
    "size_changes.mp4": (300, 0, 0, False, "made 1920x1080: 267"),
    "truncated_60pct.mp4": (116, 1, 0, True, "cut off"),
}
UNREADABLE = {"empty.mp4", "text_named.mp4", "truncated_2kB.mp4"}


def y(frame: Frame) -> Tensor:
    assert isinstance(frame.picture, Planes)
    return frame.picture.y


def read(path: Path, **asked) -> tuple[Reader, list[Frame]]:
    reader = Reader(probe(path), Reading(**asked))
    return reader, list(reader)


def assert_gapless(frames: list[Frame]) -> None:
    assert all(frame.duration > 0 for frame in frames)
    assert all(a.pts + a.duration == b.pts for a, b in pairwise(frames))


@pytest.mark.parametrize("name", HEALTHY)
def test_healthy_clips_come_whole_and_without_complaint(shared_data: Path, name: str) -> None:
    count, width, height, pix_fmt = HEALTHY[name]
    info = probe(shared_data / "clips" / name)
    assert (info.width, info.height, info.pix_fmt) == (width, height, pix_fmt)
    reader, stamps = Reader(info), []
    for frame in reader:
        assert frame.size == (height, width)
        stamps.append((frame.pts, frame.duration))
    assert len(stamps) == reader.decoded == count
    assert all(a + d == b for (a, d), (b, _) in pairwise(stamps))
    assert (reader.damaged, reader.repaired, reader.truncated, reader.warnings) == (0, 0, False, [])
    assert 0 <= stamps[0][0] < Fraction(1, 10)


@pytest.mark.parametrize("name", HURT)
def test_hurt_clips_give_what_there_is_and_say_so(shared_data: Path, name: str) -> None:
    count, damaged, repaired, truncated, said = HURT[name]
    reader, frames = read(shared_data / "clips" / name)
    assert (len(frames), reader.damaged, reader.repaired, reader.truncated) == (count, damaged, repaired, truncated)
    assert any(said in line for line in reader.warnings)
    assert {frame.size for frame in frames} == {frames[0].size}
    assert_gapless(frames)


def test_no_clip_is_forgotten(shared_data: Path) -> None:
    files = {file.name for file in (shared_data / "clips").iterdir()} - {"SOURCES.md"}
    assert files == HEALTHY.keys() | HURT.keys() | UNREADABLE


@pytest.mark.parametrize("name", sorted(UNREADABLE))
def test_what_is_no_video_is_one_line(shared_data: Path, name: str) -> None:
    with pytest.raises(InputError, match=name) as error:
        probe(shared_data / "clips" / name)
    assert "\n" not in str(error.value)


def test_sound_and_pictures_keep_their_distance(shared_data: Path) -> None:
    """An arbitrary clock starts at 0 with the first stream, so pictures that come late stay late."""
    reader, frames = read(shared_data / "clips" / "no_initial_keyframe.ts")
    assert reader.origin == Fraction(112711, 1000)
    assert frames[0].pts == Fraction(10336230, 90000) - reader.origin


def test_b_frames_60_in_60_out(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "b.mp4", frames=60, options={"qp": "0", "bf": "3"})
    reader, frames = read(path)
    assert [frame.pts for frame in frames] == [Fraction(k, 30) for k in range(60)]
    assert {frame.duration for frame in frames} == {Fraction(1, 30)}
    assert all(torch.equal(y(frame), plane(k, 48, 64)) for k, frame in enumerate(frames))
    assert reader.warnings == []


@pytest.mark.parametrize("suffix", ["mp4", "mov", "ts"])
def test_variable_rate_is_exact(tmp_path: Path, suffix: str) -> None:
    ticks = [0, 1001, 2002, 4004, 4505, 7000, 10010, 10011, 20020, 30030]
    path = make_clip(tmp_path / f"v.{suffix}", pts=ticks, time_base=Fraction(1, 30000))
    _, frames = read(path)
    assert [frame.pts for frame in frames] == [Fraction(tick, 30000) for tick in ticks]
    assert_gapless(frames)


@pytest.mark.parametrize(
    ("name", "duration"),
    [
        ("cursed_vfr.mp4", Fraction(90432, 57600)),  # as the file says
        ("slow_motion_sef.mp4", Fraction(3000, 90000)),  # it says 1/10000 s: as the frame before
        ("flash.flv", Fraction(34, 1000)),  # it says 1 ms
        ("size_changes.mp4", Fraction(33, 1000)),
        ("one_frame.y4m", Fraction(1, 25)),
    ],
)
def test_the_last_frame_lasts_as_the_file_says_within_reason(shared_data: Path, name: str, duration: Fraction) -> None:
    assert read(shared_data / "clips" / name)[1][-1].duration == duration


@pytest.mark.parametrize(("codec", "frames"), [("libx264", 30), ("mpeg4", 30)])
def test_avi_with_b_frames_takes_its_slots_in_order(tmp_path: Path, codec: str, frames: int) -> None:
    path = make_clip(tmp_path / "b.avi", frames=frames, codec=codec, options={"bf": "2"})
    reader, got = read(path)
    assert [frame.pts for frame in got] == [Fraction(k, 30) for k in range(frames)]
    assert reader.repaired == 0


def test_a_bare_stream_is_given_times(tmp_path: Path) -> None:
    reader, frames = read(make_clip(tmp_path / "b.h264", frames=20))
    assert [frame.pts for frame in frames] == [Fraction(k, 30) for k in range(20)]
    assert reader.repaired == 20


def test_stamps_that_collide_are_parted(tmp_path: Path) -> None:
    """Frames 1/30000 s apart fall on one millisecond of Matroska's clock; the ones behind keep their times."""
    path = make_clip(tmp_path / "v.mkv", pts=[0, 3000, 6000, 6001, 6750, 9000], time_base=Fraction(1, 30000))
    reader, frames = read(path)
    assert reader.repaired == 1
    assert [frames[k].pts * 1000 for k in (0, 1, 2, 4, 5)] == [0, 100, 200, 225, 300]
    assert_gapless(frames)


@pytest.mark.parametrize("lost", [[40], [40, 41, 60], [87], [88], [89], [85, 86]])
@pytest.mark.parametrize("bf", ["0", "3"])
@pytest.mark.parametrize("cores", [1, None])
def test_a_damaged_packet_costs_its_frame(tmp_path: Path, lost: list[int], bf: str, cores: int | None) -> None:
    """Also at the end of the file, where frame threads would take good frames with it, and on one core without them."""
    if cores is None:
        check_what_it_costs(tmp_path, lost, bf)
        return
    if not hasattr(os, "sched_setaffinity"):
        pytest.skip("this system cannot confine a process to one core")
    everywhere = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(everywhere)[:cores])
    try:
        check_what_it_costs(tmp_path, lost, bf)
    finally:
        os.sched_setaffinity(0, everywhere)


def check_what_it_costs(tmp_path: Path, lost: list[int], bf: str) -> None:
    path = make_clip(tmp_path / "a.mp4", frames=90, options={"bf": bf})
    with av.open(str(path)) as container:
        where = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    data = bytearray(path.read_bytes())
    for number in lost:
        position, size = where[number]
        data[position : position + size] = bytes(byte ^ 0x5A for byte in data[position : position + size])
    path.write_bytes(data)
    reader, frames = read(path)
    assert len(frames) == 90 - len(lost)
    assert reader.damaged == len(lost)
    assert len({frame.pts for frame in frames} & {Fraction(k, 30) for k in range(90)}) == len(frames)
    assert not reader.truncated


@pytest.mark.parametrize("suffix", ["mkv", "flv", "mp4"])
def test_a_cut_file_is_said_to_be_cut(tmp_path: Path, suffix: str) -> None:
    options = {"movflags": "+faststart"} if suffix == "mp4" else None
    path = make_clip(tmp_path / f"c.{suffix}", frames=90, audio=1, container_options=options)
    whole, _ = read(path)
    assert not whole.truncated
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 7 // 10])
    reader, frames = read(path)
    assert reader.truncated
    assert 20 < len(frames) < 80
    assert [frame.pts for frame in frames] == sorted({frame.pts for frame in frames})


STORED = [
    ("yuv420p", "ffv1"),
    ("yuv422p10le", "ffv1"),
    ("yuv444p12le", "ffv1"),
    ("yuv420p16le", "ffv1"),
    ("yuv411p", "ffv1"),
    ("yuv440p", "ffv1"),
    ("gray", "ffv1"),
    ("gray16le", "ffv1"),
    ("yuva420p", "ffv1"),
]


@pytest.mark.parametrize(("pix_fmt", "codec"), STORED)
def test_planes_are_the_decoders_own(tmp_path: Path, pix_fmt: str, codec: str) -> None:
    path = make_clip(tmp_path / "a.mkv", frames=3, size=(66, 50), codec=codec, pix_fmt=pix_fmt)
    info = probe(path)
    _, frames = read(path)  # the Reader is gone: planes must keep their memory alive
    for number, frame in enumerate(frames):
        planes = frame.picture
        assert isinstance(planes, Planes)
        stored = [torch.from_dlpack(part).clone() for part in picture(number, (66, 50), pix_fmt).planes]
        assert torch.equal(planes.y, stored[0])
        assert planes.colour.depth == info.colour.depth == picture(0, (8, 8), pix_fmt).format.components[0].bits
        if pix_fmt.startswith("gray"):
            assert planes.u is None and planes.v is None
            continue
        assert planes.u is not None and planes.v is not None
        assert torch.equal(planes.u, stored[1]) and torch.equal(planes.v, stored[2])
        height, width = planes.u.shape
        assert (height, width) == (-(-50 >> planes.subsample_y), -(-66 >> planes.subsample_x))
        assert (frame.native is None) == info.alpha == (pix_fmt == "yuva420p")
        if isinstance(frame.native, av.VideoFrame):
            assert torch.from_dlpack(frame.native.planes[0]).data_ptr() == planes.y.data_ptr()  # not a copy


def test_planes_match_pyavs_own_arrays(shared_data: Path) -> None:
    path = shared_data / "clips" / "prores_422_10bit.mp4"
    _, frames = read(path)
    with av.open(str(path)) as container:
        for frame, naive in zip(frames, container.decode(video=0), strict=True):
            assert torch.equal(y(frame).int(), torch.from_numpy(naive.to_ndarray()[0].astype("int32")))


@pytest.mark.parametrize(
    ("packed", "planar"),
    [
        ("nv12", "yuv420p"),
        ("nv21", "yuv420p"),
        ("nv16", "yuv422p"),
        ("yuyv422", "yuv422p"),
        ("uyvy422", "yuv422p"),
        ("p010le", "yuv420p10le"),
        ("p210le", "yuv422p10le"),
        ("yuv420p10be", "yuv420p10le"),
    ],
)
def test_interleaved_formats_are_only_sorted(packed: str, planar: str) -> None:
    """The same samples in another order: what libswscale packed comes back as it was."""
    source = picture(3, (64, 48), planar)
    frame = source.reformat(format=packed)
    colour = colour_of(frame, chroma_location=0)
    unpack = Unpacker(width=64, height=48, pix_fmt=packed, colour=colour)
    planes = unpack.picture(unpack.uniform(frame))
    assert isinstance(planes, Planes)
    assert unpack.changed == 0
    assert colour.depth == source.format.components[0].bits
    for got, stored in zip((planes.y, planes.u, planes.v), source.planes, strict=True):
        assert got is not None and torch.equal(got, torch.from_dlpack(stored))


@pytest.mark.parametrize(
    ("pix_fmt", "top"),
    [("rgb24", 255), ("bgr24", 255), ("rgba", 255), ("bgr0", 255), ("gbrp", 255), ("rgb48le", 65535)],
)
def test_rgb_stays_rgb(pix_fmt: str, top: int) -> None:
    codes = torch.randint(0, top + 1, (48, 64, 3))
    full = "rgb48le" if top > 255 else "rgb24"
    frame = av.VideoFrame.from_ndarray(codes.numpy().astype("uint16" if top > 255 else "uint8"), format=full)
    frame = frame if pix_fmt == full else frame.reformat(format=pix_fmt)
    unpack = Unpacker(width=64, height=48, pix_fmt=pix_fmt, colour=colour_of(frame, chroma_location=0))
    rgb = unpack.picture(unpack.uniform(frame))
    assert isinstance(rgb, Tensor) and rgb.dtype == torch.float32
    assert torch.equal((rgb * top).round().long(), codes.permute(2, 0, 1))
    assert rgb.min() >= 0 and rgb.max() <= 1


def test_rgb_video_is_read_as_rgb(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mkv", frames=3, codec="ffv1", pix_fmt="gbrp10le", colorspace=0)
    info = probe(path)
    _, frames = read(path)
    green, blue, red = (plane(2, 48, 64, depth=10, which=which) for which in range(3))
    rgb = frames[2].picture
    assert isinstance(rgb, Tensor)
    assert torch.equal((rgb * 1023).round(), torch.stack((red, green, blue)).float())
    assert info.colour.full_range and info.colour.tagged_matrix == 2


WINDOWS = [
    (Fraction(1), Fraction(2), 30),
    (Fraction(251, 100), None, 14),
    (None, Fraction(1, 10), 3),
    (31, 40, 9),
    (Fraction(1), 40, 10),
    (89, None, 1),
]


@pytest.mark.parametrize(("start", "end", "count"), WINDOWS)
@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
def test_a_window_is_a_slice(tmp_path: Path, suffix: str, start: Moment | None, end: Moment | None, count: int) -> None:
    path = make_clip(tmp_path / f"w.{suffix}", frames=90, options={"g": "20"})
    whole, everything = read(path)
    inside = [
        frame
        for number, frame in enumerate(everything)
        if (number if isinstance(start, int) else frame.pts) >= (start or 0)
        and (number if isinstance(end, int) else frame.pts) < (end or 99)
    ]
    assert len(inside) == count
    reader, frames = read(path, start=start, end=end)
    assert [frame.pts for frame in frames] == [frame.pts - inside[0].pts for frame in inside]
    assert [frame.duration for frame in frames] == [frame.duration for frame in inside]
    assert all(torch.equal(y(frame), y(same)) for frame, same in zip(frames, inside, strict=True))
    assert reader.origin == whole.origin + inside[0].pts
    assert not reader.truncated and reader.warnings == []


def test_a_late_window_does_not_decode_what_is_before(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "w.mp4", frames=300, options={"g": "30"})
    reader = Reader(probe(path), Reading(start=Fraction(9)))
    assert next(iter(reader)).pts == 0
    assert reader.origin == 9


def test_windows_that_hold_nothing(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "w.mp4", frames=3)
    with pytest.raises(UsageError, match="no frame lies"):
        read(path, start=Fraction(9))
    for wrong, says in (
        (Reading(start=Fraction(2), end=Fraction(1)), "--end 1 is not later than --start 2"),
        (Reading(end=0), "--end 0 is not later than --start 0"),
        (Reading(start=-1), "--start -1 lies before the beginning"),
    ):
        with pytest.raises(UsageError, match=says):
            Reader(probe(path), wrong)


def test_deinterlacing_keeps_count_and_times(shared_data: Path) -> None:
    path = shared_data / "clips" / "interlaced_480i_audio.mp4"
    assert any("--deinterlace" in line for line in probe(path).warnings)
    _, plain = read(path)
    _, progressive = read(path, deinterlace="frames")
    assert [(f.pts, f.duration) for f in plain] == [(f.pts, f.duration) for f in progressive]

    def combing(frame: Frame) -> float:
        """How much rows differ from the ones beside them, over the ones two away."""
        rows = y(frame).float()
        return float((rows[1:-1] - (rows[:-2] + rows[2:]) / 2).abs().mean() / (rows[2:] - rows[:-2]).abs().mean())

    assert sum(map(combing, progressive)) < 0.9 * sum(map(combing, plain))


def test_leaving_early_closes_the_file(tmp_path: Path) -> None:
    reader = Reader(probe(make_clip(tmp_path / "a.mp4")))
    frames = iter(reader)
    first = next(frames)
    frames.close()
    assert torch.equal(y(first), y(first).clone())
    assert reader.decoded == 1 and not reader.truncated


# Pure red by the standards' own tables: AVColorSpace, AVColorRange and the codes of Y, Cb, Cr.
RED = {
    "601": (6, 1, (81, 90, 240)),
    "709": (1, 1, (63, 102, 240)),
    "2020": (9, 1, (74, 97, 240)),
    "601 full": (6, 2, (76, 85, 255)),
}


def coloured(path: Path, matrix: int, limits: int, codes: tuple[int, ...]) -> bytes:
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=25, options={"qp": "0"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.colorspace, stream.codec_context.color_range = matrix, limits
        for number in range(6):
            frame = av.VideoFrame(64, 48, "yuv420p")
            frame.pts = number
            for place, code in zip(frame.planes, codes, strict=True):
                torch.from_dlpack(place).fill_(code)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path.read_bytes()


@pytest.mark.parametrize("first", RED)
@pytest.mark.parametrize("then", RED)
def test_every_frame_is_read_by_its_own_matrix_and_range(tmp_path: Path, first: str, then: str) -> None:
    path = tmp_path / "both.h264"
    path.write_bytes(b"".join(coloured(tmp_path / "part.h264", *RED[name]) for name in (first, then)))
    reader, frames = read(path)
    assert len(frames) == 12
    for frame in frames:
        assert isinstance(frame.picture, Planes) and frame.picture.u is not None and frame.picture.v is not None
        assert frame.picture.colour == frames[0].picture.colour
        for place, code in zip((frame.picture.y, frame.picture.u, frame.picture.v), RED[first][2], strict=True):
            assert (place.int() - code).abs().max() <= (0 if first == then else 1)
        assert isinstance(frame.native, av.VideoFrame) and frame.native.format.name == frames[0].native.format.name
    said = [line for line in reader.warnings if "another colour matrix or range" in line]
    assert [line.rsplit(" ", 1)[1] for line in said] == ([] if first == then else ["6"])


@pytest.mark.parametrize(("tagged", "marked"), [("yuv420p", "yuvj420p"), ("yuvj420p", "yuv420p")])
def test_two_names_of_full_range_are_one(tagged: str, marked: str) -> None:
    """yuvj420p is full range by its name, yuv420p by its tag: nothing is converted between them."""
    frame, other = picture(0, (64, 48), tagged), picture(1, (64, 48), marked)
    frame.color_range = other.color_range = 2
    unpack = Unpacker(width=64, height=48, pix_fmt=tagged, colour=colour_of(frame))
    got = unpack.uniform(other)
    assert (unpack.changed, unpack.recoloured, got.format.name) == (0, 0, tagged)
    assert all(
        torch.equal(torch.from_dlpack(a), torch.from_dlpack(b)) for a, b in zip(got.planes, other.planes, strict=True)
    )


@pytest.mark.parametrize(
    ("first", "then"), [("yuv444p", "gbrp"), ("gbrp", "yuv444p"), ("yuv444p", "gray"), ("yuv444p10le", "yuv444p")]
)
def test_a_grey_gradient_survives_a_change_of_format(first: str, then: str) -> None:
    """Between RGB, YUV and grey, and between depths, the brightness stays what it was."""
    frame, other = av.VideoFrame(64, 48, first), av.VideoFrame(64, 48, then)
    frame.color_range = 2 if first == "gbrp" else 1
    other.color_range = 2 if then == "gbrp" else 1
    slope = torch.linspace(0, 1, 64).expand(48, 64)
    for number, place in enumerate(other.planes):
        codes = slope * 255 if then == "gbrp" else slope * 219 + 16 if number == 0 else torch.full((48, 64), 128.0)
        torch.from_dlpack(place).copy_(codes.round().to(torch.uint8))
    unpack = Unpacker(width=64, height=48, pix_fmt=first, colour=colour_of(frame))
    got = unpack.picture(unpack.uniform(other))
    rgb = to_rgb(got) if isinstance(got, Planes) else got
    assert (rgb - slope).abs().max() < 1.1 / 219


def test_other_primaries_are_said(tmp_path: Path) -> None:
    frame = picture(0, (64, 48), "yuv420p")
    frame.color_primaries = 9
    unpack = Unpacker(width=64, height=48, pix_fmt="yuv420p", colour=colour_of(picture(0, (64, 48), "yuv420p")))
    assert unpack.uniform(frame) is frame
    assert unpack.relit == 1
