"""What pictures say beside their samples goes from picture to picture; animations are read as the videos they are."""

import csv
import json
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import tifffile
import torch
from PIL import Image
from typer.testing import CliRunner

from vidrestore.base.settings import Pictures, Reading
from vidrestore.cli import app
from vidrestore.errors import InputError
from vidrestore.frame.frame import Frame
from vidrestore.video.encode.target import Target
from vidrestore.video.facts.probe import probe
from vidrestore.video.pictures.formats.exif import for_copy
from vidrestore.video.pictures.formats.header import read_header
from vidrestore.video.pictures.plan import plan_pictures
from vidrestore.video.reader import Reader
from vidrestore.video.writer import Writer

SUFFIXES = (".png", ".jpg", ".webp", ".tif")


def tags_of(orientation: int = 6) -> Image.Exif:
    tags = Image.Exif()
    tags[0x10F], tags[0x8298], tags[0x112] = "Maker", "© me".encode().decode("latin-1"), orientation
    details, place = tags.get_ifd(0x8769), tags.get_ifd(0x8825)
    details[0x829A], details[0x9003], details[0xA002], details[0xA003] = 0.008, "2026:01:02 03:04:05", 24, 16
    place[1], place[2] = "N", (48.0, 8.0, 15.0)
    tags[0x8769], tags[0x8825] = details, place
    return tags


def photo(path: Path, tags: Image.Exif | None = None, **more: Any) -> Path:
    """24x16, of this EXIF and 300 dots per inch."""
    picture = np.random.default_rng(0).integers(0, 256, (16, 24, 3), np.uint8)
    Image.fromarray(picture).save(path, exif=tags or tags_of(), dpi=(300, 300), **more)
    return path


def doubled(source: Path, target: Path) -> list[str]:
    """Written at twice the size, as an enlarging run would; what was said."""
    info = probe(source)
    kind = "picture" if target.suffix else "folder"
    aimed = Target(target, kind, 2 * info.width, 2 * info.height, info.rate, info.time_base, info.colour)
    with Writer(plan_pictures(aimed, info, Pictures(), overwrite=True), info) as writer:
        for frame in Reader(info):
            picture = frame.picture.repeat_interleave(2, 1).repeat_interleave(2, 2)
            writer.write(Frame(picture, frame.pts, frame.duration))
    return writer.warnings


@pytest.mark.parametrize(("source", "result"), list(product(SUFFIXES, SUFFIXES)))
def test_exif_and_resolution_come_along(tmp_path: Path, source: str, result: str) -> None:
    assert doubled(photo(tmp_path / f"in{source}"), tmp_path / f"out{result}") == []
    with Image.open(tmp_path / f"out{result}") as made:
        assert made.size == (32, 48)  # upright
        tags, dpi = made.getexif(), made.info.get("dpi")
        assert tags.get(0x112, 1) == 1
        assert tags[0x10F] == "Maker"
        details = tags.get_ifd(0x8769)
        assert (details[0x829A], details[0x9003]) == (0.008, "2026:01:02 03:04:05")
        assert (details[0xA002], details[0xA003]) == (32, 48)
        assert tags.get_ifd(0x8825)[2] == (48.0, 8.0, 15.0)
    if result != ".webp" and source != ".webp":  # which say it in EXIF alone, and Pillow has written none there
        assert dpi is not None and dpi == pytest.approx((300, 300), abs=0.02)
    elif source != ".webp":
        assert tags[0x11A] == tags[0x11B] == pytest.approx(300, abs=0.02)
    assert read_header(tmp_path / f"out{result}").dpi is None or source != ".webp"


def test_16_bit_pictures_have_it_too(tmp_path: Path) -> None:
    wide = np.random.default_rng(0).integers(0, 65536, (16, 24, 3), np.uint16)
    tifffile.imwrite(
        tmp_path / "in.tif", wide, photometric="rgb", resolution=(118.11, 118.11), resolutionunit=3, software="mine"
    )
    for result in ("out.tif", "out.png"):
        assert doubled(tmp_path / "in.tif", tmp_path / result) == []
        header = read_header(tmp_path / result)
        assert header.samples == "uint16" and header.dpi == pytest.approx((300, 300), abs=0.02)
        stored = cv2.imread(str(tmp_path / result), cv2.IMREAD_UNCHANGED)[::2, ::2, ::-1]
        assert np.array_equal(stored, wide)
    with tifffile.TiffFile(tmp_path / "out.tif") as tif:
        assert tif.pages[0].tags["Software"].value == "mine"


