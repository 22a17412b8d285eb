"""Decoding from the middle of a file gives what decoding from its beginning gives, bit for bit."""

from fractions import Fraction
from pathlib import Path

import av
import pytest

from tests.clips import make_clip
from tests.real_clips import NAMES, NOT_VIDEOS
from vidrestore.video.index import begin, seek

from .straight import compare, first_decoded, read


@pytest.fixture(autouse=True)
def _short_files_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """An index is made, however near the start is."""
    monkeypatch.setattr(begin, "NEAR", Fraction(0))


FAST = {
    "alpha.webm",
    "corrupted.mp4",
    "edit_list.mp4",
    "flash.flv",
    "h263_176x144.3gp",
    "hlg10_dolby_rotated.mov",
    "mpeg2_24fps.ts",
    "no_initial_keyframe.ts",
    "odd_175x143.mp4",
    "park_joy_10frames.y4m",
    "prores_422_10bit.mp4",
    "screen_518x488_jpeg_range.mp4",
    "slow_motion_sef.mp4",
    "yuv444.mkv",
}


@pytest.mark.parametrize("name", sorted(FAST))
def test_real_clips_from_three_places(shared_data: Path, name: str) -> None:
    compare(shared_data / "clips" / name, 3)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", sorted(set(NAMES) - NOT_VIDEOS - {"one_frame.y4m"}))
def test_real_clips_from_ten_places(shared_data: Path, name: str) -> None:
    compare(shared_data / "clips" / name, 10)


X264 = {"preset": "veryfast", "x264-params": "keyint=12:min-keyint=12:bframes=3:scenecut=0:b-adapt=0"}
OPEN = {"preset": "veryfast", "x264-params": "open-gop=1:keyint=12:min-keyint=12:bframes=3:scenecut=0:b-adapt=0"}
REFRESH = {"preset": "veryfast", "x264-params": "intra-refresh=1:keyint=12:bframes=0:scenecut=0"}
X265 = {"preset": "veryfast", "x265-params": "open-gop=1:keyint=12:min-keyint=12:bframes=3:scenecut=0:log-level=none"}
MADE = {
    "closed.mp4": ("libx264", X264),
    "closed.mkv": ("libx264", X264),
    "closed.ts": ("libx264", X264),
    "closed.flv": ("libx264", X264),
    "open.mp4": ("libx264", OPEN),
    "open.mkv": ("libx264", OPEN),
    "open.ts": ("libx264", OPEN),
    "hevc.mp4": ("libx265", X265),
    "hevc.mkv": ("libx265", X265),
    "hevc.ts": ("libx265", X265),
    "mpeg2.ts": ("mpeg2video", {"g": "12", "bf": "2"}),
    "mpeg2.mpg": ("mpeg2video", {"g": "12", "bf": "2"}),
    "mpeg2.mkv": ("mpeg2video", {"g": "12", "bf": "2"}),
    "mpeg4.mp4": ("mpeg4", {"g": "12", "bf": "2"}),
    "vp8.webm": ("libvpx", {"g": "12", "deadline": "realtime", "cpu-used": "8"}),
    "vp9.webm": ("libvpx-vp9", {"g": "12", "deadline": "realtime", "cpu-used": "8"}),
    "av1.mkv": ("libsvtav1", {"g": "12", "preset": "12"}),
    "av1.mp4": ("libsvtav1", {"g": "12", "preset": "12"}),
    "ffv1.mkv": ("ffv1", {"g": "12"}),
    "jpeg.mkv": ("mjpeg", {}),
    "prores.mov": ("prores_ks", {}),
}
FORMATS = {"jpeg.mkv": "yuvj420p", "prores.mov": "yuv422p10le"}


@pytest.mark.parametrize("name", MADE)
def test_every_codec_is_begun_in_the_middle(tmp_path: Path, name: str) -> None:
    codec, options = MADE[name]
    path = tmp_path / name
    sounds = int(path.suffix not in (".webm", ".mpg"))
    pix_fmt = FORMATS.get(name, "yuv420p")
    make_clip(path, frames=60, size=(96, 64), codec=codec, options=options, pix_fmt=pix_fmt, audio=sounds)
    begun = compare(path, 6)
    moments = begun[::2]
    assert sum(first > 0 for first in moments) >= len(moments) // 2, begun


def test_intra_refresh_is_decoded_from_the_beginning(tmp_path: Path) -> None:
    """Its recovery points promise exact pictures some frames later; x264 does not keep that everywhere."""
    for suffix in ("mkv", "ts"):
        path = make_clip(tmp_path / f"refresh.{suffix}", frames=60, size=(96, 64), options=REFRESH)
        assert set(compare(path, 6)) == {0}


def test_a_leading_picture_is_decoded_from_the_shot_before(tmp_path: Path) -> None:
    """Of an open GOP: it refers to pictures before the key frame that it stands behind in the file."""
    path = make_clip(tmp_path / "open.mkv", frames=60, size=(96, 64), options=OPEN)
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    second = next(n for n, packet in enumerate(packets) if n and packet.is_keyframe)
    leading = [packet for packet in packets[second + 1 :] if packet.pts < packets[second].pts]
    assert leading, "no open GOP was made"
    whole, frames = read(path)
    for packet in leading:
        start = packet.pts * packet.time_base - whole.origin
        reader, rest = read(path, start=start)
        assert rest == [each for each in frames if each[0] - whole.origin >= start]
        assert first_decoded(reader) == 0


