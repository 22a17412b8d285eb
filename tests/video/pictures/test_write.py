"""Frames as pictures."""

import csv
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image, ImageCms

from tests.clips import make_clip
from vidrestore.base.settings import PictureForm, Pictures
from vidrestore.errors import UsageError
from vidrestore.frame.colour import to_rgb
from vidrestore.frame.frame import Frame, Planes
from vidrestore.video.encode.target import Target, TargetKind
from vidrestore.video.facts.info import VideoInfo
from vidrestore.video.facts.probe import probe
from vidrestore.video.pictures.plan import plan_pictures
from vidrestore.video.pictures.read import read_picture
from vidrestore.video.pictures.write import encode_picture
from vidrestore.video.reader import Reader
from vidrestore.video.writer import Writer


def aim(info: VideoInfo, path: Path, form: PictureForm = "png") -> Target:
    kind: TargetKind = "picture" if path.suffix else "folder"
    target = Target(path, kind, info.width, info.height, info.rate, info.time_base, info.colour)
    return plan_pictures(target, info, Pictures(form), overwrite=True)


def write(target: Target, info: VideoInfo, frames: list[Frame]) -> None:
    with Writer(target, info) as writer:
        for frame in frames:
            writer.write(frame)


@pytest.mark.parametrize(("pix_fmt", "top"), [("yuv420p", 255), ("yuv422p10le", 65535)])
@pytest.mark.parametrize("form", ["png", "tiff", "webp"])
def test_a_folder_of_exact_pictures(tmp_path: Path, pix_fmt: str, top: int, form: PictureForm) -> None:
    top = 255 if form == "webp" else top
    info = probe(make_clip(tmp_path / "in.mkv", codec="ffv1", pix_fmt=pix_fmt, frames=3))
    frames = list(Reader(info))
    write(aim(info, tmp_path / "out", form), info, frames)
    names = [f"frame_{n:08d}.{form}" for n in (1, 2, 3)]
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [*names, "frames.csv"]
    for name, frame in zip(names, frames, strict=True):
        assert isinstance(frame.picture, Planes)
        wanted = to_rgb(frame.picture).clamp(0, 1)
        assert (read_picture(tmp_path / "out" / name) - wanted).abs().max() <= 0.52 / top


