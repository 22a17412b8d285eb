"""probe: what a file is, and what it is refused for."""

from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest
from av.sidedata.sidedata import Type
from PIL import Image

from tests.clips import make_clip, picture
from vidrestore.errors import InputError, UsageError
from vidrestore.video.facts.info import Hdr10
from vidrestore.video.facts.probe import probe
from vidrestore.video.facts.sidedata import lost_metadata
from vidrestore.video.time.rate import snap


def test_tags_are_read(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mp4", colorspace=9, color_range=1, color_primaries=9, color_trc=16)
    colour = probe(path).colour
    assert (colour.matrix, colour.full_range, colour.depth) == ("bt2020", False, 8)
    assert (colour.primaries, colour.transfer, colour.tagged_matrix, colour.tagged_range) == (9, 16, 9, 1)


@pytest.mark.parametrize(("height", "matrix"), [(718, "bt601"), (720, "bt709")])
def test_untagged_matrix_goes_by_height(tmp_path: Path, height: int, matrix: str) -> None:
    colour = probe(make_clip(tmp_path / "a.mp4", size=(64, height), frames=2)).colour
    assert (colour.matrix, colour.tagged_matrix, colour.tagged_range, colour.full_range) == (matrix, 2, 0, False)


@pytest.mark.parametrize(
    ("pix_fmt", "codec", "color_range", "full"),
    [
        ("yuv420p", "ffv1", 2, True),
        ("yuv420p", "ffv1", 0, False),
        ("yuvj420p", "mjpeg", 0, True),
        ("gray", "ffv1", 0, True),
        ("gray", "ffv1", 1, False),
        ("gbrp10le", "ffv1", 0, True),
    ],
)
def test_range(tmp_path: Path, pix_fmt: str, codec: str, color_range: int, full: bool) -> None:
    matrix = 0 if pix_fmt.startswith("gbr") else 2
    path = tmp_path / "a.mkv"
    make_clip(path, frames=2, codec=codec, pix_fmt=pix_fmt, color_range=color_range, colorspace=matrix)
    assert probe(path).colour.full_range is full


@pytest.mark.parametrize(("chromaloc", "siting", "tag"), [(0, "left", 1), (1, "center", 2), (2, "topleft", 3)])
@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
def test_chroma_location(tmp_path: Path, suffix: str, chromaloc: int, siting: str, tag: int) -> None:
    path = make_clip(tmp_path / f"a.{suffix}", options={"x264-params": f"chromaloc={chromaloc}"})
    colour = probe(path).colour
    assert (colour.siting, colour.tagged_siting) == (siting, tag)


def test_chroma_location_of_raw_video(shared_data: Path) -> None:
    assert probe(shared_data / "clips" / "one_frame.y4m").colour.siting == "center"


def test_ten_bits(shared_data: Path) -> None:
    info = probe(shared_data / "clips" / "hevc_10bit.mp4")
    assert (info.pix_fmt, info.colour.depth, info.codec) == ("yuv420p10le", 10, "hevc")


def test_everything_in_the_file_is_listed(tmp_path: Path) -> None:
    path = make_clip(
        tmp_path / "a.mkv",
        frames=12,
        rate=Fraction(24000, 1001),
        audio=2,
        subtitles=1,
        chapters=True,
        metadata={"title": "a film"},
        sample_aspect_ratio=Fraction(4, 3),
    )
    info = probe(path)
    assert [(s.kind, s.codec, s.language) for s in info.streams] == [
        ("video", "h264", ""),
        ("audio", "aac", "eng"),
        ("audio", "aac", "fra"),
        ("subtitle", "subrip", "eng"),
    ]
    assert info.chapters == 2
    assert info.metadata["title"] == "a film"
    assert info.sample_aspect_ratio == Fraction(4, 3)
    assert info.rate == Fraction(24000, 1001)
    assert info.container.startswith("matroska")
    assert info.warnings == ()


def test_rotation_and_reflection(tmp_path: Path, shared_data: Path) -> None:
    info = probe(make_clip(tmp_path / "a.mp4", rotation=90))
    assert info.rotation == 90
    assert info.display_matrix == (0, -65536, 0, 65536, 0, 0, 0, 0, 1 << 30)
    mirrored = probe(shared_data / "clips" / "rotate_and_reflect.mp4").display_matrix
    assert mirrored is not None
    a, b, _, c, d = mirrored[:5]
    assert a * d - b * c < 0
    assert probe(make_clip(tmp_path / "b.mp4")).display_matrix is None


def test_hdr10_comes_as_x265_took_it(tmp_path: Path) -> None:
    display = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)"
    params = f"master-display={display}:max-cll=1000,400:log-level=none"
    path = tmp_path / "a.mp4"
    # Fewer than 3 frames with B-frames allowed: libx265 gives back decoding times it never set.
    make_clip(path, frames=3, codec="libx265", pix_fmt="yuv420p10le", options={"x265-params": params})
    assert probe(path).hdr10 == Hdr10(display, "1000,400")
    assert probe(make_clip(tmp_path / "b.mp4")).hdr10 == Hdr10()


