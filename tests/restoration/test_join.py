"""join-frames: pictures at their exact times, with everything else of the video they came from."""

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import torch

from tests.clips import make_clip
from tests.packets import packets, tags
from tests.restoration.extraction.extracting import (
    GOPS,
    TICK,
    VFR,
    column,
    extracted,
    frames,
    invoke,
    refused,
    rgb,
    rows,
)
from tests.restoration.joining import FFV1, joined, times
from vidrestore.frame.frame import Frame, Planes
from vidrestore.video.facts.probe import probe
from vidrestore.video.pictures.read import read_picture


def folder_of(path: Path, count: int, *, size: tuple[int, int] = (32, 24), suffix: str = ".png") -> Path:
    """Pictures with noise in them."""
    path.mkdir()
    for number in range(count):
        noise = np.random.default_rng(number).integers(0, 256, (*size[::-1], 3), np.uint8)
        assert cv2.imwrite(str(path / f"frame_{number + 1:08}{suffix}"), noise)
    return path


def same_planes(a: Frame, b: Frame) -> bool:
    one, other = a.picture, b.picture
    assert isinstance(one, Planes) and isinstance(other, Planes)
    return all(torch.equal(getattr(one, name), getattr(other, name)) for name in "yuv")


CLIPS = {
    "vfr.mp4": {"pts": VFR, "time_base": TICK, "frames": 10, "options": {"bf": "3"}},
    "late.mp4": {"pts": [tick + 4800 for tick in VFR], "time_base": TICK, "frames": 10},
    "b_frames.mp4": {"frames": 31, "rate": Fraction(30000, 1001), "options": GOPS},
    "deep.mp4": {"frames": 12, "codec": "libx265", "pix_fmt": "yuv420p10le", "options": {"x265-params": "log-level=0"}},
    "full.mkv": {"frames": 9, "pix_fmt": "yuv444p", "color_range": 2, "colorspace": 1},
    "odd.mkv": {"frames": 5, "codec": "ffv1", "size": (65, 49)},
}


def round_trip(source: Path, folder: Path) -> None:
    """Extract, join without loss, extract: the same number, times and pictures."""
    extracted(source, folder / "first", "-q")
    report = joined(folder / "first", folder / "joined.mp4", *FFV1, "--audio", source)
    extracted(folder / "joined.mp4", folder / "second", "-q")
    whole = frames(source)
    assert report["frames_in"] == report["frames_out"] == len(whole)
    assert times(frames(folder / "joined.mp4")) == times(whole)
    for name in ("pts", "duration"):
        assert column(folder / "second", name) == column(folder / "first", name)
    pictures = [sorted((folder / name).glob("*.png")) for name in ("first", "second")]
    for one, other in zip(*pictures, strict=True):
        assert torch.equal(read_picture(one), read_picture(other))


@pytest.mark.parametrize("name", list(CLIPS))
def test_extract_join_extract_gives_back_everything(tmp_path: Path, name: str) -> None:
    round_trip(make_clip(tmp_path / name, **CLIPS[name]), tmp_path)  # type: ignore[arg-type]


REAL = ["slow_motion_android.mp4", "hevc_10bit.mp4", "odd_175x143.mp4", "slow_motion_sef.mp4", "rotated_90_small.mov"]


@pytest.mark.parametrize("name", REAL)
def test_extract_join_extract_of_real_files(tmp_path: Path, shared_data: Path, name: str) -> None:
    """Variable rate, B-frames, 10 bit, odd sizes, a hidden first frame, rotation."""
    round_trip(shared_data / "clips" / name, tmp_path)


@pytest.mark.parametrize(
    ("name", "size", "options"),
    [
        ("odd_175x143.mp4", 10, {}),
        ("h264_10bit.mp4", 10, {}),
        ("odd_496x241.mp4", 5, {}),
        ("bt601.mov", 3, {}),
        ("screen_518x488_jpeg_range.mp4", 3, {}),
    ],
)
def test_floating_point_pictures_give_back_every_code(
    tmp_path: Path, shared_data: Path, name: str, size: int, options: dict
) -> None:
    """Y, U and V to the last bit: also colours beyond RGB, which these clips are full of."""
    source = shared_data / "clips" / name
    extracted(source, tmp_path / "out", "--format", "tiff", "--depth", 32, "--end", f"{size}f", "-q")
    pix_fmt = probe(source).pix_fmt.replace("yuvj", "yuv")
    joined(tmp_path / "out", tmp_path / "o.mp4", *FFV1, "--pix-fmt", pix_fmt, "--audio", source, "-q")
    found = frames(tmp_path / "o.mp4")
    assert len(found) == size
    for one, other in zip(found, frames(source, end=size), strict=True):
        assert same_planes(one, other)


