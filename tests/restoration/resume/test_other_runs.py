"""A run goes on with what the same run has left, and with nothing else."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.clips import make_clip
from vidrestore.base.settings import Deblurring, Encoding, Reading, Settings
from vidrestore.errors import UsageError, VidrestoreError
from vidrestore.frame.frame import Frame
from vidrestore.restoration.deblurring.stage import deblur
from vidrestore.restoration.job import prepare
from vidrestore.restoration.pipeline import restore
from vidrestore.restoration.stage import Skip, Stage
from vidrestore.restoration.upscale import upscale

from .runs import FFV1, SETTINGS, identity, made, pictures, steps, stopping


@pytest.mark.parametrize("name", ["", "run.json", "pictures", "old", "moves.json"])
def test_nothing_grows_through_a_link(name: str, tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mp4", frames=2)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "dear").write_text("dear")
    link = tmp_path / "out.part" / name
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(elsewhere / "dear" if name.endswith(".json") else elsewhere)
    with pytest.raises(UsageError, match="is a link"):
        made(source, tmp_path / "out", identity(), Encoding())
    assert [path.name for path in elsewhere.iterdir()] == ["dear"] and (elsewhere / "dear").read_text() == "dear"


def test_another_run_is_not_gone_on_with(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=12)
    target, stage = tmp_path / "out.mp4", steps()["one frame"]()
    with pytest.raises(KeyboardInterrupt):
        made(source, target, stopping(stage, 8), Encoding())
    folder = tmp_path / "out.mp4.part"
    kept = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(UsageError, match=r"mp4\.part holds an interrupted run, of which encoder option crf differ"):
        made(source, target, stage, Encoding(crf=30))
    with pytest.raises(UsageError, match="of which upscale precision differ"):
        made(source, target, upscale("espcn-x2", scale=2, settings=Settings(precision="bf16")), Encoding())
    with pytest.raises(UsageError, match="of which size and upscale model and upscale scale differ"):
        made(source, target, upscale("espcn-x3", scale=3, settings=SETTINGS), Encoding())
    with pytest.raises(UsageError, match="of which start differ"):
        prepare(source, target, (stage,), reading=Reading(start=Fraction(1, 5)), encoding=Encoding(), resume=True)
    os.utime(source, (1, 1))
    with pytest.raises(UsageError, match="of which input differ"):
        made(source, target, stage, Encoding())
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == kept, "it is the user's to remove"


def test_what_a_run_is_does_not_hang_on_how_classes_are_written(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mp4", frames=6)
    stages = (steps()["deblur"](), steps()["x5/2"](), steps()["five frames"]())
    reading = Reading(start=2, end=Fraction(1, 5))
    job = prepare(source, tmp_path / "out.mp4", stages, reading=reading, encoding=Encoding(crf=30), resume=True)
    said = job.run
    assert said == job.run and all(value == str(value) and "(" not in value for value in said.values())
    assert said.items() >= {
        "format": "3", "start": "frame 2", "end": "1/5", "steps": "deblur, interpolate, upscale", "codec": "libx264",
        "encoder option crf": "30", "size": "128x96", "interpolate timing": "5/2 frames for each, 1 times as long",
    }.items()  # fmt: skip


def test_memory_and_place_may_change_on_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=12)
    with pytest.raises(KeyboardInterrupt):
        made(source, tmp_path / "out.mkv", stopping(steps()["one frame"](), 8))
    monkeypatch.chdir(tmp_path)
    settings = replace(SETTINGS, tile=48, batch=1)
    report = made(Path("in.mkv"), Path("out.mkv"), upscale("espcn-x2", scale=2, settings=settings))
    assert report.resumed == 5


def test_a_folder_of_somebody_else_is_not_touched(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=6)
    folder = tmp_path / "out.mp4.part"
    folder.mkdir()
    (folder / "mine.txt").write_text("dear")
    for content in (None, "no json", "[1]"):
        if content is not None:
            (folder / "run.json").write_text(content)
        with pytest.raises(UsageError, match=r"out\.mp4\.part is in the way, and no run that can be resumed"):
            made(source, tmp_path / "out.mp4", identity())
    assert (folder / "mine.txt").read_text() == "dear"


def test_two_runs_at_once_do_not_meet(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=12)

    def another() -> None:
        with pytest.raises(UsageError, match=r"another run is making what grows in .*out\.mkv\.part"):
            made(source, tmp_path / "out.mkv", identity())

    def meanwhile(frames: Iterable[Frame], _: Skip) -> Iterator[Frame]:
        another()  # before there is anything in the folder
        yield from frames
        another()

    made(source, tmp_path / "out.mkv", replace(identity(), work=meanwhile))
    assert len(pictures(tmp_path / "out.mkv")) == 12
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["in.mkv", "out.mkv"]


def test_a_piece_that_somebody_takes_away_is_an_error_not_a_short_film(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=12)
    target = tmp_path / "out.mkv"

    for number in (1, 2):
        index = tmp_path / "out.mkv.part" / f"{number:06}.json"
        job = prepare(source, target, (identity(),), reading=Reading(), encoding=FFV1, resume=True)
        with pytest.raises(VidrestoreError, match="was changed by somebody else"):
            restore(job, on_frame=lambda frame, index=index: frame.pts > 0.36 and index.unlink(missing_ok=True))
        assert not target.exists()
    with pytest.raises(KeyboardInterrupt):
        made(source, target, stopping(identity(), 11))

    def harming(frames: Iterable[Frame], _: Skip) -> Iterator[Frame]:
        (tmp_path / "out.mkv.part" / "000001.data").write_bytes(b"")
        return iter(frames)

    with pytest.raises(VidrestoreError, match="was changed by somebody else"):
        made(source, target, replace(identity(), work=harming))
    assert made(source, target, identity()).resumed == 0
    assert len(pictures(target)) == 12


def test_a_file_of_the_name_it_is_finished_under_is_not_touched(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=12)

    def meanwhile(frames: Iterable[Frame], _: Skip) -> Iterator[Frame]:
        for frame in frames:
            (tmp_path / "out.part.mkv").write_text("dear")
            yield frame

    with pytest.raises(KeyboardInterrupt):
        made(source, tmp_path / "out.mkv", stopping(replace(identity(), work=meanwhile), 8))
    assert (tmp_path / "out.part.mkv").read_text() == "dear"
    made(source, tmp_path / "out.mkv", replace(identity(), work=meanwhile))
    assert (tmp_path / "out.part.mkv").read_text() == "dear"


def test_what_a_user_put_there_stays(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=12)
    with pytest.raises(KeyboardInterrupt):
        made(source, tmp_path / "out.mkv", stopping(identity(), 8))
    (tmp_path / "out.mkv.part" / "mine.txt").write_text("dear")
    made(source, tmp_path / "out.mkv", identity())
    assert sorted(path.name for path in (tmp_path / "out.mkv.part").iterdir()) == ["mine.txt", "run.json"]


def test_the_blur_that_is_undone_is_compared_by_what_it_is(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=8)
    kernel = tmp_path / "psf.png"
    cv2.imwrite(str(kernel), np.array([[9, 9, 9]], np.uint8))

    def step() -> Stage:
        return deblur(Deblurring("wiener", psf=str(kernel)), settings=SETTINGS)

    with pytest.raises(KeyboardInterrupt):
        made(source, tmp_path / "out.mkv", stopping(step(), 7))
    cv2.imwrite(str(kernel), np.array([[9], [9], [9]], np.uint8))
    with pytest.raises(UsageError, match="of which deblur psf differ"):
        made(source, tmp_path / "out.mkv", step())
    kernel.unlink()
    cv2.imwrite(str(kernel := tmp_path / "the_same.png"), np.array([[9, 9, 9]], np.uint8))
    assert made(source, tmp_path / "out.mkv", step()).resumed == 5
