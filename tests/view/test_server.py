"""The server of the page: who may ask, what is refused, and jobs that outlive it."""

import json
import os
import shutil
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from tests.clips import make_clip
from tests.view.served import Served, served
from vidrestore.cli import app
from vidrestore.errors import UsageError
from vidrestore.view.server.offered import Offered, free_name
from vidrestore.view.server.wanted import Wanted

pytest.importorskip("starlette", reason="the extra ui is not installed")
LARGER = {"larger": 2}
LONG = 200
"""Frames that take some seconds."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with clips; beside it a file that is not offered, and in it a link to that."""
    root = tmp_path_factory.mktemp("ui")
    make_clip(root / "secret.mp4", frames=4)
    films = root / "films"
    (films / "more").mkdir(parents=True)
    make_clip(films / "in.mp4", frames=8, audio=1)
    make_clip(films / "more" / "long.mkv", frames=LONG, options={"preset": "ultrafast"})
    (films / "wrong.mp4").write_text("no video")
    (films / "notes.txt").write_text("not shown")
    (films / ".hidden.mp4").write_text("not shown")
    (films / "link.mp4").symlink_to(root / "secret.mp4")
    return films


@pytest.fixture(scope="module")
def server(folder: Path):
    with served(folder) as found:
        yield found


@pytest.mark.parametrize(
    "headers",
    [
        {"x-token": ""},
        {"x-token": "nonsense"},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"host": "evil.example"},
        {"host": "127.0.0.1"},
    ],
)
@pytest.mark.parametrize("path", ["/", "/api/files", "/api/file?path=in.mp4", "/nonsense"])
def test_others_are_refused(server: Served, path: str, headers: dict[str, str]) -> None:
    code, said = server.ask(path, headers=headers)
    assert code == 403 and "in.mp4" not in str(said)


def test_nobody_else_can_start_a_job(server: Served) -> None:
    question = {"path": "in.mp4", "wanted": LARGER}
    assert server.ask("/api/jobs", question, headers={"origin": "http://localhost:1"})[0] == 403
    assert server.ask("/api/jobs", question, headers={"x-token": ""})[0] == 403
    assert "in.mp4" not in server.jobs()


def test_it_listens_on_this_machine_alone(server: Served) -> None:
    assert server.address.startswith("http://127.0.0.1:")
    port = int(server.base.rpartition(":")[2])
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    assert [line[1] for line in lines if line[3] == "0A" and line[1].endswith(f":{port:04X}")] == [
        f"0100007F:{port:04X}"
    ]


def test_only_videos_inside_are_listed(server: Served) -> None:
    code, found = server.ask("/api/files")
    assert code == 200 and [each["name"] for each in found["entries"]] == ["more", "in.mp4", "wrong.mp4"]
    assert [each["path"] for each in server.ask("/api/files?folder=more")[1]["entries"]] == ["more/long.mkv"]


@pytest.mark.parametrize(
    "path", ["../secret.mp4", "/etc/passwd", "link.mp4", "more/../../secret.mp4", "in.mp4\0", "none"]
)
def test_paths_outside_are_refused(server: Served, path: str) -> None:
    for question in ("info", "timeline", "cuts", "command", "preview", "jobs"):
        code, said = server.ask(f"/api/{question}", {"path": path, "wanted": LARGER})
        assert code == 400 and set(said) == {"error"}, question
    code, said = server.ask("/api/metrics", {"path": "in.mp4", "reference": path})
    assert code == 400
    for question in (f"file?path={quote(path)}", f"still?path={quote(path)}", f"files?folder={quote(path)}"):
        assert server.ask(f"/api/{question}")[0] == 400
    assert not any(path == job for job in server.jobs())


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ({}, "nothing is ticked"),
        ({"smoother": "60 --codec x"}, "smoother"),
        ({"smoother": "x" * 99}, "makes no sense"),
        ({"larger": 7}, "makes no sense"),
        ({"larger": "2"}, "makes no sense"),
        ({"larger": 2, "deinterlace": "-y"}, "makes no sense"),
    ],
)
def test_only_known_words_reach_the_command(server: Served, wanted: dict, says: str) -> None:
    code, said = server.ask("/api/jobs", {"path": "in.mp4", "wanted": wanted})
    assert code == 400 and says in said["error"]


