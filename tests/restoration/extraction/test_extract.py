"""extract-frames: every frame as the picture it is, with its exact time; and nothing half done."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from zlib import crc32

import av
import cv2
import pytest
import torch

from tests.clips import make_clip
from tests.restoration.extraction.extracting import (
    GOPS,
    TICK,
    VFR,
    check_pictures,
    column,
    extracted,
    frames,
    invoke,
    refused,
    rgb,
    rows,
)
from vidrestore.base.settings import Picking, Pictures, Reading
from vidrestore.errors import VidrestoreError
from vidrestore.frame.frame import Frame
from vidrestore.restoration.extraction import extract as extract_module
from vidrestore.restoration.extraction.extract import extract
from vidrestore.restoration.extraction.job import prepare
from vidrestore.restoration.report import Report
from vidrestore.scenes.list import Scene
from vidrestore.video.facts.info import VideoInfo
from vidrestore.video.facts.probe import probe
from vidrestore.video.index import begin
from vidrestore.video.pictures.read import read_picture
from vidrestore.video.reader import Reader
from vidrestore.video.resume.unfinished import folder_of


@pytest.mark.parametrize(
    ("pix_fmt", "form", "top"),
    [("yuv420p", "png", 255), ("yuv422p10le", "png", 65535), ("yuv420p10le", "tiff", 65535), ("gbrp", "webp", 255)],
)
def test_every_frame_is_the_picture_it_is(tmp_path: Path, pix_fmt: str, form: str, top: int) -> None:
    codec = {"gbrp": "libx265"}.get(pix_fmt, "ffv1")
    source = make_clip(tmp_path / "in.mkv", codec=codec, pix_fmt=pix_fmt, frames=7, size=(65, 49))
    report = extracted(source, tmp_path / "out", "--format", form)
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        *(f"frame_{n:08}.{form}" for n in range(1, 8)),
        "frames.csv",
    ]
    check_pictures(tmp_path / "out", frames(source), top=top)
    for key, value in {"frames_in": 7, "frames_out": 7, "width": 65, "height": 49, "codec": form, "cuts": 0}.items():
        assert report[key] == value
    assert {"input", "output", "model", "engine", "device", "precision", "seconds", "fps", "stages"} <= set(report)
    assert report["duration_in"] == report["duration_out"]
    assert report["duration_out"] == pytest.approx(float(sum(frame.duration for frame in frames(source))))
    assert report["warnings"] == []


def test_the_list_says_when_and_what_each_frame_is(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mp4", frames=10, pts=VFR, time_base=TICK, options=GOPS | {"g": "4"})
    extracted(source, tmp_path / "out")
    found, whole = rows(tmp_path / "out"), frames(source)
    assert list(found[0]) == ["index", "file", "pts", "seconds", "duration", "key_frame", "scene", "source_pts"]
    assert [row["file"] for row in found] == [f"frame_{n:08}.png" for n in range(1, 11)]
    assert [int(row["index"]) for row in found] == list(range(1, 11))
    assert [(Fraction(row["pts"]), Fraction(row["duration"])) for row in found] == [(f.pts, f.duration) for f in whole]
    assert column(tmp_path / "out", "source_pts") == [tick * TICK for tick in VFR]
    assert [float(row["seconds"]) for row in found] == [pytest.approx(float(f.pts), abs=1e-6) for f in whole]
    with av.open(str(source)) as container:
        keys = [int(frame.key_frame) for frame in container.decode(video=0)]
    assert 1 < sum(keys) < 10
    assert [int(row["key_frame"]) for row in found] == keys
    assert {row["scene"] for row in found} == {"1"}


def test_scenes_are_numbered_as_cuts_are_found(tmp_path: Path, shared_data: Path) -> None:
    source = shared_data / "clips" / "two_audio_two_subs.mp4"
    report = extracted(source, tmp_path / "out", "--start", "230f", "--end", "250f", "-q")
    assert [int(row["scene"]) for row in rows(tmp_path / "out")] == [1] * 10 + [2] * 10
    assert [int(row["index"]) for row in rows(tmp_path / "out")] == list(range(1, 21))
    assert report["cuts"] == 1
    assert [(s["start_frame"], s["end_frame"]) for s in report["scenes"]] == [(1, 10), (11, 20)]


@pytest.mark.parametrize(("start", "end", "first", "last"), [("1", "1.5", 30, 45), ("40f", "50f", 40, 50)])
def test_a_part_says_where_it_lies(tmp_path: Path, start: str, end: str, first: int, last: int) -> None:
    source = make_clip(tmp_path / "in.mp4", frames=60, options=GOPS)
    extracted(source, tmp_path / "out", "--start", start, "--end", end)
    wanted = frames(source)[first:last]
    check_pictures(tmp_path / "out", wanted, top=255)
    assert column(tmp_path / "out", "pts") == [f.pts - wanted[0].pts for f in wanted]
    assert column(tmp_path / "out", "source_pts") == [f.pts for f in wanted]


def test_every_third_frame_and_a_rate(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mp4", frames=31, options={"bf": "0"})
    whole = frames(source)
    extracted(source, tmp_path / "third", "--every", "3")
    check_pictures(tmp_path / "third", whole[::3], top=255)
    assert [int(row["index"]) for row in rows(tmp_path / "third")] == list(range(1, 32, 3))
    assert column(tmp_path / "third", "pts") == [frame.pts for frame in whole[::3]]
    assert column(tmp_path / "third", "duration") == [Fraction(1, 10)] * 10 + [Fraction(1, 30)]
    report = extracted(source, tmp_path / "ten", "--rate", "10")
    check_pictures(tmp_path / "ten", whole[::3], top=255)
    assert column(tmp_path / "ten", "pts") == [Fraction(n, 10) for n in range(11)]
    assert report["warnings"] == []
    report = extracted(source, tmp_path / "sixty", "--rate", "60")
    assert [int(row["index"]) for row in rows(tmp_path / "sixty")] == [1 + n // 2 for n in range(62)]
    assert "31 pictures repeat the one before" in report["warnings"][0]


def test_a_folder_for_each_scene_of_a_list(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mp4", frames=40, options=GOPS)
    pairs, whole = tmp_path / "pairs.csv", frames(source)
    pairs.write_text("4,9\n21,30\n35,50\n")
    report = extracted(source, tmp_path / "out", "--scenes", pairs, "--every", "2", "-q")
    folders = [tmp_path / "out" / f"scene_00{n}" for n in (1, 2, 3)]
    assert sorted((tmp_path / "out").iterdir()) == folders
    for folder, (first, last) in zip(folders, ((3, 9), (20, 30), (34, 40)), strict=True):
        wanted = whole[first:last:2]
        check_pictures(folder, wanted, top=255)
        assert (folder / "frame_00000001.png").is_file()
        assert [int(row["index"]) for row in rows(folder)] == list(range(first + 1, last + 1, 2))
        assert column(folder, "pts") == [f.pts - wanted[0].pts for f in wanted]
        assert column(folder, "source_pts") == [f.pts for f in wanted]
        assert {row["scene"] for row in rows(folder)} == {folder.name[-1]}
    assert [s["path"] for s in report["scenes"]] == [str(folder) for folder in folders]
    assert report["frames_out"] == 3 + 5 + 3
    assert report["warnings"] == ["scene 3 of the list, frames 35 to 50, became frames 35 to 40"]


def test_decoding_begins_with_the_first_scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(begin, "NEAR", Fraction(0))
    source = make_clip(tmp_path / "in.mp4", frames=50, options=GOPS, pts=[n + 9 for n in range(50)])
    whole, met = frames(source), (Scene(33, 39), Scene(44, 60))
    found: dict[tuple[Scene, ...], tuple[Report, int]] = {}
    read: list[Reader] = []

    class Watched(Reader):
        def __init__(self, info: VideoInfo, reading: Reading, *, first: int) -> None:
            super().__init__(info, reading, first=first)
            read.append(self)

    monkeypatch.setattr(extract_module, "Reader", Watched)
    for scenes in (met, (Scene(0, 1), *met)):
        out = tmp_path / f"out{len(scenes)}"
        job = prepare(source, out, reading=Reading(), picking=Picking(), pictures=Pictures(), scenes=scenes)
        ticks: list[Frame] = []
        report, _ = extract(job, on_frame=ticks.append)
        assert read[-1]._decoder is not None
        assert len(ticks) <= (job.frames or 0)
        found[scenes] = report, read[-1]._decoder.first
    (late, decoded), (early, from_the_first) = found.values()
    assert (decoded, from_the_first) == (33, 0)
    for one, other in zip(((33, 40), (44, 50)), (2, 3), strict=True):
        folder = tmp_path / "out2" / f"scene_00{other - 1}"
        check_pictures(folder, whole[slice(*one)], top=255)
        again = tmp_path / "out3" / f"scene_00{other}"
        assert [row | {"scene": ""} for row in rows(folder)] == [row | {"scene": ""} for row in rows(again)]
    assert late.warnings == ["scene 2 of the list, frames 45 to 61, became frames 45 to 50"]
    assert early.warnings == ["scene 3 of the list, frames 45 to 61, became frames 45 to 50"]
    assert (late.frames_in, early.frames_in) == (17, 50)
    beyond = replace(job, scenes=(Scene(60, 70),))
    with pytest.raises(VidrestoreError, match="none of the scenes: it ends with frame 50"):
        extract(replace(beyond, target=replace(beyond.target, path=tmp_path / "beyond")))


def test_lists_of_split_scenes_are_taken_by_number_and_by_time(tmp_path: Path, shared_data: Path) -> None:
    source, listed = shared_data / "clips" / "two_audio_two_subs.mp4", tmp_path / "list.csv"
    code, _, errors = invoke("split-scenes", source, "--list-only", "--csv", listed, "-q", "--json")
    assert code == 0, errors
    for how, folder in (((), "number"), (("--by-time",), "time")):
        extracted(source, tmp_path / folder, "--scenes", listed, "--every", "60", "--format", "jpg", *how)
        assert [int(row["index"]) for row in rows(tmp_path / folder / "scene_002")] == [241, 301, 361]
    refused("extract-frames", source, tmp_path / "o", "--scenes", listed, "--start", "1", says="leave out --start")
    refused("extract-frames", source, tmp_path / "o", "--by-time", says="give one with --scenes")


def test_training_reads_the_folders_of_scenes(tmp_path: Path) -> None:
    from vidrestore.training.data.pictures import sources

    source, pairs = make_clip(tmp_path / "in.mp4", frames=9), tmp_path / "pairs.csv"
    pairs.write_text("1,4\n6,9\n")
    extracted(source, tmp_path / "out", "--scenes", pairs)
    assert len(sources(tmp_path / "out")) == 8


def test_jpg_and_webp_have_a_quality(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=1, size=(256, 192))
    (frame,) = frames(source)

    def error(*options: object) -> tuple[float, int]:
        extracted(source, tmp_path / "out", "-y", *options)
        (path,) = (tmp_path / "out").glob("frame_*")
        return float((read_picture(path) - rgb(frame).clamp(0, 1)).abs().mean()), path.stat().st_size

    assert error("--format", "webp")[0] < 0.5 / 255, "without loss unless asked"
    for form in ("jpg", "webp"):
        (bad, small), (good, large) = error("--format", form, "--quality", 20), error("--format", form, "--quality", 95)
        assert bad > 1.5 * good > 0
        assert large > 1.5 * small
    assert error("--format", "jpg") == error("--format", "jpg", "--quality", 95)


def test_jpg_keeps_colour_at_full_size(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mkv", codec="libx265", pix_fmt="gbrp", frames=1)
    extracted(source, tmp_path / "out", "--format", "jpg")
    data = (tmp_path / "out" / "frame_00000001.jpg").read_bytes()
    at = data.index(b"\xff\xc0")  # start of frame: length, depth, height, width, components; then id and sampling
    assert [data[at + 11 + 3 * n] for n in range(3)] == [0x11] * 3


def test_depths(tmp_path: Path) -> None:
    shallow = make_clip(tmp_path / "8.mkv", codec="ffv1", frames=1)
    deep = make_clip(tmp_path / "10.mkv", codec="ffv1", pix_fmt="yuv420p10le", frames=1)

    def stored(*options: object) -> str:
        extracted(options[0], tmp_path / "out", "-y", "-q", *options[1:])  # type: ignore[arg-type]
        (path,) = (tmp_path / "out").glob("frame_*")
        return str(cv2.imread(str(path), cv2.IMREAD_UNCHANGED).dtype)

    assert [stored(shallow), stored(deep), stored(deep, "--format", "jpg")] == ["uint8", "uint16", "uint8"]
    assert [stored(shallow, "--depth", 16), stored(deep, "--depth", 8)] == ["uint16", "uint8"]
    assert stored(deep, "--format", "tiff", "--depth", 32) == "float32"
    for source, folder in ((shallow, "a"), (deep, "b")):
        extracted(source, tmp_path / folder, "--format", "tiff", "--depth", 32)
        (frame,) = frames(source)
        found = read_picture(tmp_path / folder / "frame_00000001.tiff")
        assert (found - rgb(frame)).abs().max() < 1e-6
        assert found.min() < 0 or found.max() > 1, "nothing is clipped"


def test_what_a_format_cannot_hold_is_said_or_refused(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mp4", pix_fmt="yuv420p10le", frames=2, sample_aspect_ratio=Fraction(4, 3))
    report = extracted(source, tmp_path / "out", "--format", "webp")
    assert "8 bits per sample, the source has 10; png and tiff hold 16" in report["warnings"][0]
    assert "square pixels" in report["warnings"][1]
    out = tmp_path / "o"
    refused("extract-frames", source, out, "--format", "jpg", "--depth", 16, says="--depth 16: .jpg has 8 bits")
    refused("extract-frames", source, out, "--depth", 32, says="--depth 32: .png has 8 or 16 bits")
    refused("extract-frames", source, out, "--quality", 90, says="--quality 90: .png is without loss")
    refused("extract-frames", source, out, "--format", "jpg", "--quality", 0, says="between 1 and 100")
    refused("extract-frames", source, out, "--every", 2, "--rate", 5, says="no --rate beside it")
    refused("extract-frames", source, out, "--rate", "fast", says="is not a frame rate")
    refused("extract-frames", source, out, "--scenes", tmp_path / "none.csv", says="none.csv")
    refused("extract-frames", tmp_path / "none.mp4", out, says="none.mp4")
    refused("extract-frames", source, source, says="is the input itself")
    refused("extract-frames", source, tmp_path / "no" / "o", says="there is no folder")
    (tmp_path / "file").write_text("mine")
    refused("extract-frames", source, tmp_path / "file", "-y", says="is a file")
    assert not out.exists()


def test_png_says_whose_colours_hdr_has(tmp_path: Path) -> None:
    colours = {"colorspace": 9, "color_range": 1, "color_primaries": 9, "color_trc": 16}
    source = make_clip(tmp_path / "in.mkv", codec="ffv1", pix_fmt="yuv420p10le", frames=1, **colours)
    assert extracted(source, tmp_path / "png")["warnings"] == []
    data = (tmp_path / "png" / "frame_00000001.png").read_bytes()
    assert data[33:45] == b"\0\0\0\4cICP" + bytes((9, 16, 0, 1))
    assert int.from_bytes(data[45:49]) == crc32(data[37:45])
    check_pictures(tmp_path / "png", frames(source), top=65535)
    for found in (probe(tmp_path / "png").colour, probe(tmp_path / "png" / "frame_00000001.png").colour):
        assert (found.primaries, found.transfer) == (9, 16)
    assert (
        "does not say that the colours are HDR's"
        in extracted(source, tmp_path / "tiff", "--format", "tiff")["warnings"][0]
    )
    plain = make_clip(tmp_path / "plain.mkv", frames=1, colorspace=1, color_primaries=1, color_trc=1)
    extracted(plain, tmp_path / "sdr")
    assert b"cICP" not in (tmp_path / "sdr" / "frame_00000001.png").read_bytes()


def test_turned_pictures_are_upright(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mp4", frames=2, rotation=90)
    report = extracted(source, tmp_path / "out")
    assert (report["width"], report["height"]) == (48, 64)
    upright = read_picture(tmp_path / "out" / "frame_00000001.png")
    assert upright.shape == (3, 64, 48)
    assert (upright - rgb(frames(source)[0]).clamp(0, 1).rot90(1, (1, 2))).abs().max() <= 0.52 / 255


def test_a_folder_name_may_have_a_dot(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mp4", frames=2)
    extracted(source, tmp_path / "in.mp4.frames")
    assert (tmp_path / "in.mp4.frames" / "frame_00000002.png").is_file()


def test_an_earlier_run_is_replaced_whatever_its_layout_and_other_files_stay(tmp_path: Path) -> None:
    source, pairs, out = make_clip(tmp_path / "in.mp4", frames=6), tmp_path / "pairs.csv", tmp_path / "out"
    pairs.write_text("1,2\n3,4\n5,6\n")
    extracted(source, out)
    refused("extract-frames", source, out, says="use -y")
    extracted(source, out, "--scenes", pairs, "-y")
    assert sorted(p.name for p in out.iterdir()) == ["scene_001", "scene_002", "scene_003"]
    (out / "scene_002" / "mine.txt").write_text("mine")
    (out / "mine.txt").write_text("mine")
    pairs.write_text("1,2\n3,3\n")
    extracted(source, out, "--scenes", pairs, "-y", "--format", "jpg")
    files = sorted(str(p.relative_to(out)) for p in out.rglob("*") if p.is_file())
    assert files == [
        *("mine.txt", "scene_001/frame_00000001.jpg", "scene_001/frame_00000002.jpg", "scene_001/frames.csv"),
        *("scene_002/frame_00000001.jpg", "scene_002/frames.csv", "scene_002/mine.txt"),
    ]
    extracted(source, out, "-y", "--every", "6")
    files = sorted(str(p.relative_to(out)) for p in out.rglob("*") if p.is_file())
    assert files == ["frame_00000001.png", "frames.csv", "mine.txt", "scene_002/mine.txt"]


@pytest.mark.parametrize("scenes", [False, True])
def test_a_folder_of_the_users_under_the_name_it_grows_under_is_left_alone(tmp_path: Path, scenes: bool) -> None:
    source, mine = make_clip(tmp_path / "in.mp4", frames=2), tmp_path / "out.part" / "mine.txt"
    (tmp_path / "pairs.csv").write_text("1,2\n")
    options = ("--scenes", tmp_path / "pairs.csv") if scenes else ()
    job = prepare(source, tmp_path / "out", reading=Reading(), picking=Picking(), pictures=Pictures())
    mine.parent.mkdir()
    mine.write_text("mine")
    refused("extract-frames", source, tmp_path / "out", "-y", *options, says="out.part is in the way")
    with pytest.raises(VidrestoreError, match="in the way"):  # it came after the checks
        extract(job)
    assert mine.read_text() == "mine" and not (tmp_path / "out").exists()
    mine.unlink()
    mine.parent.rmdir()
    (tmp_path / "out.part").write_text("mine")
    refused("extract-frames", source, tmp_path / "out", *options, says="out.part is in the way")
    assert (tmp_path / "out.part").read_text() == "mine"


def test_pictures_are_not_extracted_over_themselves(tmp_path: Path) -> None:
    clip, pairs, out = make_clip(tmp_path / "in.mp4", frames=4), tmp_path / "pairs.csv", tmp_path / "out"
    pairs.write_text("1,2\n3,4\n")
    extracted(clip, out, "--scenes", pairs)
    before = sorted(out.rglob("*"))
    for source in (out / "scene_001", out / "scene_002" / "frame_00000001.png"):
        refused("extract-frames", source, out, "--every", "2", "-y", says="the input, lies in")
    assert sorted(out.rglob("*")) == before


def test_the_current_folder_and_links_to_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, link = tmp_path / "here", tmp_path / "links" / "link"
    for folder in (here, here / "below", link.parent):
        folder.mkdir()
    source = make_clip(here / "in.mp4", frames=2)
    monkeypatch.chdir(here)
    extracted(Path("in.mp4"), Path("."), "-y")
    monkeypatch.chdir(here / "below")
    extracted(source, Path(".."), "-y", "--format", "jpg")
    link.symlink_to(here)
    assert folder_of(link) == tmp_path / "here.part"
    extracted(source, link, "-y", "--format", "jpg")
    names = ["below", "frame_00000001.jpg", "frame_00000002.jpg", "frames.csv", "in.mp4"]
    assert sorted(path.name for path in here.iterdir()) == names
    assert sorted(path.name for path in tmp_path.iterdir()) == ["here", "links"]


@pytest.mark.parametrize("scenes", [False, True])
def test_old_pictures_stay_where_the_new_ones_cannot_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scenes: bool
) -> None:
    source, out = make_clip(tmp_path / "in.mp4", frames=2), tmp_path / "out"
    (tmp_path / "pairs.csv").write_text("1,2\n")
    options = ("--scenes", tmp_path / "pairs.csv") if scenes else ()
    extracted(source, out, *options)
    (out / "mine.txt").write_text("dear")  # else the folder is exchanged as a whole
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}

    rename = Path.replace

    def elsewhere(path: Path, target: Path) -> None:
        if target.is_relative_to(out):
            raise OSError(18, "Invalid cross-device link")
        rename(path, target)

    monkeypatch.setattr(Path, "replace", elsewhere)
    code, _, errors = invoke("extract-frames", source, out, "-y", "--format", "jpg", *options)
    assert (code, errors.strip()) == (1, f"vidrestore: {out} cannot be written: Invalid cross-device link")
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
    assert not (tmp_path / "out.part").exists()


@pytest.mark.parametrize("scenes", [False, True])
def test_an_error_leaves_nothing_and_touches_nothing(tmp_path: Path, scenes: bool) -> None:
    from vidrestore.scenes.list import Scene

    source, out = make_clip(tmp_path / "in.mp4", frames=30), tmp_path / "out"
    extracted(source, out, "--every", "10")
    before = {p.name: p.read_bytes() for p in out.iterdir()}
    listed = (Scene(0, 9), Scene(10, 29)) if scenes else None
    job = prepare(source, out, reading=Reading(), picking=Picking(), pictures=Pictures(), scenes=listed, overwrite=True)
    seen = []

    def fail(frame: Frame) -> None:
        seen.append(frame)
        if len(seen) == 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        extract(job, on_frame=fail)
    assert {p.name: p.read_bytes() for p in out.iterdir()} == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.mp4", "out"]
    beyond = replace(job, scenes=(Scene(100, 109),))
    with pytest.raises(VidrestoreError, match="none of the scenes"):
        extract(beyond)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.mp4", "out"]


def test_a_picture_that_cannot_be_stored_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when it is the last, which is encoded after everything else is done."""
    from vidrestore.video.pictures import write

    def full(*_: object, **__: object) -> bytes:
        raise OSError(28, "No space left on device")

    source = make_clip(tmp_path / "in.mp4", frames=1)
    monkeypatch.setattr(write, "encode_picture", full)
    code, _, errors = invoke("extract-frames", source, tmp_path / "out")
    assert code == 5
    assert "the disk is full" in errors
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.mp4"]


