"""A run goes on with what the same run has left, and with nothing else."""

import os
from collections.abc import Iterator
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
from vidrestore.restoration import stages
from vidrestore.restoration.job import Stage, prepare
from vidrestore.restoration.pipeline import restore
from vidrestore.restoration.skip import NOTHING

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
    with pytest.raises(UsageError, match=r"out\.mp4\.part holds an interrupted run, of which encoding differ"):
        made(source, target, stage, Encoding(crf=30))
    with pytest.raises(UsageError, match="of which steps differ"):
        made(source, target, stages.upscale("espcn-x2", scale=2, settings=Settings(precision="bf16")), Encoding())
    with pytest.raises(UsageError, match="of which steps and encoding differ"):
        made(source, target, stages.upscale("espcn-x3", scale=3, settings=SETTINGS), Encoding())
    with pytest.raises(UsageError, match="of which part differ"):
        prepare(source, target, (stage,), reading=Reading(start=Fraction(1, 5)), encoding=Encoding(), resume=True)
    os.utime(source, (1, 1))
    with pytest.raises(UsageError, match="of which input differ"):
        made(source, target, stage, Encoding())
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == kept, "it is the user's to remove"


def test_memory_and_place_may_change_on_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=12)
    with pytest.raises(KeyboardInterrupt):
        made(source, tmp_path / "out.mkv", stopping(steps()["one frame"](), 8))
    monkeypatch.chdir(tmp_path)
    settings = replace(SETTINGS, tile=48, batch=1)
    report = made(Path("in.mkv"), Path("out.mkv"), stages.upscale("espcn-x2", scale=2, settings=settings))
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

    def meanwhile(ran, skip=NOTHING):
        another()  # before there is anything in the folder

        def frames_of(frames: Iterator[Frame]) -> Iterator[Frame]:
            yield from frames
            another()

        return frames_of

    made(source, tmp_path / "out.mkv", replace(identity(), start=meanwhile))
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

    def harming(ran, skip=NOTHING):
        (tmp_path / "out.mkv.part" / "000001.data").write_bytes(b"")
        return lambda frames: frames

    with pytest.raises(VidrestoreError, match="was changed by somebody else"):
        made(source, target, replace(identity(), start=harming))
    assert made(source, target, identity()).resumed == 0
    assert len(pictures(target)) == 12


def test_a_file_of_the_name_it_is_finished_under_is_not_touched(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=12)

    def meanwhile(ran, skip=NOTHING):
        def frames_of(frames: Iterator[Frame]) -> Iterator[Frame]:
            for frame in frames:
                (tmp_path / "out.part.mkv").write_text("dear")
                yield frame

        return frames_of

    with pytest.raises(KeyboardInterrupt):
        made(source, tmp_path / "out.mkv", stopping(replace(identity(), start=meanwhile), 8))
    assert (tmp_path / "out.part.mkv").read_text() == "dear"
    made(source, tmp_path / "out.mkv", replace(identity(), start=meanwhile))
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
        return stages.deblur(Deblurring("wiener", psf=str(kernel)), settings=SETTINGS)

    with pytest.raises(KeyboardInterrupt):
        made(source, tmp_path / "out.mkv", stopping(step(), 7))
    cv2.imwrite(str(kernel), np.array([[9], [9], [9]], np.uint8))
    with pytest.raises(UsageError, match="of which steps differ"):
        made(source, tmp_path / "out.mkv", step())
    kernel.unlink()
    cv2.imwrite(str(kernel := tmp_path / "the_same.png"), np.array([[9, 9, 9]], np.uint8))
    assert made(source, tmp_path / "out.mkv", step()).resumed == 5
