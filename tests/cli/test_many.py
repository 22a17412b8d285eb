"""Many files by one command: --output-dir, --recursive and --name, on real clips."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from tests.clips import make_clip
from vidrestore.cli import app
from vidrestore.cli.many import run as many

QUICK = ("-m", "espcn", "--engine", "torch")
FRAMES = 5


def invoke(*words: object):
    return CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "200"})


def told(*words: object, code: int = 0) -> dict[str, Any]:
    """What --json gives."""
    result = invoke(*words, "--json")
    assert result.exit_code == code, result.output
    found = json.loads(result.stdout)
    assert isinstance(found, dict)
    return found


def statuses(answer: dict[str, Any]) -> list[tuple[str, str, int]]:
    return [(Path(each["input"]).name, each["status"], each["exit_code"]) for each in answer["files"]]


def refused(folder: Path, *words: object, says: str, code: int = 2) -> None:
    """Refused in one line before anything is done."""
    before = sorted(folder.rglob("*"))
    result = invoke(*words)
    lines = result.stderr.strip().splitlines()
    assert (result.exit_code, len(lines), result.stdout) == (code, 1, ""), result.output
    assert says in lines[0]
    assert sorted(folder.rglob("*")) == before


@pytest.fixture
def films(tmp_path: Path) -> Path:
    """A folder of two videos, with one in a folder of its own, and what else lies about there."""
    folder = tmp_path / "films"
    (folder / "old").mkdir(parents=True)
    (folder / ".hidden").mkdir()
    make_clip(folder / "a.mp4", frames=FRAMES, audio=1)
    make_clip(folder / "b.MKV", frames=FRAMES + 1)
    make_clip(folder / "old" / "c.mkv", frames=FRAMES + 2)
    make_clip(folder / ".hidden" / "d.mkv", frames=1)
    make_clip(folder / ".e.mkv", frames=1)
    cv2.imwrite(str(folder / "poster.png"), np.zeros((20, 30, 3), np.uint8))
    (folder / "a.srt").write_text("words")
    return folder


COMMANDS = {
    "upscale": ("x2", QUICK),
    "interpolate": ("fps_x2", ("--quality", "fast")),
    "clean": ("clean", ()),
    "deblur": ("deblurred", ("-m", "wiener", "--psf", "gaussian:1")),
    "restore": ("restored", ("--scale", "2", *QUICK)),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_restoring_command_makes_of_each_what_it_makes_of_one(command: str, films: Path, tmp_path: Path) -> None:
    ending, options = COMMANDS[command]
    out = tmp_path / "new" / "out"
    answer = told(command, films / "a.mp4", films / "b.MKV", films / "old" / "c.mkv", "--output-dir", out, *options)
    assert statuses(answer) == [("a.mp4", "done", 0), ("b.MKV", "done", 0), ("c.mkv", "done", 0)]
    assert (answer["failed"], answer["passed_over"]) == (0, [])
    assert [each["frames_in"] for each in answer["files"]] == [FRAMES, FRAMES + 1, FRAMES + 2]
    alone = tmp_path / "alone.mp4"
    report = told(command, films / "a.mp4", alone, *options)
    assert set(report) < set(answer["files"][0])
    assert (out / f"a_{ending}.mp4").read_bytes() == alone.read_bytes()
    names = {f"a_{ending}.mp4", f"b_{ending}.MKV", f"c_{ending}.mkv", ".vidrestore"}
    assert {path.name for path in out.iterdir()} == names


def test_a_folder_of_videos(films: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = invoke("upscale", films, "--output-dir", out, *QUICK)
    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    assert f"note: {films}: passed over, since their names are no video's: a.srt, poster.png\n" in result.stderr
    assert f"file 1 of 2: {films / 'a.mp4'}\n" in result.stderr
    assert re.search(r"b\.MKV +done +6 +\d+\.\d +b_x2\.MKV", result.stderr)
    assert result.stderr.endswith("2 done\n")
    assert invoke("upscale", films, "--output-dir", tmp_path / "quiet", *QUICK, "-q").output == ""
    deep = told("upscale", films, "--recursive", "--output-dir", out, "--name", "{name}-{ending}.mkv", *QUICK)
    outputs = [str(Path(each["output"]).relative_to(out)) for each in deep["files"]]
    assert outputs == ["a-x2.mkv", "b-x2.mkv", "old/c-x2.mkv"]
    assert deep["passed_over"] == [str(films / "a.srt"), str(films / "poster.png")]


def test_results_in_the_folder_of_videos_are_no_inputs(films: Path) -> None:
    words = ("upscale", films, "--recursive", "--output-dir", films / "out", *QUICK)
    assert statuses(told(*words)) == [("a.mp4", "done", 0), ("b.MKV", "done", 0), ("c.mkv", "done", 0)]
    assert statuses(told(*words)) == [(name, "done before", 0) for name in ("a.mp4", "b.MKV", "c.mkv")]
    refused(films, "upscale", films, "--output-dir", films, *QUICK, says="is an input, and the next run would take")


def test_a_folder_of_pictures_stays_pictures_one_after_the_other(tmp_path: Path) -> None:
    for name in ("first.v1", "second"):
        assert invoke("extract-frames", make_clip(tmp_path / "in.mkv", frames=3), tmp_path / name).exit_code == 0
    out, words = tmp_path / "out", ("upscale", tmp_path / "first.v1", tmp_path / "second", "--output-dir")
    answer = told(*words, out, *QUICK)
    assert [each["frames_out"] for each in answer["files"]] == [3, 3]
    assert len(list((out / "first_v1_x2").glob("*.png"))) == len(list((out / "second_x2").glob("*.png"))) == 3
    assert [status for _, status, _ in statuses(told(*words, out, *QUICK))] == ["done before"] * 2
    next((out / "second_x2").glob("*.png")).unlink()
    assert [status for _, status, _ in statuses(told(*words, out, *QUICK, code=2))] == ["done before", "failed"]
    answer = told(*words, out, "--name", "{name}.mp4", *QUICK)
    assert answer["files"][1]["output"] == str(out / "second.mp4")
    pictures = sorted((tmp_path / "second").glob("*.png"))
    answer = told("upscale", *pictures, "--output-dir", tmp_path / "one_by_one", *QUICK)
    assert [each["frames_out"] for each in answer["files"]] == [1, 1, 1]


def test_what_the_same_command_has_made_is_left_and_nothing_else(films: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = ("upscale", films, "--output-dir", out, *QUICK)
    first = told(*words)
    made = {path: path.stat().st_mtime_ns for path in out.glob("*x2*")}
    again = told(*words)
    assert statuses(again) == [("a.mp4", "done before", 0), ("b.MKV", "done before", 0)]
    assert [each["frames_out"] for each in again["files"]] == [each["frames_out"] for each in first["files"]]
    assert {path: path.stat().st_mtime_ns for path in made} == made
    other = told(*words, "--crf", 30, code=2)
    assert "encoder option crf differ; -y makes it anew" in other["files"][0]["error"]
    assert {path: path.stat().st_mtime_ns for path in made} == made
    os.utime(films / "a.mp4", (1, 1))  # another source, as far as one can know
    with (out / "b_x2.MKV").open("ab") as file:
        file.write(b"another program was here")
    changed = told(*words, code=2)
    assert changed["failed"] == 2
    assert "of what made it input differ" in changed["files"][0]["error"]
    assert "exists; use -y" in changed["files"][1]["error"]
    assert statuses(told(*words, "-y")) == statuses(first)
    assert statuses(told(*words)) == statuses(again)
    (out / "a_x2.mp4").unlink()
    assert statuses(told(*words)) == [("a.mp4", "done", 0), ("b.MKV", "done before", 0)]
    for record in (out / ".vidrestore").iterdir():
        record.write_text('{"run": 3')
    assert told(*words, code=2)["failed"] == 2, "nothing is known of what is there"


def test_one_that_fails_does_not_stop_the_others(films: Path, tmp_path: Path, shared_data: Path) -> None:
    (films / "aa.mp4").write_bytes(b"no video at all")
    shutil.copy(shared_data / "clips" / "truncated_60pct.mp4", films / "ab.mp4")
    words = ("upscale", films, "--output-dir", tmp_path / "out", "--end", "2f", *QUICK)
    answer = told(*words, code=3)
    assert [(name, status) for name, status, _ in statuses(answer)][:2] == [("a.mp4", "done"), ("aa.mp4", "failed")]
    assert statuses(answer)[-1] == ("b.MKV", "done", 0)
    assert answer["failed"] == 1
    assert "aa.mp4 is not a video" in answer["files"][1]["error"]
    result = invoke(*words)
    assert result.exit_code == 3
    assert "failed, exit code 3" in result.stderr
    assert re.search(r"\d done before, 1 failed\n$", result.stderr)


def test_a_truncated_input_counts_again_where_it_is_left(tmp_path: Path) -> None:
    source, whole = make_clip(tmp_path / "long.mkv", frames=60), make_clip(tmp_path / "whole.mkv", frames=2)
    content = source.read_bytes()
    source.write_bytes(content[: len(content) * 2 // 3])
    words = ("upscale", source, whole, "--output-dir", tmp_path / "out", *QUICK)
    alone = invoke("upscale", source, tmp_path / "alone.mkv", *QUICK, "-q").exit_code
    assert alone == 3, "the clip must be one that is seen to be truncated"
    assert statuses(told(*words, code=3)) == [("long.mkv", "done", 3), ("whole.mkv", "done", 0)]
    assert statuses(told(*words, code=3)) == [("long.mkv", "done before", 3), ("whole.mkv", "done before", 0)]


def test_a_bug_shows_its_traceback_and_does_not_stop_the_others(
    films: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared = many.prepared

    def fails_once(source: Path, *args: Any, **kwargs: Any):
        if source.name == "a.mp4":
            raise ZeroDivisionError("made by the test")
        return prepared(source, *args, **kwargs)

    monkeypatch.setattr(many, "prepared", fails_once)
    result = invoke("upscale", films, "--output-dir", tmp_path / "out", *QUICK, "--json")
    assert result.exit_code == 1
    assert "Traceback" in result.stderr
    assert statuses(json.loads(result.stdout)) == [("a.mp4", "failed", 1), ("b.MKV", "done", 0)]


def test_a_network_that_nobody_has_ends_the_run_at_once(films: Path, tmp_path: Path) -> None:
    result = invoke("upscale", films, "--output-dir", tmp_path / "out", "-m", "nonesuch", "-q")
    assert result.exit_code == 4
    assert len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("films/a.mp4 copy/a.mp4 --output-dir out", "would both become out/a_x2.mp4"),
        ("films/a.mp4 films/b.MKV --output-dir out --name all.mkv", "would both become out/all.mkv"),
        ("copy/a.mp4 copy/a_x2.mp4 --output-dir copy", "copy/a_x2.mp4 is an input, and the result of copy/a.mp4 would"),
        ("films/a.mp4 --output-dir films --name {name}{suffix}", "films/a.mp4 is an input"),
        ("films/a.mp4 none.mkv --output-dir out", "none.mkv: no such file or folder"),
        (
            "films/a.mp4 films/b.MKV films/old/c.mkv",
            "3 paths are given, and one input has one output; give --output-dir",
        ),
        ("films/a.mp4 --recursive", "--recursive is for many inputs; give --output-dir DIR with it"),
        ("films/a.mp4 --name {name}.mkv", "--name is for many inputs"),
        ("films/a.mp4 --output-dir out --name {title}.mkv", "there is no {title}; use {name}, {ending}, {suffix}"),
        ("films/a.mp4 --output-dir out --name ../{name}.mkv", "is no name of a file; write one without folders"),
        ("films/a.mp4 --output-dir out --name {name}.wmv", "nothing is written as .wmv"),
        ("copy/old.wmv --output-dir out", "or name all results by --name, such as '{name}_{ending}.mkv'"),
        ("films/a.mp4 --output-dir films/a.srt", "--output-dir films/a.srt is a file; name a folder"),
        ("empty --output-dir out", "empty holds neither videos nor pictures by their names; --recursive looks into"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_done(
    words: str, says: str, films: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "copy").mkdir()
    (tmp_path / "empty").mkdir()
    for name in ("a.mp4", "a_x2.mp4", "old.wmv"):
        shutil.copy(films / "a.mp4", tmp_path / "copy" / name)
    monkeypatch.chdir(tmp_path)
    refused(tmp_path, "upscale", *words.split(), says=says)


def test_an_input_named_twice_is_one(films: Path, tmp_path: Path) -> None:
    answer = told("upscale", films / "a.mp4", films, films / "a.mp4", "--output-dir", tmp_path / "out", *QUICK)
    assert statuses(answer) == [("a.mp4", "done", 0), ("b.MKV", "done", 0)]


def test_dry_run_leaves_nothing(films: Path, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    words = ("upscale", films, "--recursive", "--output-dir", tmp_path / "new" / "out", "--dry-run", *QUICK)
    answer = told(*words)
    assert statuses(answer) == [(name, "planned", 0) for name in ("a.mp4", "b.MKV", "c.mkv")]
    assert [each["frames"] for each in answer["files"]] == [FRAMES, FRAMES + 1, FRAMES + 2]
    assert "3 planned" in invoke(*words).stderr
    assert sorted(tmp_path.rglob("*")) == before


def test_names_are_shown_escaped_and_progress_says_which_file(tmp_path: Path) -> None:
    evil = make_clip(tmp_path / "red\x1b[31m [bold]x.mkv", frames=3)
    other = make_clip(tmp_path / "other.mkv", frames=3)
    result = invoke("upscale", other, evil, "--output-dir", tmp_path / "out", *QUICK, "--progress", "json")
    assert result.exit_code == 0, result.output
    lines = [line for line in result.stderr.splitlines() if line.startswith("{")]
    last = json.loads(lines[-1])
    assert (last["file"], last["files"], last["input"], last["frame"]) == (2, 2, str(evil), 3)
    assert "\x1b" not in result.stderr
    assert "red\\x1b[31m [bold]x_x2.mkv" in result.stderr
    assert (tmp_path / "out" / "red\x1b[31m [bold]x_x2.mkv").is_file()


@pytest.mark.parametrize("resume", [[], ["--resume"]])
def test_a_stop_ends_all_and_the_same_command_goes_on(resume: Sequence[str], tmp_path: Path) -> None:
    names = ["a.mkv", "b.mkv", "c.mkv"]
    sources = [make_clip(tmp_path / name, frames=3 if name != "b.mkv" else 600) for name in names]
    out = tmp_path / "out"
    words = ["upscale", *sources, "--output-dir", out, "--json", "--progress", "json", *QUICK, *resume]
    running = subprocess.Popen(
        [sys.executable, "-m", "vidrestore", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert running.stderr is not None
    for line in running.stderr:
        if line.startswith('{"event": "progress", "file": 2'):
            break
    running.send_signal(signal.SIGINT)
    stdout, stderr = running.communicate(timeout=60)
    assert running.returncode == 130, stderr
    assert "1 of 3 files were finished, and the same command goes on with the rest" in stderr.splitlines()[-1]
    assert statuses(json.loads(stdout)) == [("a.mkv", "done", 0)]
    assert [path.name for path in out.glob("*.mkv")] == ["a_x2.mkv"]
    answer = told("upscale", *sources, "--output-dir", out, *QUICK, *resume)
    assert [status for _, status, _ in statuses(answer)] == ["done before", "done", "done"]
    assert [each["frames_out"] for each in answer["files"]] == [3, 600, 3]
    assert not list(out.glob("*.part*"))
