"""Results appear whole or not at all: at the end of a run, at every step of it, and beside other runs."""

import ctypes
import json
import os
import shutil
from pathlib import Path

import pytest

from vidrestore.base import files
from vidrestore.base.files import new_part, put_in_place, write_whole
from vidrestore.base.settings import Encoding, Picking, Pictures, Reading
from vidrestore.errors import UsageError, VidrestoreError
from vidrestore.restoration.extraction.extract import extract
from vidrestore.restoration.extraction.job import prepare as prepare_extract
from vidrestore.restoration.job import prepare
from vidrestore.restoration.pipeline import restore
from vidrestore.video.facts.probe import probe
from vidrestore.video.reader import Reader
from vidrestore.video.resume import exchange, swap, unfinished
from vidrestore.video.writer import Writer, plan

from ..clips import make_clip

FAST = Encoding(codec="ffv1")


def tree(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_a_name_to_grow_under_is_nobody_elses(tmp_path: Path) -> None:
    (tmp_path / "out.part.mp4").symlink_to("nowhere")
    names = [new_part(tmp_path / "out.mp4").name for _ in range(2)]
    assert names == ["out.part2.mp4", "out.part3.mp4"]
    assert not (tmp_path / "nowhere").exists()


@pytest.fixture(params=["as it is", "no renameat2", "no links either"])
def system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(1, "Operation not permitted")

    if request.param != "as it is":
        monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: object())
    if request.param == "no links either":
        monkeypatch.setattr(os, "link", refuse)


@pytest.mark.usefixtures("system")
def test_what_has_the_name_is_replaced_only_where_that_is_asked_for(tmp_path: Path) -> None:
    part, path, link = tmp_path / "part", tmp_path / "out", tmp_path / "link"
    link.symlink_to("nowhere")
    for name in (path, link):
        part.write_text("new")
        if name is path:
            put_in_place(part, name, overwrite=False)
            assert tree(tmp_path) == {"out": "new"}
            part.write_text("newer")
        with pytest.raises(UsageError, match="has come while this run was at work; use -y"):
            put_in_place(part, name, overwrite=False)
        assert part.exists()
        put_in_place(part, name, overwrite=True)
    assert tree(tmp_path) == {"out": "newer", "link": "new"}
    folder = tmp_path / "folder"
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    put_in_place(tmp_path / "a", folder, overwrite=False)
    with pytest.raises(UsageError, match="has come while"):
        put_in_place(tmp_path / "b", folder, overwrite=False)
    assert tree(folder) == {"file": "a"}


def test_a_small_file_is_not_written_over_one_that_came(tmp_path: Path) -> None:
    write_whole(tmp_path / "a.csv", b"one", overwrite=False)
    with pytest.raises(UsageError):
        write_whole(tmp_path / "a.csv", b"two", overwrite=False)
    assert tree(tmp_path) == {"a.csv": "one"}
    write_whole(tmp_path / "a.csv", b"two", overwrite=True)
    assert tree(tmp_path) == {"a.csv": "two"}


@pytest.mark.parametrize("overwrite", [False, True])
def test_two_runs_at_once_to_one_output_do_not_meet(tmp_path: Path, overwrite: bool) -> None:
    info = probe(make_clip(tmp_path / "in.mp4", frames=6))
    target = plan(
        info,
        tmp_path / "out.mkv",
        FAST,
        overwrite=overwrite,
    )
    one, other = Writer(target, info), Writer(target, info)
    with one:
        for frame in Reader(info):
            one.write(frame)
            if frame.pts == 0:
                other.__enter__()
            other.write(frame)
    first = (tmp_path / "out.mkv").read_bytes()
    if overwrite:
        other.__exit__(None, None, None)
    else:
        with pytest.raises(UsageError, match=r"out\.mkv has come while"):
            other.__exit__(None, None, None)
    assert (tmp_path / "out.mkv").read_bytes() == first, "and both were the same"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.mp4", "out.mkv"]


@pytest.mark.parametrize("resume", [False, True])
@pytest.mark.parametrize("name", ["out.mkv", "out.png", "out"])
def test_what_comes_during_a_run_stays(tmp_path: Path, name: str, resume: bool) -> None:
    source, out = make_clip(tmp_path / "in.mp4", frames=1 if name == "out.png" else 4), tmp_path / name

    def come(_: object) -> None:
        if name == "out":
            out.mkdir(exist_ok=True)
            (out / "mine.txt").write_text("dear")
        else:
            out.write_text("dear")

    if resume and name == "out.png":
        pytest.skip("nothing to resume")
    encoding = FAST if out.suffix == ".mkv" else Encoding()
    job = prepare(source, out, (), reading=Reading(), encoding=encoding, resume=resume)
    with pytest.raises(UsageError, match="has come while this run was at work"):
        restore(job, on_frame=come)
    assert (out / "mine.txt" if name == "out" else out).read_text() == "dear"
    left = {path.name for path in tmp_path.iterdir()} - {f"{name}.part"}
    assert left == {"in.mp4", name} and (resume or not (tmp_path / f"{name}.part").exists())


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """A folder that grows, and the one whose content it is to become."""
    part, folder = tmp_path / "out.part", tmp_path / "out"
    new = {"frame_1": "new", "list": "new", "scene_1/frame_1": "new", "scene_3/frame_1": "new"}
    old = {"frame_1": "old", "frame_2": "old", "list": "old", "scene_1/frame_1": "old", "scene_2/frame_1": "old"}
    for root, contents in ((part / swap.NEW, new), (folder, old | {"mine": "dear", "scene_1/mine": "dear"})):
        for name, content in contents.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(content)
    return part, folder