def test_frames_csv_holds_exact_times(tmp_path: Path) -> None:
    clip = make_clip(
        tmp_path / "in.mp4", frames=4, pts=[0, 1001, 3000, 7001], time_base=Fraction(1, 30000), options={"bf": "0"}
    )
    info = probe(clip)
    frames = list(Reader(info))
    write(aim(info, tmp_path / "out"), info, frames)
    with (tmp_path / "out" / "frames.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(Fraction(row["pts"]), Fraction(row["duration"])) for row in rows] == [(f.pts, f.duration) for f in frames]
    assert [row["file"] for row in rows] == [f"frame_{n:08d}.png" for n in (1, 2, 3, 4)]


def test_an_old_run_is_replaced_and_other_files_stay(tmp_path: Path) -> None:
    info = probe(make_clip(tmp_path / "in.mkv", frames=3))
    frames = list(Reader(info))
    write(aim(info, tmp_path / "out"), info, frames)
    (tmp_path / "out" / "mine.txt").write_text("mine")
    write(aim(info, tmp_path / "out", "jpg"), info, frames[:1])
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["frame_00000001.jpg", "frames.csv", "mine.txt"]


def test_an_error_leaves_an_old_folder_alone(tmp_path: Path) -> None:
    info = probe(make_clip(tmp_path / "in.mkv", frames=3))
    write(aim(info, tmp_path / "out"), info, list(Reader(info)))
    before = {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir()}
    with pytest.raises(KeyboardInterrupt), Writer(aim(info, tmp_path / "out"), info) as writer:
        writer.write(Frame(torch.zeros(3, 48, 64), Fraction(0), Fraction(1)))
        raise KeyboardInterrupt
    assert {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir()} == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.mkv", "out"]


@pytest.mark.parametrize(("suffix", "longest"), [(".webp", 16383), (".jpg", 65500)])
def test_a_size_beyond_the_format_is_refused(suffix: str, longest: int, capfd: pytest.CaptureFixture[str]) -> None:
    assert encode_picture(np.zeros((1, longest, 3), np.uint8), suffix, Pictures(quality=50))
    with pytest.raises(UsageError, match=f"1x{longest + 1} is too large for {suffix}: at most {longest} pixels"):
        encode_picture(np.zeros((longest + 1, 1, 3), np.uint8), suffix, Pictures(quality=50))
    assert capfd.readouterr().err == ""


def test_source_pts_count_on_the_sources_clock_in_slow_motion(tmp_path: Path) -> None:
    info = replace(probe(make_clip(tmp_path / "in.mkv", frames=1)), source_offset=Fraction(60))
    target = replace(aim(info, tmp_path / "out"), stretch=Fraction(4))
    write(target, info, [Frame(torch.zeros(3, 48, 64), Fraction(n, 25), Fraction(1, 25)) for n in range(3)])
    with (tmp_path / "out" / "frames.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [Fraction(row["source_pts"]) for row in rows] == [60 + Fraction(n, 100) for n in range(3)]


def test_a_folder_of_the_users_under_a_pictures_part_name_is_left_alone(tmp_path: Path) -> None:
    info = probe(make_clip(tmp_path / "in.mkv", frames=1))
    (tmp_path / "o.part.png").mkdir()
    write(aim(info, tmp_path / "o.png"), info, list(Reader(info)))
    assert (tmp_path / "o.part.png").is_dir() and (tmp_path / "o.png").is_file()


def test_one_picture(tmp_path: Path) -> None:
    info = probe(make_clip(tmp_path / "in.mkv", frames=2))
    frames = list(Reader(info))
    write(aim(info, tmp_path / "o.png"), info, frames[:1])
    assert read_picture(tmp_path / "o.png").shape == (3, 48, 64)
    with pytest.raises(UsageError, match="give a folder"):
        write(aim(info, tmp_path / "p.png"), info, frames)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.mkv", "o.png"]


def test_names_need_not_be_ascii(tmp_path: Path) -> None:
    info = probe(make_clip(tmp_path / "in.mkv", frames=1))
    write(aim(info, tmp_path / "bücher 中.png"), info, list(Reader(info)))
    assert (tmp_path / "bücher 中.png").is_file()


# Counter-clockwise as players turn; then mirrored. The matrix maps (x, y) to (a x + c y, b x + d y).
UPRIGHT = {
    (1, 0, 0, 1): lambda p: p,
    (0, -1, 1, 0): lambda p: np.rot90(p, 1),
    (-1, 0, 0, -1): lambda p: np.rot90(p, 2),
    (0, 1, -1, 0): lambda p: np.rot90(p, 3),
    (-1, 0, 0, 1): np.fliplr,
    (1, 0, 0, -1): np.flipud,
    (0, 1, 1, 0): lambda p: p.transpose(1, 0, 2),
}


@pytest.mark.parametrize("matrix", list(UPRIGHT))
def test_pictures_are_upright(tmp_path: Path, matrix: tuple[int, int, int, int]) -> None:
    info = probe(make_clip(tmp_path / "in.mkv", frames=1))
    a, b, c, d = (65536 * n for n in matrix)
    info = replace(info, display_matrix=(a, b, 0, c, d, 0, 0, 0, 1 << 30))
    codes = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    rgb = torch.from_numpy(codes).permute(2, 0, 1).float() / 255
    write(aim(info, tmp_path / "o.png"), info, [Frame(rgb, Fraction(0), Fraction(1))])
    stored = cv2.imread(str(tmp_path / "o.png"))[..., ::-1]
    assert np.array_equal(stored, UPRIGHT[matrix](codes))


def test_the_display_matrix_turns_as_ffmpeg_says(tmp_path: Path) -> None:
    """90 is counter-clockwise: the right column becomes the top row."""
    info = probe(make_clip(tmp_path / "in.mp4", frames=1, rotation=90))
    assert info.rotation == 90
    rgb = torch.zeros(3, 48, 64)
    rgb[:, :, -1] = 1
    write(aim(info, tmp_path / "o.png"), info, [Frame(rgb, Fraction(0), Fraction(1))])
    stored = read_picture(tmp_path / "o.png")
    assert stored.shape == (3, 64, 48) and stored[:, 0].min() == 1 and stored[:, 1:].max() == 0


SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
WIDE = SRGB.replace("sRGB".encode("utf-16-be"), "Wide".encode("utf-16-be")).replace(b"sRGB", b"Wide")


@pytest.mark.parametrize("source", [".png", ".jpg", ".webp", ".tif"])
@pytest.mark.parametrize("result", [".png", ".jpg", ".webp", ".tif"])
def test_a_colour_profile_comes_along(tmp_path: Path, source: str, result: str) -> None:
    picture = Image.fromarray(np.full((16, 24, 3), 90, np.uint8))
    picture.save(tmp_path / f"in{source}", icc_profile=WIDE)
    info = probe(tmp_path / f"in{source}")
    target = aim(info, tmp_path / f"out{result}")
    write(target, info, list(Reader(info)))
    with Image.open(tmp_path / f"out{result}") as made:
        kept = made.info.get("icc_profile")
    assert kept == WIDE and target.notes == ()


def test_a_profile_of_srgb_or_of_grey_says_nothing_that_is_missed(tmp_path: Path) -> None:
    picture = Image.fromarray(np.full((16, 24, 3), 90, np.uint8))
    picture.save(tmp_path / "srgb.jpg", icc_profile=SRGB)
    picture.save(tmp_path / "grey.jpg", icc_profile=WIDE[:16] + b"GRAY" + WIDE[20:])
    assert probe(tmp_path / "srgb.jpg").profile == probe(tmp_path / "grey.jpg").profile == b""
    linear = SRGB.replace("sRGB b".encode("utf-16-be"), "Linear".encode("utf-16-be"))
    picture.save(tmp_path / "linear.jpg", icc_profile=linear)
    assert probe(tmp_path / "linear.jpg").profile == linear != SRGB


def test_a_damaged_profile_costs_no_picture() -> None:
    samples = np.full((16, 24, 3), 90, np.uint8)
    made = encode_picture(samples, ".png", Pictures(), profile=b"nonsense" * 40)
    assert (cv2.imdecode(np.frombuffer(made, np.uint8), cv2.IMREAD_COLOR) == samples).all()