def test_questions_that_make_no_sense(server: Served) -> None:
    assert server.ask("/api/info", b"{")[0] == 400
    assert server.ask("/api/info", b'{"path": "' + b"x" * 100_000)[0] == 400
    assert server.ask("/api/jobs/none/pause", {})[0] == 400
    assert server.ask("/api/page/..%2f..%2fetc%2fpasswd")[0] in (400, 404)
    assert server.ask("/api/still?path=in.mp4&at=later")[0] == 400
    assert "is not a video" in server.ask("/api/info", {"path": "wrong.mp4"})[1]["error"]


@pytest.mark.parametrize("name", ["../up.mp4", "a.txt", ".x.mp4", "a\nb.mp4", "", "C:\\x\\y.exe", "z" * 300 + ".mp4"])
def test_what_may_be_dropped(server: Served, folder: Path, name: str) -> None:
    before = sorted(folder.parent.rglob("*"))
    code, _ = server.ask(f"/api/drop?name={quote(name)}", b"content", method="PUT")
    if name == "../up.mp4":
        assert code == 200 and (folder / "up.mp4").read_bytes() == b"content"
        (folder / "up.mp4").unlink()
    else:
        assert code == 400
    assert sorted(folder.parent.rglob("*")) == before


def test_a_dropped_file_replaces_none(server: Served, folder: Path) -> None:
    content = (folder / "in.mp4").read_bytes()
    assert server.ask("/api/drop?name=in.mp4", b"other", method="PUT") == (200, {"path": "in_2.mp4"})
    assert (folder / "in.mp4").read_bytes() == content
    (folder / "in_2.mp4").unlink()


def test_a_job_makes_the_file_of_its_command(server: Served, folder: Path) -> None:
    assert server.ask("/api/jobs", {"path": "in.mp4", "wanted": LARGER})[0] == 200
    job = server.wait("in.mp4", "done")
    assert job["command"] == "vidrestore restore in.mp4 in_restored.mp4 -s 2 --resume"
    same = ["restore", str(folder / "in.mp4"), str(folder.parent / "same.mp4"), "-s", "2", "--resume", "-q"]
    assert CliRunner().invoke(app, same).exit_code == 0
    assert (folder / "in_restored.mp4").read_bytes() == (folder.parent / "same.mp4").read_bytes()
    assert job["report"]["frames_out"] == 8
    server.ask(f"/api/jobs/{job['key']}/forget", {})
    assert server.jobs() == {} and (folder / "in_restored.mp4").exists()


def test_a_picture_is_a_job_too(server: Served, folder: Path) -> None:
    cv2.imwrite(str(folder / "still.png"), np.full((32, 48, 3), 90, np.uint8))
    server.ask("/api/jobs", {"path": "still.png", "wanted": LARGER})
    job = server.wait("still.png", "done")
    assert cv2.imread(str(folder / "still_restored.png")).shape == (64, 96, 3)
    server.ask(f"/api/jobs/{job['key']}/forget", {})
    (folder / "still.png").unlink()


def test_what_nobody_waits_for_is_stopped(server: Served) -> None:
    question = json.dumps({"path": "more/long.mkv", "wanted": LARGER}).encode()
    with socket.create_connection(("127.0.0.1", int(server.base.rpartition(":")[2]))) as line:
        head = f"POST /api/cuts HTTP/1.1\r\nHost: {server.base[7:]}\r\nx-token: {server.token}\r\n"
        line.sendall(f"{head}Content-Length: {len(question)}\r\n\r\n".encode() + question)
        assert wait_for(lambda: children(server.process.pid))
    assert wait_for(lambda: not children(server.process.pid))


def children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def wait_for(what: Callable[[], object]) -> bool:
    for _ in range(600):
        if what():
            return True
        time.sleep(0.05)
    return False