def test_a_cut_off_file_gives_what_there_was_and_three(tmp_path: Path, shared_data: Path) -> None:
    code, report, errors = invoke(
        "extract-frames", shared_data / "clips" / "truncated_60pct.mp4", tmp_path / "out", "--json", "--every", "20"
    )
    assert code == 3
    assert report["truncated"]
    assert "cut off" in errors
    assert len(list((tmp_path / "out").glob("*.png"))) == report["frames_out"] > 1


def test_pictures_can_be_extracted_from_pictures(tmp_path: Path) -> None:
    """Other format, same times."""
    source = make_clip(tmp_path / "in.mp4", frames=10, pts=VFR, time_base=TICK, options={"bf": "0"})
    extracted(source, tmp_path / "png", "--start", "2f")
    extracted(tmp_path / "png", tmp_path / "webp", "--format", "webp")
    for name in ("pts", "duration", "source_pts"):
        assert column(tmp_path / "webp", name) == column(tmp_path / "png", name)
    a, b = (read_picture(tmp_path / form / f"frame_00000004.{form}") for form in ("png", "webp"))
    assert torch.equal(a, b)


def test_intra_codecs_are_key_frames_throughout(tmp_path: Path, shared_data: Path) -> None:
    for name in ("odd_496x241.mp4", "prores_422_10bit.mp4"):  # CineForm's decoder does not say it
        assert all(frame.key for frame in frames(shared_data / "clips" / name))


def test_metrics_sees_no_difference_to_the_video(tmp_path: Path) -> None:
    """And asks nothing of the list."""
    source = make_clip(tmp_path / "in.mp4", frames=6, pts=VFR[:6], time_base=TICK)
    extracted(source, tmp_path / "out")
    (tmp_path / "out" / "frames.csv").write_text("not a list")
    code, report, errors = invoke("metrics", source, tmp_path / "out", "--metric", "psnr", "--json", "-q")
    assert code == 0, errors
    assert (report["frames"], report["metrics"]["psnr"]["mean"]) == (6, "inf")
