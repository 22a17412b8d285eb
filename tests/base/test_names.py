"""Names of outputs: what is no file is never replaced by one, and nothing goes that no list of ours names."""

import json
import os
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from typer.testing import CliRunner

from vidrestore.base.files import write_whole
from vidrestore.base.names import check_distinct, check_name
from vidrestore.cli import app
from vidrestore.errors import ResourceError, UsageError
from vidrestore.video.pictures.earlier import earlier

from ..clips import make_clip

DEBLUR = ("-m", "wiener", "--psf", "disk:2", "-q")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("clip") / "in.mkv", frames=4)


def run(*words: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result.exit_code, result.output


def refused(*words: object, says: str) -> None:
    code, said = run(*words)
    assert (code, says in said) == (2, True), said


def special(path: Path, kind: str) -> Path:
    if kind == "FIFO":
        os.mkfifo(path)
    elif kind == "socket":
        short = Path(f"/tmp/{os.getpid()}.socket")  # a socket's name is short
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(str(short))
        short.rename(path)
    else:
        try:
            os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 3))
        except PermissionError:
            pytest.skip("only root makes devices")
    return path


@pytest.mark.parametrize("kind", ["FIFO", "socket", "device"])
def test_nothing_special_is_replaced(kind: str, clip: Path, tmp_path: Path) -> None:
    video, picture, table = (special(tmp_path / name, kind) for name in ("o.mkv", "o.png", "o"))
    before = [path.lstat() for path in (video, picture, table)]
    says = f"is a {kind}, and not replaced by a file"
    refused("deblur", clip, video, *DEBLUR, "-y", says=says)
    refused("deblur", clip, table, *DEBLUR, "-y", says=says)
    refused("extract-frames", clip, table, "-y", says=says)
    refused("split-scenes", clip, table, "-y", says=says)
    refused("metrics", clip, clip, "--plot", picture, "-y", says=says)
    refused("metrics", clip, clip, "--diff", table, "-y", says=says)
    if kind == "socket":
        refused("metrics", clip, clip, "--csv", table, "-y", says=says)
    assert [path.lstat() for path in (video, picture, table)] == before


@pytest.mark.parametrize("name", ["/dev/null", "/dev/stdout", "/dev/full"])
def test_a_device_is_no_output_but_for_text(name: str, clip: Path) -> None:
    refused("deblur", clip, name, *DEBLUR, "-y", says="is a device")
    refused("split-scenes", clip, name, "-y", says="is a device")
    check_name(Path(name), text=True)


def test_text_goes_to_a_fifo(clip: Path, tmp_path: Path) -> None:
    fifo = special(tmp_path / "scores.csv", "FIFO")
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(fifo.read_text()), daemon=True)
    reader.start()
    assert run("metrics", clip, clip, "--csv", fifo, "-q")[0] == 0
    reader.join(10)
    assert read and len(read[0].splitlines()) == 5
    assert fifo.is_fifo()


def test_text_goes_to_standard_output(clip: Path, tmp_path: Path) -> None:
    words = (sys.executable, "-m", "vidrestore", "metrics", clip, clip, "--csv", "/dev/stdout", "-q")
    with (tmp_path / "out.csv").open("wb") as file:
        subprocess.run(words, stdout=file, check=True)
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 5
    assert Path("/dev/stdout").is_symlink()
    assert not list(Path("/dev").glob("stdout.part*"))


def test_a_full_device_is_said() -> None:
    with pytest.raises(ResourceError, match="/dev/full: the disk is full"):
        write_whole(Path("/dev/full"), b"text", overwrite=True)


@pytest.mark.parametrize("name", ["o.mkv", "o.png", "o"])
def test_a_link_to_nothing_is_something(name: str, clip: Path, tmp_path: Path) -> None:
    link, elsewhere = tmp_path / name, tmp_path / "elsewhere"
    link.symlink_to(elsewhere)
    picture = tmp_path / "in.png"
    assert run("extract-frames", clip, tmp_path / "frames")[0] == 0
    (tmp_path / "frames" / "frame_00000001.png").rename(picture)
    source = picture if name == "o.png" else clip
    code, said = run("deblur", source, link, *DEBLUR)
    assert code == 2 and ("exists" in said or "is a file" in said)
    refused("metrics", clip, clip, "--csv", link, says="exists")
    assert link.is_symlink() and not elsewhere.exists()


def test_nothing_is_written_through_a_link_at_a_temporary_name(clip: Path, tmp_path: Path) -> None:
    for name in ("o.part.mkv", "s.part.csv"):
        (tmp_path / name).symlink_to(tmp_path / "elsewhere")
    assert run("deblur", clip, tmp_path / "o.mkv", *DEBLUR)[0] == 0
    assert run("metrics", clip, clip, "--csv", tmp_path / "s.csv", "-q")[0] == 0
    assert not (tmp_path / "elsewhere").exists()
    assert (tmp_path / "o.mkv").is_file() and (tmp_path / "s.csv").is_file()


