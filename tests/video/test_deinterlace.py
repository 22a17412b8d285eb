"""--deinterlace: one frame for two fields, one for each, or the film that was telecined, at exact times."""

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import Tensor
from typer.testing import CliRunner

from tests.interlaced import NTSC, interlaced, moment, telecined, write
from vidrestore.base.settings import Deinterlace, Encoding, Moment, Reading
from vidrestore.cli import app
from vidrestore.errors import UsageError
from vidrestore.frame.frame import Frame, Planes
from vidrestore.restoration.job import prepare
from vidrestore.restoration.pipeline import restore
from vidrestore.video.facts.frame_count import expected_frames
from vidrestore.video.facts.probe import INTERLACED, probe
from vidrestore.video.filters.interlacing import as_read, in_cadence
from vidrestore.video.reader import Reader

FILM = [moment(4 * n) for n in range(40)]
WHOLE, WOVEN = 35, 31
"""dB: any deinterlaced frame has more, one of two moments less."""
MODES: tuple[Deinterlace, ...] = ("auto", "frames", "fields")


def read(
    path: Path, deinterlace: Deinterlace, *, start: Moment | None = None, end: Moment | None = None
) -> tuple[Reader, list[Frame]]:
    reader = Reader(probe(path), Reading(start, end, deinterlace))
    frames = list(reader)
    assert all(a.pts + a.duration == b.pts for a, b in pairwise(frames))
    assert len(frames) == reader.given
    return reader, frames


def y(frame: Frame) -> Tensor:
    assert isinstance(frame.picture, Planes)
    return frame.picture.y


def psnr(frame: Frame, truth: Tensor) -> float:
    return float(10 * torch.log10(255**2 / (y(frame).float() - truth.float()).square().mean()))


def said(reader: Reader, words: str) -> bool:
    return any(words in line for line in reader.warnings)


@pytest.mark.parametrize(
    ("flags", "bottom_first"),
    [("tff=1", False), ("bff=1", True), ("", False), ("", True), ("bff=1", False)],
    ids=["top first", "bottom first", "unflagged", "unflagged, bottom first", "flagged the wrong way round"],
)
@pytest.mark.parametrize("suffix", ["mp4", "ts"])
def test_each_field_becomes_a_frame_at_its_own_time(
    tmp_path: Path, flags: str, bottom_first: bool, suffix: str
) -> None:
    path = write(tmp_path / f"v.{suffix}", interlaced(20, bottom_first=bottom_first), flags=flags)
    reader, frames = read(path, "fields")
    assert [frame.pts for frame in frames] == [Fraction(k, 50) for k in range(40)]
    assert {frame.duration for frame in frames} == {Fraction(1, 50)}
    assert (reader.decoded, reader.given) == (20, 40)
    # A field taken for the other's is a moment off: 28 dB.
    assert all(psnr(frame, moment(k)) > WHOLE for k, frame in enumerate(frames))
    assert said(reader, "one for each field: 20 of 20")


def test_ntsc_fields_are_at_halves_of_the_files_ticks(tmp_path: Path) -> None:
    path = write(tmp_path / "v.mp4", interlaced(10), rate=NTSC, flags="tff=1")
    info = as_read(probe(path), Reading(deinterlace="fields"))
    assert (info.rate, info.frames) == (2 * NTSC, 20)
    frames = list(Reader(info, Reading(deinterlace="fields")))
    assert [frame.pts for frame in frames] == [k / (2 * NTSC) for k in range(20)]
    assert all((frame.pts / info.time_base).denominator == 1 for frame in frames)


@pytest.mark.parametrize("mode", ["frames", "auto"])
@pytest.mark.parametrize("flags", ["tff=1", ""])
def test_one_frame_for_two_fields_keeps_count_and_times(tmp_path: Path, mode: Deinterlace, flags: str) -> None:
    path = write(tmp_path / "v.mp4", interlaced(20), flags=flags)
    plain, frames = read(path, "off")[1], read(path, mode)[1]
    assert [(f.pts, f.duration, f.key) for f in plain] == [(f.pts, f.duration, f.key) for f in frames]
    assert all(psnr(frame, moment(2 * k)) > WHOLE for k, frame in enumerate(frames))
    assert all(psnr(frame, moment(2 * k)) < WOVEN for k, frame in enumerate(plain))


def test_auto_leaves_whole_frames_alone_whatever_their_flags_say(tmp_path: Path) -> None:
    for flags in ("tff=1", ""):
        reader, frames = read(write(tmp_path / "v.mp4", FILM[:20], flags=flags), "auto")
        assert all(torch.equal(y(frame), truth) for frame, truth in zip(frames, FILM, strict=False))
        assert not said(reader, "deinterlaced")