def parts(path: Path, *, at: list[int], size: tuple[int, int] = (96, 64), codec: str = "libx264") -> Path:
    """A transport stream of recordings that begin at these ticks of 1/90000 s, one after the other."""
    with path.open("wb") as joined:
        for number, tick in enumerate(at):
            part = path.with_name(f"part{number}.ts")
            ticks = [tick + 3000 * n for n in range(60)]
            options = {"x264-params": "keyint=12:bframes=2:scenecut=0"} if codec == "libx264" else {"g": "12"}
            wide = size[0] + 32 * number
            make_clip(part, pts=ticks, time_base=Fraction(1, 90000), size=(wide, size[1]), codec=codec, options=options)
            joined.write(part.read_bytes())
    return path


@pytest.mark.parametrize("at", [[0, 900_000], [9_000_000, 0], [0, 0, 0], [50_000_000, 0, 20_000_000]])
def test_joined_recordings_and_other_sizes_inside_a_stream(tmp_path: Path, at: list[int]) -> None:
    path = parts(tmp_path / "joined.ts", at=at)
    assert any(compare(path, 8))


def test_a_clock_that_wraps(tmp_path: Path) -> None:
    """Of MPEG-TS it has 33 bits: after 26.5 hours it begins again with 0."""
    ticks = [2**33 - 90_000 + 3000 * n for n in range(60)]
    path = make_clip(tmp_path / "wrap.ts", pts=ticks, time_base=Fraction(1, 90000), options=X264, size=(96, 64))
    assert any(compare(path, 8))


@pytest.mark.parametrize("suffix", ["h264", "avi"])
def test_without_time_stamps_all_is_decoded_and_it_says_so(tmp_path: Path, suffix: str) -> None:
    path = make_clip(tmp_path / f"bare.{suffix}", frames=40, options={"g": "10", "bf": "0"})
    assert set(compare(path, 3)) == {0}
    reader, _ = read(path, start=Fraction(1, 2))
    assert any("its pictures have no time stamps of their own" in line for line in reader.warnings)


@pytest.mark.parametrize("hurt", [[3], [25], [26, 27], [35], [38]])
def test_damaged_packets_before_and_after_the_start(tmp_path: Path, hurt: list[int]) -> None:
    path = make_clip(tmp_path / "hurt.mp4", frames=50, size=(96, 64), options=X264)
    with av.open(str(path)) as container:
        where = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    data = bytearray(path.read_bytes())
    for number in hurt:
        at, size = where[number]
        data[at + size // 3 : at + size] = bytes(byte ^ 0x5A for byte in data[at + size // 3 : at + size])
    path.write_bytes(data)
    compare(path, 6)


def test_uneven_times_and_an_edit_list(tmp_path: Path) -> None:
    ticks = [0, 1001, 2002, 4004, 4505, 7000, 10010, 10011, 20020, 30030, 31000, 32000, 33000, 40000, 70000]
    path = make_clip(tmp_path / "v.mp4", pts=ticks, time_base=Fraction(1, 30000), options={"g": "4", "bf": "2"})
    assert any(compare(path, 8))


@pytest.mark.parametrize("kind", ["frames", "fields", "auto"])
@pytest.mark.parametrize("name", ["interlaced_h264.mp4", "interlaced_480i_audio.mp4", "interlaced_mpeg2.mp4"])
@pytest.mark.slow
def test_filters_have_seen_what_they_need(shared_data: Path, name: str, kind: str) -> None:
    compare(shared_data / "clips" / name, 4, deinterlace=kind)


def test_a_wrong_index_costs_time_and_no_frame(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Packets that are not what the index says, wherever that shows: decoding begins anew, with the file."""
    path = make_clip(tmp_path / "a.mp4", frames=60, size=(96, 64), options=X264)
    _, frames = read(path)
    true, wrong = seek._is, set[int]()
    monkeypatch.setattr(seek, "_is", lambda packet, index, n: n not in wrong and true(packet, index, n))
    for numbers in (range(36, 99), [37], [44], [59]):
        wrong.clear()
        wrong.update(numbers)
        reader, rest = read(path, start=Fraction(40, 30))
        assert rest == frames[40:]
        assert (reader.damaged, reader.truncated, reader.warnings) == (0, False, [])


def test_pictures_before_the_start_are_not_opened(tmp_path: Path) -> None:
    from PIL import Image

    for number in range(6):
        Image.new("RGB", (16, 16), (number * 40, 0, 0)).save(tmp_path / f"{number}.png")
    (tmp_path / "0.png").write_bytes((tmp_path / "0.png").read_bytes()[:60])  # its header is whole, its content is not
    for start in (3, Fraction(3, 25)):
        _, frames = read(tmp_path, start=start)
        assert len(frames) == 3 and frames[0][0] == Fraction(3, 25)


def test_the_end_may_be_a_number_and_the_start_a_moment(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mp4", frames=60, size=(96, 64), options=X264)
    _, frames = read(path)
    for asked in ({"start": Fraction(1), "end": 40}, {"start": 30, "end": Fraction(4, 3)}):
        reader, rest = read(path, **asked)
        assert rest == frames[30:40]
        assert first_decoded(reader) == 30