def test_pause_go_on_and_cancel(server: Served, folder: Path) -> None:
    source = "more/long.mkv"
    server.ask("/api/jobs", {"path": source, "wanted": LARGER})
    job = server.wait(source, "running", progress=True)
    assert server.ask("/api/jobs", {"path": "wrong.mp4", "wanted": LARGER})[0] == 200, "waits its turn"
    assert server.jobs()["wrong.mp4"]["state"] == "waiting"
    server.ask(f"/api/jobs/{job['key']}/pause", {})
    wrong = server.wait("wrong.mp4", "failed")
    assert "is not a video" in wrong["error"] and server.jobs()[source]["state"] == "paused"
    server.ask(f"/api/jobs/{job['key']}/go-on", {})
    server.wait(source, "running")
    server.ask(f"/api/jobs/{job['key']}/cancel", {})
    server.wait(source, "cancelled")
    for _ in range(100):
        if not list(folder.rglob("*.part*")):
            break
        server.ask("/api/jobs")
        time.sleep(0.1)
    assert not list(folder.rglob("*.part*")) and not (folder / "more" / "long_restored.mkv").exists()
    for each in server.jobs().values():
        server.ask(f"/api/jobs/{each['key']}/forget", {})


def test_jobs_outlive_the_server(folder: Path, tmp_path: Path) -> None:
    films = tmp_path / "films"
    films.mkdir()
    shutil.copy(folder / "more" / "long.mkv", films / "long.mkv")
    with served(films) as first:
        first.ask("/api/jobs", {"path": "long.mkv", "wanted": LARGER})
        first.wait("long.mkv", "running", progress=True)
    assert first.process.returncode == 128 + signal.SIGTERM
    assert not (films / "long_restored.mkv").exists()
    with served(films) as second:
        job = second.wait("long.mkv", "done")
    assert job["report"]["frames_out"] == LONG
    assert sorted(path.name for path in films.iterdir()) == [".vidrestore", "long.mkv", "long_restored.mkv"]


def test_a_list_of_jobs_that_was_edited_reaches_nothing(folder: Path, tmp_path: Path) -> None:
    films = tmp_path / "films"
    (films / ".vidrestore").mkdir(parents=True)
    job = {"key": "a", "source": "../x.mp4", "target": "../y.mp4", "wanted": LARGER, "state": "waiting"}
    (films / ".vidrestore" / "jobs.json").write_text(json.dumps([job]))
    with served(films) as server:
        assert "lies outside" in server.wait("../x.mp4", "failed")["error"]
    (films / ".vidrestore" / "jobs.json").write_text('[{"key": 3}')
    with served(films) as server:
        assert server.jobs() == {}


def test_words_of_ticks() -> None:
    assert Wanted(clean=True, deblur=True, smoother="x2", larger=4).words() == [
        "--clean",
        "--deblur",
        "-x",
        "2",
        "-s",
        "4",
    ]
    assert Wanted(smoother="59.94", deinterlace="fields", quality="small").words() == [
        *("--fps", "59.94", "--deinterlace", "fields", "--crf", "23")
    ]


def test_names_that_are_free(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").touch()
    (tmp_path / "a_2.mp4.part").mkdir()
    assert free_name(tmp_path / "a.mp4") == tmp_path / "a_3.mp4"
    assert free_name(tmp_path / "a.mp4", frozenset([tmp_path / "a_3.mp4"])) == tmp_path / "a_4.mp4"
    with pytest.raises(UsageError, match="lies outside"):
        Offered(tmp_path).path("..")


@pytest.mark.parametrize(("words", "says"), [(["none"], "no such folder"), (["--port", "1"], "Permission denied")])
def test_what_cannot_be_served(words: list[str], says: str) -> None:
    if words[0] == "--port" and os.geteuid() == 0:
        pytest.skip("root may take any port")
    done = CliRunner().invoke(app, ["ui", *words, "--no-open"])
    assert done.exit_code == 2 and says in done.stderr