def test_auto_finds_the_interlaced_part_of_a_video_without_flags(tmp_path: Path) -> None:
    reader, frames = read(write(tmp_path / "v.mp4", [*FILM[:30], *interlaced(30)]), "auto")
    # The last before the cut is judged by the one behind it, too.
    assert all(torch.equal(y(frame), truth) for frame, truth in zip(frames[:29], FILM, strict=False))
    assert all(psnr(frame, moment(2 * k)) > WHOLE for k, frame in enumerate(frames[30:]))
    assert said(reader, "one for two fields: 30 of 60") or said(reader, "one for two fields: 31 of 60")


def test_each_frames_own_flag_is_followed(tmp_path: Path) -> None:
    """Also where the first frames, by which a file is described, are not interlaced."""
    path = tmp_path / "both.h264"
    parts = write(tmp_path / "a.h264", FILM[:10]), write(tmp_path / "b.h264", interlaced(10), flags="tff=1")
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    for mode in ("frames", "auto"):
        reader, frames = read(path, mode)  # type: ignore[arg-type]
        assert all(torch.equal(y(frame), truth) for frame, truth in zip(frames[:10], FILM, strict=False))
        assert all(psnr(frame, moment(2 * k)) > WHOLE for k, frame in enumerate(frames[10:]))
        assert said(reader, "one for two fields: 10 of 20")
        assert not said(reader, "--deinterlace")
    reader, frames = read(path, "fields")
    assert len(frames) == 30
    off, _ = read(path, "off")
    assert said(off, "flagged as interlaced; --deinterlace auto")


@pytest.mark.parametrize(
    ("flags", "bottom_first"), [("tff=1", False), ("bff=1", True), ("", False)], ids=["top", "bottom", "unflagged"]
)
@pytest.mark.parametrize("suffix", ["mp4", "ts"])
def test_telecined_film_is_put_together_again(tmp_path: Path, flags: str, bottom_first: bool, suffix: str) -> None:
    path = write(tmp_path / f"v.{suffix}", telecined(FILM, bottom_first=bottom_first), rate=NTSC, flags=flags)
    reader, frames = read(path, "auto")
    assert (reader.decoded, reader.given) == (50, 40)
    assert [frame.pts for frame in frames] == [Fraction(1001 * k, 24000) for k in range(40)]
    assert {frame.duration for frame in frames} == {Fraction(1001, 24000)}
    # Of the first cycle and the last one field may have no other to match.
    assert all(torch.equal(y(frame), truth) for frame, truth in list(zip(frames, FILM, strict=True))[1:-1])
    assert said(reader, "50 frames of video became 40 of film")


def test_telecine_on_a_clock_of_milliseconds_keeps_its_times(tmp_path: Path) -> None:
    frames = read(write(tmp_path / "v.mkv", telecined(FILM), rate=NTSC, flags="tff=1"), "auto")[1]
    assert len(frames) == 40
    assert all(abs(frame.pts - Fraction(1001 * k, 24000)) < Fraction(1, 1000) for k, frame in enumerate(frames))


def test_film_in_a_format_that_fieldmatch_cannot_take_is_deinterlaced_and_said(tmp_path: Path) -> None:
    info = probe(write(tmp_path / "v.mp4", telecined(FILM), rate=NTSC, flags="tff=1"))
    deep = as_read(replace(info, pix_fmt="yuv420p10le"), Reading(deinterlace="auto"))
    assert (deep.deinterlacing.each, deep.rate) == ("frame", NTSC)
    assert any("fieldmatch takes no yuv420p10le" in line for line in deep.warnings)


def test_video_among_film_keeps_all_its_frames(tmp_path: Path) -> None:
    """Titles made at 30 frames per second repeat none: nothing is taken out."""
    titles = [moment(3 * n) for n in range(20)]
    _, frames = read(write(tmp_path / "v.mp4", [*telecined(FILM), *titles], rate=NTSC, flags="tff=1"), "auto")
    assert len(frames) == 60
    assert [frame.pts for frame in frames[-20:]] == [k / NTSC for k in range(50, 70)]
    assert sum(torch.equal(y(a), b) for a, b in zip(frames[-19:], titles[1:], strict=True)) == 19


CLIPS = {
    "auto": lambda path: write(path, interlaced(60), flags="tff=1", key=10),
    "frames": lambda path: write(path, interlaced(60), flags="tff=1", key=10),
    "fields": lambda path: write(path, interlaced(60), flags="tff=1", key=10),
    "film": lambda path: write(path, telecined(FILM * 2), rate=NTSC, flags="tff=1", key=10),
}


