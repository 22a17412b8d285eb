"""What a kill, a power cut, a full disk or a folder that is gone leaves."""

import os
import shutil
from pathlib import Path

import pytest

from tests.clips import make_clip
from vidrestore.base.settings import Encoding, Reading
from vidrestore.errors import InputError, ResourceError, VidrestoreError
from vidrestore.restoration.job import prepare
from vidrestore.restoration.pipeline import restore

from .runs import FFV1, identity, made, pictures, stopping


def test_an_input_that_is_gone_is_named(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mp4", frames=12, audio=1)
    job = prepare(source, tmp_path / "out.mkv", (), reading=Reading(), encoding=FFV1, resume=True)
    with pytest.raises(InputError, match=r"in\.mp4 is gone"):
        restore(job, on_frame=lambda _: source.unlink(missing_ok=True))


@pytest.mark.parametrize("name", ["out.mkv", "out"])
def test_an_output_folder_that_is_gone_is_one_line(name: str, tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mp4", frames=12)
    part = tmp_path / f"{name}.part"
    encoding = FFV1 if name == "out.mkv" else Encoding()
    job = prepare(source, tmp_path / name, (), reading=Reading(), encoding=encoding, resume=True)
    with pytest.raises(VidrestoreError, match=r"out(\.mkv)?\.part") as raised:
        restore(job, on_frame=lambda _: shutil.rmtree(part, ignore_errors=True))
    assert raised.value.exit_code == 1  # neither memory nor the disk ran out
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]


@pytest.mark.parametrize("harm", ["cut", "gone", "words", "empty", "more"])
def test_a_piece_that_a_power_cut_harmed_is_made_again(harm: str, tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=18)
    made(source, tmp_path / "whole.mkv", identity(), resume=False)
    with pytest.raises(KeyboardInterrupt):
        made(source, tmp_path / "out.mkv", stopping(identity(), 17))
    data, index = (tmp_path / "out.mkv.part" / f"000002.{kind}" for kind in ("data", "json"))
    if harm == "cut":
        data.write_bytes(data.read_bytes()[:-1])
    elif harm == "gone":
        data.unlink()
    elif harm == "more":
        data.write_bytes(data.read_bytes() + b"x")
    else:
        index.write_text({"words": '{"frames": 3}', "empty": ""}[harm])
    assert made(source, tmp_path / "out.mkv", identity()).resumed == 5
    assert pictures(tmp_path / "out.mkv") == pictures(tmp_path / "whole.mkv")
    assert not (tmp_path / "out.mkv.part").exists()


def test_what_was_under_way_when_a_run_was_killed_is_made_again(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=12)
    with pytest.raises(KeyboardInterrupt):
        made(source, tmp_path / "out.mkv", stopping(identity(), 8))
    (tmp_path / "out.mkv.part" / "000002.data").write_bytes(b"half a picture")
    (tmp_path / "out.mkv.part" / "000003.json").write_text("{}")
    made(source, tmp_path / "whole.mkv", identity(), resume=False)
    assert made(source, tmp_path / "out.mkv", identity()).resumed == 5
    assert pictures(tmp_path / "out.mkv") == pictures(tmp_path / "whole.mkv")
    assert not (tmp_path / "out.mkv.part").exists()


def test_a_folder_that_a_run_was_killed_in_at_once_is_no_hindrance(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=12)
    for content in (None, "", '{"input": "another'):
        folder = tmp_path / "out.mkv.part"
        folder.mkdir()
        if content is not None:
            (folder / "run.json").write_text(content)
        assert made(source, tmp_path / "out.mkv", identity()).resumed == 0
        assert not folder.exists()
        (tmp_path / "out.mkv").unlink()


def test_what_a_killed_run_left_half_written_goes(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=12)
    for target, folder, stray in (
        (tmp_path / "out.mkv", tmp_path / "out.mkv.part", "000002.part.json"),
        (tmp_path / "out", tmp_path / "out.part" / "pictures", "frame_00000099.part.png"),
    ):
        encoding = FFV1 if target.suffix else Encoding()
        with pytest.raises(KeyboardInterrupt):
            made(source, target, stopping(identity(), 11), encoding)
        (folder / stray).write_bytes(b"half")
        made(source, target, identity(), encoding)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["in.mkv", target.name]
        if target.is_dir():
            assert len(list(target.glob("*.png"))) == 12
            shutil.rmtree(target)
        else:
            target.unlink()


def test_a_full_disk_leaves_nothing_that_hinders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=12)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(ResourceError, match="the disk is full"):
            made(source, tmp_path / "out.mkv", identity())
    assert [path.name for path in tmp_path.iterdir()] == ["in.mkv"]
    with pytest.raises(KeyboardInterrupt):
        made(source, tmp_path / "out.mkv", stopping(identity(), 8))
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(ResourceError, match="the disk is full"):
            made(source, tmp_path / "out.mkv", identity())
    assert made(source, tmp_path / "out.mkv", identity()).resumed == 5