def test_interlaced_is_said(tmp_path: Path) -> None:
    info = probe(make_clip(tmp_path / "a.mp4", options={"x264-params": "tff=1"}))
    assert info.interlaced
    assert any("--deinterlace" in line for line in info.warnings)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("two_audio_two_subs.mp4", "video track 3 is used"),
        ("alpha.webm", "transparency"),
        ("hlg10_dolby_rotated.mov", "Dolby Vision"),
    ],
)
def test_what_will_be_lost_is_said(shared_data: Path, name: str, said: str) -> None:
    assert any(said in line for line in probe(shared_data / "clips" / name).warnings)


@pytest.mark.parametrize(
    ("name", "rate"),
    [
        ("flash.flv", Fraction(30)),  # FFmpeg says 1000
        ("subs_srt.mkv", Fraction(30)),  # 1000 too
        ("prores_422_10bit.mp4", Fraction(60000, 1001)),  # nothing
        ("odd_175x143.mp4", Fraction(24)),
        ("high_fps_60.mp4", Fraction(60)),
        ("mpeg2_24fps.ts", Fraction(24)),
    ],
)
def test_rates_that_containers_hide(shared_data: Path, name: str, rate: Fraction) -> None:
    assert probe(shared_data / "clips" / name).rate == rate


@pytest.mark.parametrize("rate", [Fraction(60000, 1001), Fraction(120000, 1001), Fraction(120), Fraction(24000, 1001)])
@pytest.mark.parametrize("suffix", ["mkv", "flv", "mp4"])
def test_a_millisecond_clock_does_not_bend_rates(tmp_path: Path, suffix: str, rate: Fraction) -> None:
    assert probe(make_clip(tmp_path / f"a.{suffix}", frames=60, rate=rate)).rate == rate


def test_snap() -> None:
    assert snap(Fraction(19001, 317)) == Fraction(60000, 1001)
    assert snap(Fraction(29971, 1000)) == Fraction(30000, 1001)
    assert snap(Fraction(2997, 100)) == Fraction(30000, 1001)
    assert snap(Fraction(299, 10)) == Fraction(299, 10)
    assert snap(Fraction(15)) == 15


def test_a_cover_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "song.m4a"
    with av.open(str(path), "w", format="mp4") as output:
        sound = output.add_stream("aac", rate=48000, layout="mono")
        cover = output.add_stream("png", rate=1)
        cover.width, cover.height, cover.pix_fmt = 64, 48, "rgb24"
        cover.disposition = av.stream.Disposition.attached_pic
        output.mux(cover.encode(picture(0, (64, 48), "gbrp").reformat(format="rgb24")))
        output.mux(cover.encode(None))
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 48000
        output.mux([*sound.encode(frame), *sound.encode(None)])
    with pytest.raises(InputError, match="only a cover picture"):
        probe(path)


def test_no_video_at_all(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("Some text.\n" * 50)
    with pytest.raises(InputError, match=r"notes\.txt is text"):
        probe(tmp_path / "notes.txt")
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(InputError, match="is empty"):
        probe(tmp_path / "empty.mp4")


def test_what_is_not_there_is_a_wrong_call(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        probe(tmp_path / "missing.mp4")
    with pytest.raises(UsageError, match="rate of its own"):
        probe(make_clip(tmp_path / "a.mp4", frames=2), rate=Fraction(30))


def test_a_name_with_a_colon_is_still_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_clip(tmp_path / "a.mp4", frames=2).rename(tmp_path / "http:x.mp4")
    monkeypatch.chdir(tmp_path)
    assert probe(Path("http:x.mp4")).frames == 2


def test_probing_leaves_no_file_open(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        probe(make_clip(tmp_path / "a.mp4", frames=2))
    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 1


def test_garbage_behind_the_first_frame_ends_the_video_there(tmp_path: Path) -> None:
    path = tmp_path / "v.y4m"
    head, frame = b"YUV4MPEG2 W16 H16 F25:1 Ip C420jpeg\n", b"FRAME\n" + bytes(16 * 16 * 3 // 2)
    path.write_bytes(head + frame + b"no frame at all" * 9)
    assert (probe(path).width, probe(path).rate) == (16, 25)


def test_what_lies_beside_a_frame_and_is_lost_has_a_name() -> None:
    lost = (Type.SPHERICAL, Type.STEREO3D, Type.A53_CC)
    frame = SimpleNamespace(side_data=[SimpleNamespace(type=kind) for kind in (*lost, Type.DISPLAYMATRIX)])
    lines = [f"{name} metadata is dropped" for name in ("360-degree", "closed caption", "stereoscopic")]
    assert lost_metadata(frame) == lines  # type: ignore[arg-type]


def test_side_data_that_pyav_has_no_name_for_hides_no_other(tmp_path: Path) -> None:
    """EXIF in a stream of JPEG, as cameras write it."""
    path, turned = tmp_path / "turned.mjpeg", Image.Exif()
    turned[0x0112] = 6
    with path.open("wb") as file:
        for _ in range(3):
            Image.new("RGB", (64, 48)).save(file, "JPEG", exif=turned)
    info = probe(path)
    assert (info.rotation, info.display_matrix is None) == (-90, False)


def test_a_clock_that_ticks_once_in_an_age_is_no_videos(tmp_path: Path) -> None:
    path = tmp_path / "slow.y4m"
    path.write_bytes(b"YUV4MPEG2 W64 H48 F1:2147483647 Ip A1:1 C420\n" + 3 * (b"FRAME\n" + bytes(4608)))
    with pytest.raises(InputError, match=r"its clock ticks once in 2\.1475e\+09 s, .*; its header is damaged"):
        probe(path)