def test_ordinary_pictures_give_back_every_code_of_colours_that_rgb_has(tmp_path: Path) -> None:
    """16 bits always; 8 bits all luma, and of chroma all but a few by one."""
    source = make_clip(tmp_path / "in.mp4", frames=2, size=(128, 96), options={"qp": "30"})
    muted = tmp_path / "muted.mkv"
    _grey_scaled(source, muted)
    whole = frames(muted)
    assert all(rgb(frame).min() > 0 and rgb(frame).max() < 1 for frame in whole)
    for depth in (8, 16):
        extracted(muted, tmp_path / "out", "--depth", depth, "-y", "-q")
        joined(tmp_path / "out", tmp_path / "o.mkv", *FFV1, "--pix-fmt", "yuv420p", "--audio", muted, "-q", "-y")
        for one, other in zip(frames(tmp_path / "o.mkv"), whole, strict=True):
            assert isinstance(one.picture, Planes) and isinstance(other.picture, Planes)
            assert torch.equal(one.picture.y, other.picture.y)
            chroma = torch.stack([(getattr(one.picture, c).int() - getattr(other.picture, c).int()) for c in "uv"])
            assert chroma.abs().max() <= (0 if depth == 16 else 1)
            assert (chroma != 0).float().mean() < 0.01


def _grey_scaled(source: Path, target: Path) -> None:
    """The clip with codes drawn towards the middle, so that every colour lies inside RGB."""
    with av.open(str(source)) as old, av.open(str(target), "w") as new:
        stream = new.add_stream("ffv1", rate=30)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        for frame in old.decode(video=0):
            for number, plane in enumerate(frame.planes):
                codes = torch.from_dlpack(plane)
                codes.copy_(128 + (codes.int() - 128) // (2 if number == 0 else 6))
            frame.pict_type = 0
            new.mux(stream.encode(frame))
        new.mux(stream.encode(None))


def test_a_rate_counts_frames(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "in", 12)
    report = joined(folder, tmp_path / "o.mp4", "--rate", "29.97")
    rate = Fraction(30000, 1001)
    assert times(frames(tmp_path / "o.mp4")) == [(n / rate, 1 / rate) for n in range(12)]
    assert probe(tmp_path / "o.mp4").rate == rate
    assert report["duration_out"] == pytest.approx(float(12 / rate))
    joined(folder, tmp_path / "default.mkv", *FFV1)
    assert probe(tmp_path / "default.mkv").rate == 25
    assert report["codec"] == "libx264"
    assert {"input", "output", "model", "engine", "device", "precision", "cuts", "fps", "stages"} <= set(report)
    for frame, path in zip(frames(tmp_path / "default.mkv"), sorted(folder.glob("*.png")), strict=True):
        assert torch.equal(frame.picture, read_picture(path))


def test_the_folders_own_times_count_unless_a_rate_is_given(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mp4", frames=10, pts=VFR, time_base=TICK)
    extracted(source, tmp_path / "out")
    joined(tmp_path / "out", tmp_path / "a.mp4")
    assert times(frames(tmp_path / "a.mp4")) == times(frames(source))
    joined(tmp_path / "out", tmp_path / "b.mp4", "--rate", 50)
    assert [frame.pts for frame in frames(tmp_path / "b.mp4")] == [Fraction(n, 50) for n in range(10)]
    code, _, _ = invoke("upscale", tmp_path / "out", tmp_path / "c.mp4", "--json", "--preset", "ultrafast")
    assert code == 0
    assert times(frames(tmp_path / "c.mp4")) == times(frames(source)), "one meaning in every command"


def test_a_rate_keeps_the_place_in_the_source(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "in", 2)
    rows = [f"frame_{n:08}.png,{n}/25,1/25,{60 + Fraction(n, 25)}" for n in (1, 2)]
    (folder / "frames.csv").write_text("\n".join(["file,pts,duration,source_pts", *rows]))
    info = probe(folder, rate=Fraction(10))
    assert [shown.pts for shown in info.pictures] == [0, Fraction(1, 10)]
    assert (info.source_offset, info.warnings) == (60 + Fraction(1, 25), ())
    (folder / "frames.csv").write_text("not a list")
    info = probe(folder, rate=Fraction(10))
    assert info.source_offset == 0
    assert "does not fit" in info.warnings[0]


def test_times_of_another_folder_and_of_old_files(tmp_path: Path) -> None:
    """Pictures that another program made from extracted ones, under its own names."""
    source = make_clip(tmp_path / "in.mp4", frames=10, pts=VFR, time_base=TICK)
    extracted(source, tmp_path / "out")
    made = folder_of(tmp_path / "made", 10)
    for path in made.iterdir():
        path.rename(path.with_name(path.name.replace("frame_", "out-")))
    report = joined(made, tmp_path / "a.mp4", "--times", tmp_path / "out" / "frames.csv")
    assert times(frames(tmp_path / "a.mp4")) == times(frames(source))
    assert report["warnings"] == ["the pictures have other names than in frames.csv: taken in order"]
    old = ["file,pts,duration", *(f"{r['file']},{r['pts']},{r['duration']}" for r in rows(tmp_path / "out"))]
    (tmp_path / "out" / "frames.csv").write_text("\n".join(old))
    joined(tmp_path / "out", tmp_path / "b.mp4")
    assert times(frames(tmp_path / "b.mp4")) == times(frames(source))


def test_pictures_and_rows_that_do_not_fit(tmp_path: Path) -> None:
    folder, out, listed = folder_of(tmp_path / "in", 4), tmp_path / "o.mp4", tmp_path / "in" / "frames.csv"
    lines = ["file,pts,duration", *(f"frame_{n:08}.png,{n}/25,1/25" for n in (1, 2, 3, 4))]
    listed.write_text("\n".join(lines[:3]))
    report = joined(folder, out)
    assert report["frames_out"] == 2
    assert report["warnings"] == ["2 pictures are not in frames.csv: left out"]
    listed.write_text("\n".join([*lines, "frame_00000005.png,5/25,1/25"]))
    refused("join-frames", folder, out, "-y", says="frame_00000005.png and 0 others are not among the 4 there are")
    for broken, says in (
        (lines[:1], "lists no pictures"),
        (["file,pts", "a.png,1"], "every row needs file, pts and duration"),
        ([lines[0], "frame_00000001.png,one,1"], "every row needs"),
        ([lines[0], "frame_00000001.png,1/0,1"], "every row needs"),
        ([lines[0], "frame_00000001.png,0,0"], "row 1 is shown at 0 s for 0 s"),
        ([lines[0], lines[2], lines[1]], "row 2 is shown at 1/25 s, not after 2/25 s"),
    ):
        listed.write_text("\n".join(broken))
        refused("join-frames", folder, out, "-y", says=says)
    refused("join-frames", folder, out, "-y", "--times", tmp_path / "none.csv", says="none.csv cannot be read")
    refused("join-frames", folder, out, "-y", "--times", listed, "--rate", 25, says="give one of the two")
    joined(folder, out, "-y", "--rate", 25)


def test_wrong_usage_is_one_line(tmp_path: Path) -> None:
    folder, video = folder_of(tmp_path / "in", 2), make_clip(tmp_path / "in.mp4", frames=2)
    refused("join-frames", video, tmp_path / "o.mp4", says="takes a folder of pictures")
    refused("join-frames", tmp_path / "none", tmp_path / "o.mp4", says="no such folder")
    refused("join-frames", folder, tmp_path / "o", says="is no name for a video; call it o.mp4")
    refused("join-frames", folder, tmp_path / "o.png", says="is no name for a video")
    refused("join-frames", folder, tmp_path / "o.xyz", says="nothing is written as .xyz")
    refused("join-frames", folder, tmp_path / "o.mp4", "--audio", tmp_path / "none.mp4", says="none.mp4")
    refused("join-frames", folder, video, "-y", "--audio", video, says="is the input itself")
    refused("join-frames", folder, video, says="use -y")
    refused("join-frames", folder, tmp_path / "o.mp4", "--rate", 0, says="--rate 0")
    code, _, errors = invoke("join-frames", tmp_path, tmp_path / "o.mp4")
    assert (code, len(errors.strip().splitlines())) == (3, 1)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in", "in.mp4"]


@pytest.fixture
def rich(tmp_path: Path) -> Path:
    """60 frames with two sound tracks, two of subtitles, chapters and tags."""
    return make_clip(
        tmp_path / "rich.mkv", frames=60, audio=2, subtitles=2, chapters=True, metadata={"title": "T"}, options=GOPS
    )


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_everything_else_of_the_source_comes_along(rich: Path, tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"out{suffix}"
    extracted(rich, tmp_path / "pictures")
    report = joined(tmp_path / "pictures", out, "--audio", rich)
    assert [warning for warning in report["warnings"] if "colour as in" not in warning] == []
    before, after = packets(rich, "audio"), packets(out, "audio")
    assert [[data for _, data in track] for track in after] == [[data for _, data in track] for track in before]
    assert len(packets(out, "subtitle")) == 2
    assert [language for language, _ in tags(out, "audio")] == ["eng", "fra"]
    begins = [min(time for time, _ in packets(path, "video")[0]) for path in (rich, out)]
    for one, other in zip(before[0], after[0], strict=True):
        assert abs((one[0] - begins[0]) - (other[0] - begins[1])) <= Fraction(1, 1000)
    with av.open(str(out)) as container:
        assert [chapter["metadata"]["title"] for chapter in container.chapters()] == ["one", "two"]
        assert {key.lower(): value for key, value in container.metadata.items()}["title"] == "T"


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
@pytest.mark.parametrize("how", ["part", "scene", "upscaled"])
def test_a_part_gets_its_part_of_the_sound(rich: Path, tmp_path: Path, suffix: str, how: str) -> None:
    """Frames 20 to 39, by a part of the video, by a scene of a list, and by way of another command."""
    folder, out = tmp_path / "pictures", tmp_path / f"out{suffix}"
    if how == "scene":
        (tmp_path / "pairs.csv").write_text("21,40\n")
        extracted(rich, folder, "--scenes", tmp_path / "pairs.csv", "-q")
        folder = folder / "scene_001"
    else:
        extracted(rich, folder, "--start", "20f", "--end", "40f")
    if how == "upscaled":
        assert invoke("upscale", folder, tmp_path / "large", "-q")[0] == 0
        folder = tmp_path / "large"
    report = joined(folder, out, "--audio", rich, "--preset", "ultrafast")
    assert any("stops with the last picture, 0.66" in warning for warning in report["warnings"])
    wanted = frames(rich)[20:40]
    got, begins = packets(out, "audio")[0], min(time for time, _ in packets(out, "video")[0])
    places = {data: time for time, data in packets(rich, "audio")[0]}
    start = wanted[0].pts
    for time, data in got:
        assert abs((time - begins) - (places[data] - start)) <= Fraction(1, 900)
    assert 0 <= got[0][0] - begins <= Fraction(1024, 48000) + Fraction(1, 1000)
    assert Fraction(2, 3) - Fraction(2 * 1024, 48000) < got[-1][0] - begins < Fraction(2, 3)
    assert [frame.pts - frames(out)[0].pts for frame in frames(out)] == [frame.pts - start for frame in wanted]
    with av.open(str(out)) as container:
        (chapter,) = [c for c in container.chapters() if c["metadata"]["title"] == "one"]
        assert abs(chapter["end"] * chapter["time_base"] - (1 - start)) <= Fraction(1, 500)


def test_a_whole_video_keeps_sound_that_outlasts_the_pictures(shared_data: Path, tmp_path: Path) -> None:
    source = shared_data / "clips" / "subs_pgs_broken_timing.mkv"
    extracted(source, tmp_path / "out", "--format", "jpg", "-q")
    joined(tmp_path / "out", tmp_path / "o.mkv", "--audio", source, "--preset", "ultrafast", "-q")
    sounds = [[data for _, data in packets(path, "audio")[0]] for path in (source, tmp_path / "o.mkv")]
    assert sounds[0] == sounds[1]


def test_sound_of_a_file_without_pictures_stops_with_them(tmp_path: Path) -> None:
    sound = tmp_path / "sound.m4a"
    with (
        av.open(str(make_clip(tmp_path / "long.mp4", frames=90, audio=1))) as old,
        av.open(str(sound), "w", format="mp4") as new,
    ):
        stream = new.add_stream_from_template(old.streams.audio[0])
        for packet in old.demux(audio=0):
            if packet.size:
                packet.stream = stream
                new.mux(packet)
    report = joined(folder_of(tmp_path / "in", 25), tmp_path / "o.mp4", "--audio", sound)
    got = packets(tmp_path / "o.mp4", "audio")[0]
    assert 0.95 < float(got[-1][0]) < 1
    assert report["warnings"] == [f"what is taken from {sound} stops with the last picture, 1.000 s after its start"]


def test_a_file_without_sound_is_said(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mp4", frames=3)
    extracted(source, tmp_path / "out")
    assert f"{source} has no sound" in joined(tmp_path / "out", tmp_path / "o.mp4", "--audio", source)["warnings"]


def test_colour_is_bt709_or_the_sources(tmp_path: Path) -> None:
    source = make_clip(
        tmp_path / "in.mp4", codec="libx265", pix_fmt="yuv422p10le", frames=3, size=(64, 64), colorspace=9,
        color_range=1, color_primaries=9, color_trc=16, sample_aspect_ratio=Fraction(4, 3),
        options={"x265-params": "log-level=none:hdr10=1:max-cll=1000,400:"
                 "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"},
    )  # fmt: skip
    extracted(source, tmp_path / "out", "-q")
    alone = joined(tmp_path / "out", tmp_path / "a.mp4")
    colour = probe(tmp_path / "a.mp4").colour
    assert (colour.matrix, colour.full_range, colour.primaries, colour.transfer) == ("bt2020", False, 9, 16)
    assert (alone["codec"], probe(tmp_path / "a.mp4").pix_fmt, alone["warnings"]) == ("libx265", "yuv420p10le", [])
    report = joined(tmp_path / "out", tmp_path / "b.mp4", "--audio", source)
    made, info = probe(tmp_path / "b.mp4"), probe(source)
    assert made.colour == info.colour
    assert (made.pix_fmt, made.hdr10, made.sample_aspect_ratio) == (info.pix_fmt, info.hdr10, Fraction(4, 3))
    assert f"colour as in {source}: bt2020, video range" in report["warnings"]
    for one, other in zip(frames(tmp_path / "b.mp4"), frames(source), strict=True):
        assert (rgb(one).clamp(0, 1) - rgb(other).clamp(0, 1)).abs().mean() < 0.03
    other = folder_of(tmp_path / "other", 3, size=(100, 24))
    report = joined(other, tmp_path / "c.mp4", "--audio", source)
    assert f"{source} is 64x64, of another shape: its colour is not taken" in report["warnings"]
    assert probe(tmp_path / "c.mp4").colour.matrix == "bt709"


def test_pixel_shape_turns_with_the_picture(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mp4", frames=2, rotation=90, sample_aspect_ratio=Fraction(4, 3))
    extracted(source, tmp_path / "out", "-q")
    joined(tmp_path / "out", tmp_path / "o.mp4", "--audio", source, "-q")
    made = probe(tmp_path / "o.mp4")
    assert (made.width, made.height, made.rotation, made.sample_aspect_ratio) == (48, 64, 0, Fraction(3, 4))


def test_what_without_loss_loses_is_said(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "in", 2)
    assert "RGB is rounded" in joined(folder, tmp_path / "o.mp4", "--lossless")["warnings"][0]
    assert joined(folder, tmp_path / "o.mkv", "-c", "libx264rgb", "--lossless")["warnings"] == []
    extracted(folder, tmp_path / "deep", "--depth", 16)
    warnings = joined(tmp_path / "deep", tmp_path / "p.mkv", "-c", "libx264rgb", "--lossless")["warnings"]
    assert "8 bits per sample, not 16" in warnings[0]
    extracted(folder, tmp_path / "float", "--depth", 32, "--format", "tiff")
    assert "floating point is rounded" in joined(tmp_path / "float", tmp_path / "q.mkv", *FFV1)["warnings"][0]


def test_an_odd_size_is_padded_and_said(tmp_path: Path) -> None:
    report = joined(folder_of(tmp_path / "in", 2, size=(33, 25)), tmp_path / "o.mp4")
    assert (report["width"], report["height"]) == (34, 26)
    assert "padded to 34x26" in report["warnings"][0]


def test_a_broken_picture_leaves_nothing(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "in", 5)
    (folder / "frame_00000004.png").write_bytes(b"\x89PNG")
    code, _, errors = invoke("join-frames", folder, tmp_path / "o.mp4")
    assert code == 3
    assert "frame_00000004.png is damaged" in errors
    assert [p.name for p in tmp_path.iterdir()] == ["in"]


def test_a_picture_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "in", 3)
    (folder / "frame_00000002.png").unlink()
    (folder / "frame_00000002.png").symlink_to(tmp_path / "gone.png")
    code, _, errors = invoke("join-frames", folder, tmp_path / "o.mp4")
    assert (code, "frame_00000002.png cannot be read: No such file" in errors) == (3, True)
    assert [p.name for p in tmp_path.iterdir()] == ["in"]


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    code, plan, _ = invoke("join-frames", folder_of(tmp_path / "in", 5), tmp_path / "o.mp4", "--dry-run", "--json")
    assert (code, plan["frames"], plan["codec"]) == (0, 5, "libx264")
    assert [p.name for p in tmp_path.iterdir()] == ["in"]
