"""Whatever is wrong with a target is said before any work."""

from fractions import Fraction
from pathlib import Path

import pytest

from tests.clips import make_clip
from vidrestore.base.settings import Encoding
from vidrestore.errors import UsageError
from vidrestore.frame.frame import Colour
from vidrestore.video.encode.target import Target
from vidrestore.video.facts.info import Hdr10, VideoInfo
from vidrestore.video.plan import plan


def info_of(path: Path, **fields: object) -> VideoInfo:
    known: dict[str, object] = {
        "kind": "pictures",
        "width": 64,
        "height": 48,
        "pix_fmt": "yuv420p",
        "colour": Colour(matrix="bt601"),
        "time_base": Fraction(1, 30),
        "rate": Fraction(30),
    }
    return VideoInfo(path=path, **(known | fields))  # type: ignore[arg-type]


def planned(
    path: Path, encoding: Encoding | None = None, *, scale: int = 1, overwrite: bool = False, **fields: object
) -> Target:
    """A plan for a source that is only described."""
    info = info_of(path.parent / "source", **fields)
    return plan(
        info,
        path,
        encoding or Encoding(),
        width=info.width * scale,
        height=info.height * scale,
        overwrite=overwrite,
    )


@pytest.mark.parametrize(
    ("suffix", "depth", "codec", "pix_fmt"),
    [
        (".mp4", 8, "libx264", "yuv420p"),
        (".MKV", 8, "libx264", "yuv420p"),
        (".mov", 10, "libx265", "yuv420p10le"),
        (".webm", 8, "libvpx-vp9", "yuv420p"),
        (".webm", 10, "libsvtav1", "yuv420p10le"),
        (".avi", 10, "libx264", "yuv420p10le"),
        (".ts", 8, "libx264", "yuv420p"),
        (".flv", 8, "libx264", "yuv420p"),
    ],
)
def test_defaults_by_container_and_depth(tmp_path: Path, suffix: str, depth: int, codec: str, pix_fmt: str) -> None:
    source = "yuv420p" if depth == 8 else "yuv420p10le"
    target = planned(tmp_path / f"o{suffix}", pix_fmt=source, colour=Colour(depth=depth))
    assert (target.codec, target.pix_fmt, target.colour.depth) == (codec, pix_fmt, depth)
    assert target.notes == ()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "encoding", "said"),
    [
        ("o.xyz", Encoding(), "nothing is written as .xyz"),
        ("o.gif", Encoding(), "nothing is written as .gif"),
        ("none/o.mp4", Encoding(), "there is no folder"),
        ("o.mp4", Encoding(codec="libx266"), "no video encoder"),
        ("o.webm", Encoding(codec="libx264"), "libx264 at 64x48 yuv420p in .webm does not work here"),
        ("o.mp4", Encoding(codec="prores_ks"), "prores_ks at 64x48 .* does not work here"),
        ("o.mp4", Encoding(options={"profile": "nonsense"}), "does not work here"),
        ("o.mp4", Encoding(options={"g": "often"}), "does not work here"),
        ("o.mp4", Encoding(pix_fmt="yuv999p"), "takes no --pix-fmt yuv999p"),
    ],
)
def test_mistakes_are_one_line(tmp_path: Path, name: str, encoding: Encoding, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        planned(tmp_path / name, encoding)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("codec", ["h264_nvenc", "hevc_qsv"])
def test_hardware_that_is_not_there_is_said(tmp_path: Path, codec: str) -> None:
    try:
        planned(tmp_path / "o.mp4", Encoding(codec=codec), width=256, height=256)
    except UsageError as error:
        assert codec in str(error) and "does not work here" in str(error)
    else:
        pytest.skip(f"this machine has {codec}")


def test_an_existing_file_needs_a_yes(tmp_path: Path) -> None:
    path = tmp_path / "o.mp4"
    path.write_bytes(b"mine")
    with pytest.raises(UsageError, match="use -y"):
        planned(path)
    planned(path, overwrite=True)
    assert path.read_bytes() == b"mine"


def test_the_input_is_never_the_output(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=2)
    link = tmp_path / "link.mkv"
    link.symlink_to(source)
    info = info_of(source)
    for path in (source, link):
        with pytest.raises(UsageError, match="is the input itself"):
            plan(info, path, Encoding(), overwrite=True)


def test_a_folder_with_something_in_it_needs_a_yes(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    assert planned(folder).kind == "folder"
    (folder / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="use -y"):
        planned(folder)
    assert planned(folder, overwrite=True).kind == "folder"


@pytest.mark.parametrize(("name", "kind"), [("o", "folder"), ("o.png", "picture"), ("o.JPG", "picture")])
def test_kinds_of_targets(tmp_path: Path, name: str, kind: str) -> None:
    assert planned(tmp_path / name).kind == kind


@pytest.mark.parametrize(
    ("codec", "pix_fmt", "pad"),
    [
        ("libx264", "yuv420p", (1, 1)),
        ("libx265", "yuv422p", (1, 0)),
        ("libx264", "yuv444p", (0, 0)),
        ("ffv1", "yuv420p", (0, 0)),
        ("libvpx-vp9", "yuv420p", (0, 0)),
        ("libsvtav1", "yuv420p", (0, 0)),
    ],
)
def test_odd_sizes(tmp_path: Path, codec: str, pix_fmt: str, pad: tuple[int, int]) -> None:
    target = planned(tmp_path / "o.mkv", Encoding(codec=codec), width=175, height=143, pix_fmt=pix_fmt)
    assert target.pad == pad
    assert (target.width, target.height) == (175 + pad[0], 143 + pad[1])
    assert bool(target.notes) == any(pad)


def test_an_untagged_picture_that_grows_past_hd_is_tagged(tmp_path: Path) -> None:
    """Untagged, 480 lines are bt601 to every player, and 960 lines bt709."""
    assert planned(tmp_path / "o.mp4", width=640, height=480, scale=2).colour.tagged_matrix == 6
    assert planned(tmp_path / "o.mp4", width=320, height=240, scale=2).colour.tagged_matrix == 2


def test_rgb_is_tagged_as_what_it_becomes(tmp_path: Path) -> None:
    rgb = Colour(matrix="bt601", full_range=True)
    colour = planned(tmp_path / "o.mp4", pix_fmt="rgb24", colour=rgb).colour
    assert (colour.matrix, colour.full_range, colour.tagged_matrix, colour.tagged_range) == ("bt709", False, 1, 1)
    colour = planned(tmp_path / "o.mkv", Encoding(codec="ffv1"), pix_fmt="rgb24", colour=rgb).colour
    assert (colour.full_range, colour.tagged_matrix) == (True, 0)


def test_hdr10_that_cannot_come_is_said(tmp_path: Path) -> None:
    hdr = Hdr10("G(1,2)B(3,4)R(5,6)WP(7,8)L(9,1)", "1000,400")
    fields = {"hdr10": hdr, "pix_fmt": "yuv420p10le", "colour": Colour(depth=10)}
    assert any("HDR10" in note for note in planned(tmp_path / "o.mkv", Encoding(codec="ffv1"), **fields).notes)
    assert planned(tmp_path / "o.mkv", **fields).notes == ()


def test_a_format_that_must_change_is_said(tmp_path: Path) -> None:
    target = planned(tmp_path / "o.mp4", Encoding(codec="libx264"), pix_fmt="yuv444p12le", colour=Colour(depth=12))
    assert target.pix_fmt == "yuv444p10le"
    assert target.notes == ("libx264 does not take yuv444p12le: encoded as yuv444p10le",)


def test_rotation_that_cannot_come_is_said(tmp_path: Path) -> None:
    matrix = (0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30)
    assert "rotated" in planned(tmp_path / "o.avi", display_matrix=matrix, rotation=-90).notes[0]
    assert planned(tmp_path / "o.mp4", display_matrix=matrix, rotation=-90).notes == ()


def test_a_clock_too_fine_for_ffmpeg_is_rounded(tmp_path: Path) -> None:
    target = planned(tmp_path / "o.mp4", time_base=Fraction(1, 23_040_000 * 1001))
    assert (target.time_base, target.rounds) == (Fraction(1, 1_000_000), True)
    assert not planned(tmp_path / "o.mp4", time_base=Fraction(1, 23_040_000)).rounds


@pytest.mark.parametrize("rate", ["16.6666666666667", "23.7777777777", "59.99999999999999999"])
def test_a_long_decimal_is_a_rate(tmp_path: Path, rate: str) -> None:
    """FFmpeg counts a rate in two 32-bit numbers."""
    made = planned(tmp_path / "o.mp4", rate=Fraction(rate), time_base=1 / Fraction(rate))
    assert abs(made.rate - Fraction(rate)) < 1e-6


@pytest.mark.parametrize(
    ("encoding", "option"),
    [(Encoding(crf=20), "--crf"), (Encoding(codec="libx264"), "--codec"), (Encoding(options={"g": "1"}), "-e")],
)
@pytest.mark.parametrize("name", ["frames", "o.png"])
def test_pictures_have_no_encoder(tmp_path: Path, name: str, encoding: Encoding, option: str) -> None:
    with pytest.raises(UsageError, match=f"is for pictures: leave out {option}"):
        planned(tmp_path / name, encoding)