@pytest.mark.parametrize("mode", CLIPS)
def test_a_part_is_what_it_is_of_the_whole(tmp_path: Path, mode: str) -> None:
    """The same frames at the same times, wherever reading begins; a number is that of the source's frame."""
    path = CLIPS[mode](tmp_path / "v.mp4")
    asked: Deinterlace = "auto" if mode == "film" else mode  # type: ignore[assignment]
    whole = read(path, asked)[1]
    rate = NTSC if mode == "film" else Fraction(25)
    for start, end in ((Fraction(14, 10), None), (Fraction(13, 10), Fraction(19, 10)), (33, 48), (None, 7)):
        reader, part = read(path, asked, start=start, end=end)
        low, high = (
            default if at is None else at / rate if isinstance(at, int) else at
            for at, default in ((start, Fraction(0)), (end, Fraction(100)))
        )
        if mode == "film" and isinstance(end, int):  # a frame of film has the number of one it is made of
            assert abs(len(part) - (end - (start or 0)) * Fraction(4, 5)) <= 1  # type: ignore[operator]
        else:
            expected = [frame for frame in whole if low <= frame.pts < high]
            assert [a.pts + reader.origin for a in part] == [b.pts for b in expected]
            assert all(torch.equal(y(a), y(b)) for a, b in zip(part, expected, strict=True))
        if isinstance(start, int) and isinstance(end, int) and mode != "film":
            assert expected_frames(as_read(probe(path), Reading(deinterlace=asked)), Reading(start, end, asked)) == len(
                part
            )


def test_the_note_that_says_to_use_it_is_not_there_where_it_is_used(tmp_path: Path) -> None:
    path = write(tmp_path / "v.mp4", interlaced(20), flags="tff=1")
    info = probe(path)
    assert INTERLACED in info.warnings
    assert INTERLACED in as_read(info, Reading()).warnings
    for mode in MODES:
        reader, _ = read(path, mode)
        assert INTERLACED not in as_read(info, Reading(deinterlace=mode)).warnings
        assert not said(reader, "--deinterlace")


def test_a_result_is_planned_for_the_frames_that_come(tmp_path: Path) -> None:
    encoding = Encoding(preset="ultrafast")
    for mode, clip, count, rate in (
        ("fields", "fields", 120, Fraction(50)),
        ("auto", "film", 80, Fraction(24000, 1001)),
        ("frames", "frames", 60, Fraction(25)),
    ):
        path, target = CLIPS[clip](tmp_path / f"{clip}.mp4"), tmp_path / f"{clip}_out.mp4"
        job = prepare(path, target, (), reading=Reading(deinterlace=mode), encoding=encoding)  # type: ignore[arg-type]
        report = restore(job)
        source = probe(path)
        assert job.frames == report.frames_out == count
        assert (report.frames_in, job.target.rate) == (source.frames, rate)
        result = probe(target)
        assert (result.frames, result.rate, result.interlaced) == (count, rate, False)
        assert [frame.pts for frame in Reader(result)] == [n / rate for n in range(count)]
        assert not any("--deinterlace auto, frames" in line for line in report.warnings)


def test_pictures_have_no_fields(tmp_path: Path) -> None:
    """auto may always be given; who asks for frames or fields of them errs."""
    info = replace(probe(write(tmp_path / "v.mp4", FILM[:3])), kind="pictures")
    assert as_read(info, Reading(deinterlace="auto")) is info
    for asked in ("frames", "fields"):
        with pytest.raises(UsageError, match=f"leave --deinterlace {asked} out"):
            as_read(info, Reading(deinterlace=asked))


def test_a_folder_of_pictures_takes_deinterlace_auto(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for n in range(2):
        Image.new("RGB", (32, 24), (n, 9, 9)).save(folder / f"{n}.png")
    words = ["upscale", str(folder), str(tmp_path / "out"), "--model", "espcn-x2", "--deinterlace"]
    done = CliRunner().invoke(app, [*words, "auto"])
    assert done.exit_code == 0, done.stderr
    assert len(list((tmp_path / "out").glob("*.png"))) == 2
    assert CliRunner().invoke(app, [*words, "frames", "-y"]).exit_code == 2


@pytest.mark.parametrize(
    ("repeats", "film"),
    [
        ("..T.B" * 8, True),
        ("B..T." * 8, True),
        ("T.B.." * 5 + "....." * 3, True),
        ("T..B." * 4 + "B.T.." * 4, False),
        ("." * 40, False),
        ("T" * 40, False),
        ("TB" * 20, False),
        ("T...." * 8, False),
    ],
)
def test_the_cadence_of_pulldown_is_told_from_others(repeats: str, film: bool) -> None:
    assert in_cadence(repeats) is film


def test_real_clips_by_flags_and_looks(shared_data: Path) -> None:
    """Two are flagged as interlaced and are not; of the others one has its bottom field first."""
    folder = shared_data / "clips"
    found = {
        name: as_read(probe(folder / f"interlaced_{name}"), Reading(deinterlace="auto")).deinterlacing
        for name in ("480i_audio.mp4", "h264.mp4", "bff.mkv", "mpeg2.mp4")
    }
    assert {name: how.which for name, how in found.items()} == {
        "480i_audio.mp4": "seen",
        "h264.mp4": "seen",
        "bff.mkv": "flagged",
        "mpeg2.mp4": "flagged",
    }
    assert found["bff.mkv"].order == "bff"
    assert {how.each for how in found.values()} == {"frame"}