@pytest.mark.parametrize("word", ["-", "pipe:1", "pipe:", ""])
def test_words_for_streams_and_no_word_are_refused(
    word: str, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "frame_00000001.png").write_bytes(b"mine")
    (tmp_path / "frames.csv").write_text("file,pts,duration\nframe_00000001.png,0,1\n")
    for words in (
        ("extract-frames", clip, word, "-y"),
        ("deblur", clip, word, *DEBLUR, "-y"),
        ("split-scenes", clip, word, "-y"),
        ("metrics", clip, clip, "--csv", word, "-y"),
        ("metrics", clip, clip, "--diff", word, "-y"),
        ("train", "espcn-x2", "--data", clip.parent, "--out", word),
    ):
        code, said = run(*words)
        assert code == 2, said
    refused("metrics", clip, clip, "--csv=", "-y", says="empty word")
    refused("info", "", says="empty word")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["frame_00000001.png", "frames.csv"]


def test_pictures_are_not_poured_into_the_root(clip: Path) -> None:
    refused("extract-frames", clip, "/", "-y", says="root of all folders")


def test_only_what_a_list_of_ours_names_is_removed(clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run("extract-frames", clip, out)[0] == 0
    for name in ("notes.txt", "scene_001.txt"):
        (out / name).write_text("mine")
    (out / "scene_007").mkdir()
    (out / "scene_007" / "notes.txt").write_text("mine")
    refused("extract-frames", clip, out, says="4 pictures of an earlier run are replaced; 3 other files stay")
    code, said = run("extract-frames", clip, out, "-y", "--every", "2", "--json", "-q")
    assert code == 0
    assert "4 pictures of an earlier run are replaced; 3 other files stay" in json.loads(said)["warnings"][0]
    found = sorted(path.name for path in out.iterdir())
    assert found == [
        "frame_00000001.png",
        "frame_00000002.png",
        "frames.csv",
        "notes.txt",
        "scene_001.txt",
        "scene_007",
    ]
    assert (out / "scene_007" / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("name", ["frame_00000001.png", "frame_00000099.png", "holiday.JPG", "frames.csv"])
def test_pictures_of_others_are_neither_removed_nor_mixed(name: str, clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / name).write_bytes(b"mine")
    for command in ("extract-frames", "deblur"):
        options = DEBLUR if command == "deblur" else ()
        refused(command, clip, out, "-y", *options, says="no list of an earlier run names")
    assert [path.read_bytes() for path in out.iterdir()] == [b"mine"]


def test_a_list_names_nothing_outside_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "frame_00000001.png").write_bytes(b"mine")
    (folder / "mine.png").write_bytes(b"mine")
    names = ("../frame_00000001.png", "mine.png", str(tmp_path / "frame_00000001.png"), "frame_00000002.png")
    (folder / "frames.csv").write_text("\n".join(("file,pts,duration", *(f"{name},0,1" for name in names))))
    assert list(earlier(folder)) == ["frames.csv"]


def test_two_outputs_have_two_names(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    says = "is named for two outputs"
    refused("split-scenes", clip, "o", "--csv", "s.csv", "--stats", "./s.csv", says=says)
    refused("split-scenes", clip, "o", "--csv", "o", says=says)
    refused("metrics", clip, clip, "--csv", "s.x", "--report", tmp_path / "s.x", says=says)
    (tmp_path / "link").symlink_to("there")
    (tmp_path / "there").write_text("")
    refused("metrics", clip, clip, "--csv", "link", "--report", "there", "-y", says=says)
    check_distinct([Path("/dev/null"), Path("/dev/null")])
    with pytest.raises(UsageError):
        check_distinct([Path("a"), Path("b/../a")])
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize("name", ["s.csv", "s", ".", "s.PNG.txt"])
def test_a_plot_is_a_png_in_every_command(
    name: str, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    refused("split-scenes", clip, "o", "--plot", name, says="would be a PNG")
    refused("metrics", clip, clip, "--plot", name, says="would be a PNG")


def test_a_folder_is_no_file(clip: Path, tmp_path: Path) -> None:
    refused("metrics", clip, clip, "--csv", tmp_path, "-y", says="is a folder; name a file")
    refused("split-scenes", clip, "--list-only", "--csv", tmp_path, "-y", says="is a folder; name a file")
    (tmp_path / "file").write_text("")
    refused("metrics", clip, clip, "--diff", tmp_path / "file", "-y", says="is a file; name a folder")