AFTER = {
    "frame_1": "new",
    "list": "new",
    "mine": "dear",
    "scene_1/frame_1": "new",
    "scene_1/mine": "dear",
    "scene_3/frame_1": "new",
}
OUTDATED = ("frame_2", "scene_2/frame_1")


def stop_before(monkeypatch: pytest.MonkeyPatch, at: int, error: BaseException) -> None:
    """The step of this number, from 0, is not made."""
    count, real = 0, {name: getattr(Path, name) for name in ("rename", "replace")}

    def step(name: str, path: Path, to: Path) -> Path:
        nonlocal count
        count += to.name != swap.MOVES
        if count == at + 1 and to.name != swap.MOVES:
            count += 1
            raise error
        return real[name](path, to)

    monkeypatch.setattr(Path, "rename", lambda path, to: step("rename", path, to))
    monkeypatch.setattr(Path, "replace", lambda path, to: step("replace", path, to))


STEPS = 9
"""Five move out of the way, four move in."""


@pytest.mark.parametrize("at", range(STEPS))
def test_a_run_killed_at_any_step_is_finished_by_the_next(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    part, folder = folders

    class Killed(BaseException):
        pass

    def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patched, pytest.raises(Killed):
        stop_before(patched, at, Killed())
        patched.setattr(swap, "_move_back", killed)
        swap.swap_in(part, folder, outdated=OUTDATED, overwrite=True, shared=False)
    assert swap.is_pending(part)
    (part / unfinished.RUN).write_text('{"resume": "no"}')
    with unfinished.claim(folder, unfinished.NOT_KEPT):
        assert tree(folder) == AFTER
    assert tree(folder) == AFTER and not (folder / "scene_2").exists() and not part.exists()


def test_half_a_swap_is_no_strangers_folder(tmp_path: Path) -> None:
    """Its list of pictures comes last; the same command goes on all the same."""
    source, out = make_clip(tmp_path / "in.mp4", frames=4), tmp_path / "out"
    how = {"reading": Reading(), "picking": Picking(), "pictures": Pictures()}
    extract(prepare_extract(source, out, **how))
    part, whole = tmp_path / "out.part", {path.name for path in out.iterdir()}
    (part / swap.NEW).mkdir(parents=True)
    for name in ("frame_00000004.png", "frames.csv"):
        (out / name).rename(part / swap.NEW / name)
    (part / unfinished.RUN).write_text('{"resume": "no"}')
    (part / swap.MOVES).write_text(json.dumps({"leaving": [], "arriving": sorted(whole)}))
    with pytest.raises(UsageError, match="a part of what a killed run was putting there"):
        prepare_extract(source, out, **how)
    extract(prepare_extract(source, out, **how, overwrite=True))
    assert {path.name for path in out.iterdir()} == whole and not part.exists()


@pytest.mark.parametrize("at", range(STEPS + 1))
def test_a_step_that_fails_leaves_everything_as_it_was(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    part, folder = folders
    before = tree(folder), tree(part)
    stop_before(monkeypatch, at, OSError(5, "Input/output error"))
    if at == STEPS:
        swap.swap_in(part, folder, outdated=OUTDATED, overwrite=True, shared=False)
        assert tree(folder) == AFTER
    else:
        with pytest.raises(OSError, match="Input/output"):
            swap.swap_in(part, folder, outdated=OUTDATED, overwrite=True, shared=False)
        assert (tree(folder), tree(part)) == before


@pytest.mark.parametrize(
    "what", ["ours alone", "empty", "a stranger's file", "a stranger's folder", "another mode", "worked in", "a mount"]
)
def test_a_folder_of_ours_alone_is_exchanged_in_one_step(
    what: str, folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    part, folder = folders
    (folder / "mine").unlink()
    (folder / "scene_1" / "mine").unlink()
    link = folder.with_name("link")
    link.symlink_to(folder)
    if what == "empty":
        shutil.rmtree(folder)
        folder.mkdir()
    elif what == "a stranger's file":
        (folder / "mine").write_text("dear")
    elif what == "a stranger's folder":
        (folder / "their").mkdir()
    elif what == "another mode":
        folder.chmod(0o700)
    elif what == "worked in":
        monkeypatch.chdir(folder)
    elif what == "a mount":
        monkeypatch.setattr(exchange, "exchange", lambda *_: False)
    before = folder.stat()
    outdated = () if what == "empty" else OUTDATED
    swap.swap_in(part, link, outdated=outdated, overwrite=True, shared=False)
    after = folder.stat()
    assert (before.st_ino == after.st_ino) == (what not in ("ours alone", "empty"))
    assert before.st_mode == after.st_mode and link.is_symlink()
    mine = {"mine": "dear"} if what == "a stranger's file" else {}
    assert tree(folder) == {name: "new" for name, content in AFTER.items() if content == "new"} | mine
    assert (folder / "their").is_dir() == (what == "a stranger's folder") and not list(part.iterdir())


def test_what_comes_to_a_folder_while_it_is_exchanged_stays(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    part, folder = folders
    (folder / "mine").unlink()
    (folder / "scene_1" / "mine").unlink()

    def at_last(path: Path, other: Path) -> bool:
        (other / "their").mkdir()
        (other / "their" / "file").write_text("dear")
        return files.exchange(path, other)

    monkeypatch.setattr(exchange, "exchange", at_last)
    swap.swap_in(part, folder, outdated=OUTDATED, overwrite=True, shared=False)
    assert (folder / "their" / "file").read_text() == "dear" and (folder / "frame_1").read_text() == "new"


def test_an_old_result_is_not_gone_on_with_where_a_run_is_killed_as_it_is_exchanged(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    part, folder = folders
    (folder / "mine").unlink()
    (folder / "scene_1" / "mine").unlink()

    class Killed(BaseException):
        pass

    def killed(path: Path, other: Path) -> bool:
        files.exchange(path, other)
        raise Killed

    monkeypatch.setattr(exchange, "exchange", killed)
    with pytest.raises(Killed):
        swap.swap_in(part, folder, outdated=OUTDATED, overwrite=True, shared=False)
    assert (folder / "frame_1").read_text() == "new" and not (part / swap.NEW).exists()


def test_a_folder_in_the_way_of_a_file_is_not_touched(folders: tuple[Path, Path]) -> None:
    part, folder = folders
    (folder / "list").unlink()
    (folder / "list").mkdir()
    (folder / "list" / "mine").write_text("dear")
    before = tree(folder)
    with pytest.raises(VidrestoreError, match="list is a folder where a file must go"):
        swap.swap_in(part, folder, outdated=OUTDATED, overwrite=True, shared=False)
    assert tree(folder) == before


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "[" * 100_000, '{"leaving": ["../a"], "arriving": []}', '{"leaving": 3, "arriving": []}'),
        '{"leaving": [], "arriving": [], "more": 1}',
    ],
    ids=len,
)
def test_a_list_of_moves_is_not_trusted(folders: tuple[Path, Path], text: str) -> None:
    part, folder = folders
    before = tree(folder)
    (part / unfinished.RUN).write_text('{"resume": "no"}')
    (part / swap.MOVES).write_text(text)
    with (
        pytest.raises(UsageError, match=r"moves\.json is damaged"),
        unfinished.claim(folder, unfinished.NOT_KEPT),
    ):
        pass
    assert tree(folder) == before and (part / swap.NEW / "frame_1").exists()


def test_what_a_killed_run_left_is_no_hindrance(tmp_path: Path) -> None:
    source, out = make_clip(tmp_path / "in.mp4", frames=4), tmp_path / "out"
    part = tmp_path / "out.part"
    (part / swap.NEW).mkdir(parents=True)
    (part / swap.NEW / "frame_00000099.png").write_text("half")
    (part / unfinished.RUN).write_text('{"resume": "no"}')
    (part / "moves.part.json").write_text("{")
    picking, pictures = Picking(), Pictures()
    extract(prepare_extract(source, out, reading=Reading(), picking=picking, pictures=pictures))
    assert len(list(out.iterdir())) == 5 and not part.exists()


@pytest.mark.parametrize(("width", "tree"), [(112, "0"), (128, None)])
def test_a_narrow_clip_is_encoded_without_what_differs_from_run_to_run(
    tmp_path: Path, width: int, tree: str | None
) -> None:
    """A few of 100 files of 48x240, 64x48, 96x64 and 112x240 were others, none from 128 on."""
    source = make_clip(tmp_path / "in.mp4", frames=2, size=(width, 64))
    target = prepare(source, tmp_path / "out.mp4", (), reading=Reading(), encoding=Encoding()).target
    assert target.options.get("mbtree") == tree


def test_the_same_run_makes_the_same_bytes(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mp4", frames=6, audio=1)
    for suffix in (".mkv", ".webm", ".mp4", ".avi"):
        made = []
        for number in range(2):
            encoding = Encoding(codec="libvpx-vp9") if suffix == ".webm" else Encoding()
            out = tmp_path / f"out{number}{suffix}"
            restore(prepare(source, out, (), reading=Reading(), encoding=encoding))
            made.append(out.read_bytes())
        assert made[0] == made[1], suffix