def test_each_picture_of_a_folder_keeps_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(3):
        tags = tags_of(1)
        tags[0x132] = f"2026:01:02 03:04:0{number}"
        photo(folder / f"{number}.jpg", tags)
    assert doubled(folder, tmp_path / "out") == []
    for number in range(3):
        with Image.open(tmp_path / "out" / f"frame_0000000{number + 1}.png") as made:
            assert made.getexif()[0x132] == f"2026:01:02 03:04:0{number}"


def test_new_frames_between_pictures_have_none(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(2):
        photo(folder / f"{number}.jpg", tags_of(1))
    info = probe(folder)
    target = Target(tmp_path / "out", "folder", info.width, info.height, info.rate, info.time_base, info.colour)
    with Writer(plan_pictures(target, info, Pictures()), info) as writer:
        for number in range(3):
            writer.write(Frame(torch.zeros(3, 16, 24), Fraction(number, 50), Fraction(1, 50)))
    found = [read_header(tmp_path / "out" / f"frame_0000000{n}.png") for n in (1, 2, 3)]
    assert [bool(each.exif) for each in found] == [True, False, True]


def test_exif_that_is_damaged_or_too_long_is_left_out_and_said(tmp_path: Path) -> None:
    tags = tags_of(1)
    tags.get_ifd(0x8769)[0x927C] = bytes(70_000)
    photo(tmp_path / "long.png", tags)
    (said,) = doubled(tmp_path / "long.png", tmp_path / "out.jpg")
    assert said.startswith("pictures whose EXIF is left out") and said.endswith(": 1")
    assert read_header(tmp_path / "out.jpg").dpi == pytest.approx((300, 300), abs=0.02)
    assert doubled(tmp_path / "long.png", tmp_path / "out.tif") == []


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_damaged_exif_costs_no_picture(tmp_path: Path) -> None:
    """Any byte of it."""
    whole, rng = photo(tmp_path / "a.jpg").read_bytes(), np.random.default_rng(0)
    at, end = whole.index(b"Exif"), whole.index(b"\xff\xdb")
    for _ in range(200):
        data = bytearray(whole)
        for place in rng.integers(at + 6, end, 3):
            data[place] = rng.integers(256)
        (tmp_path / "a.jpg").write_bytes(bytes(data))
        header = read_header(tmp_path / "a.jpg")
        try:
            for_copy(header.exif, width=1, height=1, dpi=header.dpi)
        except ValueError:
            continue


def animation(path: Path, *, durations: tuple[int, ...] = (40, 80, 120), alpha: bool = False) -> list[torch.Tensor]:
    """An animated picture of 48x32, and its frames."""
    rng = np.random.default_rng(0)
    frames = [rng.integers(0, 256, (32, 48, 4 if alpha else 3), np.uint8) for _ in durations]
    if alpha:
        for frame in frames:
            frame[..., 3] |= 1
    first, *others = map(Image.fromarray, frames)
    options = {"lossless": True, "exact": True} if path.suffix == ".webp" else {}
    first.save(path, save_all=True, append_images=others, duration=list(durations), **options)
    return [torch.from_numpy(frame[..., :3]).permute(2, 0, 1) for frame in frames]


@pytest.mark.parametrize("suffix", [".png", ".webp"])
@pytest.mark.parametrize("alpha", [False, True])
def test_an_animation_is_a_video(tmp_path: Path, suffix: str, alpha: bool) -> None:
    """By its content: they are named as pictures are."""
    wanted = animation(tmp_path / f"a{suffix}", alpha=alpha)
    info = probe(tmp_path / f"a{suffix}")
    assert (info.width, info.height, info.alpha) == (48, 32, alpha)
    assert [note for note in info.warnings if "transparency" not in note] == []
    frames = list(Reader(info))
    assert [frame.pts for frame in frames] == [0, Fraction(1, 25), Fraction(3, 25)]
    assert [frame.duration for frame in frames] == [Fraction(1, 25), Fraction(2, 25), Fraction(3, 25)]
    folder = tmp_path / "out"
    target = Target(folder, "folder", 48, 32, info.rate, info.time_base, info.colour)
    with Writer(plan_pictures(target, info, Pictures()), info) as writer:
        for frame in frames:
            writer.write(frame)
    for number, codes in enumerate(wanted, start=1):
        stored = cv2.imread(str(folder / f"frame_{number:08d}.png"), cv2.IMREAD_COLOR_RGB)
        assert np.array_equal(stored, codes.permute(1, 2, 0).numpy())


def test_a_part_of_an_animation(tmp_path: Path) -> None:
    animation(tmp_path / "a.webp")
    one, other = Reader(probe(tmp_path / "a.webp"), Reading(start=1))
    assert (one.pts, one.duration, other.pts, other.duration) == (0, *(Fraction(n, 25) for n in (2, 2, 3)))


def test_frames_without_a_time_are_shown_as_browsers_show_them(tmp_path: Path) -> None:
    animation(tmp_path / "a.webp", durations=(0, 20))
    assert [shown.duration for shown in probe(tmp_path / "a.webp").pictures] == [Fraction(1, 10), Fraction(1, 50)]


def test_commands_take_animations(tmp_path: Path) -> None:
    for suffix in (".png", ".webp"):
        animation(tmp_path / f"a{suffix}")
        words = ["interpolate", str(tmp_path / f"a{suffix}"), "--fps", "50", "--quality", "fast", "-q"]
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 0, done.output
        made = next(tmp_path.glob("a_*.mp4"))
        assert probe(made).frames == 12  # of 0.24 s
        made.unlink()
    done = CliRunner().invoke(app, ["metrics", str(tmp_path / "a.png"), str(tmp_path / "a.webp"), "--json"])
    report = json.loads(done.stdout)
    assert (report["frames"], report["aligned"], report["metrics"]["psnr"]["mean"]) == (3, "pts", "inf")


def test_a_broken_animation_is_damage(tmp_path: Path) -> None:
    animation(tmp_path / "a.webp")
    data = bytearray((tmp_path / "a.webp").read_bytes())
    second = data.index(b"ANMF", data.index(b"ANMF") + 4)
    data[second + 40 : second + 400] = bytes(360)
    (tmp_path / "a.webp").write_bytes(bytes(data))
    with pytest.raises(InputError, match=r"a\.webp is damaged"):
        list(Reader(probe(tmp_path / "a.webp")))


def pages(path: Path, count: int, **options: Any) -> None:
    with tifffile.TiffWriter(path) as tif:
        for number in range(count):
            tif.write(np.full((8, 12, 3), number, np.uint8), photometric="rgb", metadata=None, **options)


def test_pages_beyond_the_first_are_said_to_be_left_out(tmp_path: Path) -> None:
    pages(tmp_path / "a.tif", 12)
    (note,) = probe(tmp_path / "a.tif").warnings
    assert note == "the first of 12 pictures in it is taken, the others are left out: save each as a file"


def test_smaller_copies_are_no_pages(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif") as tif:
        tif.write(np.zeros((8, 12, 3), np.uint8), photometric="rgb", metadata=None)
        tif.write(np.zeros((4, 6, 3), np.uint8), photometric="rgb", metadata=None, subfiletype=1)
    assert probe(tmp_path / "a.tif").warnings == ()


def test_in_a_folder_they_are_counted(tmp_path: Path) -> None:
    for number, count in enumerate((1, 3, 2)):
        pages(tmp_path / f"{number}.tif", count)
    reader = Reader(probe(tmp_path))
    assert len(list(reader)) == 3
    assert reader.warnings == ["further files with several pictures, of which the first is taken: 2"]
    with (tmp_path / "frames.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["file", "pts", "duration"], ["1.tif", "0", "1"]])
    assert any(note.startswith("the first of 3 pictures") for note in probe(tmp_path).warnings)
