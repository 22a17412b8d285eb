"""Folders of pictures that are made in several runs."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.clips import make_clip
from vidrestore.base.settings import Encoding, Reading
from vidrestore.errors import UsageError
from vidrestore.restoration.job import prepare
from vidrestore.restoration.pipeline import restore
from vidrestore.restoration.report import Report
from vidrestore.restoration.stage import Stage

from .runs import FFV1, identity, made, steps, stopping


def test_the_result_may_grow_among_the_pictures_it_is_made_of(tmp_path: Path) -> None:
    folder = tmp_path / "frames"
    restore(
        prepare(
            make_clip(tmp_path / "in.mkv", frames=12), folder, (identity(),), reading=Reading(), encoding=Encoding()
        )
    )
    for target in (folder / "out.mkv", folder / "out"):
        encoding = FFV1 if target.suffix else Encoding()
        with pytest.raises(KeyboardInterrupt):
            made(folder, target, stopping(identity(), 11), encoding)
        (folder / "notes.txt").unlink(missing_ok=True)
        (folder / "notes.txt").symlink_to("nowhere")
        assert made(folder, target, identity(), encoding).resumed >= 5
        assert sum(path.is_file() for path in folder.glob("frame_*.png")) == 12


def test_pictures_that_are_there_are_not_made_again(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=12)
    stage = steps()["one frame"]()
    made(source, tmp_path / "whole", stage, Encoding(), resume=False)
    with pytest.raises(KeyboardInterrupt):
        made(source, tmp_path / "parts", stopping(stage, 8), Encoding())
    folder = tmp_path / "parts.part" / "pictures"
    there = sorted(path.name for path in folder.glob("frame_*.png"))
    assert 4 <= len(there) <= 8, "some are written beside the network"
    before = {name: (folder / name).stat().st_mtime_ns for name in there}
    report = made(source, tmp_path / "parts", stage, Encoding())
    assert report.resumed == len(there) and not folder.parent.exists()
    names = sorted(path.name for path in (tmp_path / "whole").iterdir())
    assert names == sorted(path.name for path in (tmp_path / "parts").iterdir()) and len(names) == 13
    assert all((tmp_path / "whole" / name).read_bytes() == (tmp_path / "parts" / name).read_bytes() for name in names)
    assert before == {name: (tmp_path / "parts" / name).stat().st_mtime_ns for name in there}


def test_pictures_go_into_a_folder_that_is_there(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=12)
    target = tmp_path / "out"
    target.mkdir()
    for name in ("run.json", "mine.txt", "frame_00000099.png"):
        (target / name).write_text("dear")
    (target / "frames.csv").write_text("file\nframe_00000099.png\n")  # an earlier run's

    def job(stage: Stage) -> Report:
        made = prepare(source, target, (stage,), reading=Reading(), encoding=Encoding(), overwrite=True, resume=True)
        return restore(made)

    with pytest.raises(KeyboardInterrupt):
        job(stopping(identity(), 8))
    with pytest.raises(UsageError, match="--resume goes on with the run that left it"):
        prepare(source, target, (identity(),), reading=Reading(), encoding=Encoding(), overwrite=True)
    assert job(identity()).resumed >= 4
    names = sorted(path.name for path in target.iterdir())
    assert names == [*(f"frame_{n + 1:08}.png" for n in range(12)), "frames.csv", "mine.txt", "run.json"]
    assert (target / "run.json").read_text() == "dear" and not (tmp_path / "out.part").exists()


def test_a_single_picture_is_refused(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "in.png"), np.zeros((16, 16, 3), np.uint8))
    with pytest.raises(UsageError, match="is one picture: there is nothing to resume"):
        made(tmp_path / "in.png", tmp_path / "out.png", identity(), Encoding())
