"""The command --resume: signals, messages, plans."""

import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.clips import make_clip
from vidrestore.api.progress import Meter
from vidrestore.base.settings import Encoding, Reading, Settings
from vidrestore.cli import app
from vidrestore.restoration.job import prepare
from vidrestore.restoration.pipeline import restore
from vidrestore.restoration.upscale import upscale
from vidrestore.video.resume.unfinished import FORMAT

from .runs import (
    pictures,
    stopping,
)

COMMAND = """
import sys
from vidrestore.video.resume import pieces
pieces.FRAMES = 8
from vidrestore.cli import main
main()
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda how: how.name)
def test_a_command_that_is_ended_goes_on(how: signal.Signals, tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mp4", frames=200, size=(320, 240), audio=1)
    target = tmp_path / "out.mp4"
    words = ["upscale", str(source), str(target), "-m", "espcn", "--resume", "--progress", "none", "--engine", "torch"]
    first = subprocess.Popen([sys.executable, "-c", COMMAND, *words], stderr=subprocess.PIPE, text=True)
    for _ in range(2400):  # a busy machine takes its time
        if (tmp_path / "out.mp4.part" / "000002.json").is_file():
            break
        time.sleep(0.05)
    first.send_signal(how)
    said = first.communicate(timeout=60)[1]
    assert not target.exists()
    if how is not signal.SIGKILL:
        assert first.returncode == 128 + how
        assert "interrupted; " in said and "frames are kept, and the same command goes on from there" in said
    last = subprocess.run(
        [sys.executable, "-c", COMMAND, *words, "--json", "-q"], capture_output=True, text=True, timeout=200
    )
    assert last.returncode == 0, last.stderr
    report = json.loads(last.stdout)
    assert report["frames_out"] == 200 and report["resumed"] >= 16 and report["resumed"] % 8 == 0
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["in.mp4", "out.mp4"]
    assert len(pictures(target)) == 200


def test_the_command_says_what_differs_in_one_line(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mp4", frames=6)
    (tmp_path / "out.mp4.part").mkdir()
    (tmp_path / "out.mp4.part" / "run.json").write_text(json.dumps({"format": FORMAT}))
    (tmp_path / "out.mp4.part" / "000001.json").write_text("{}")
    words = ["upscale", str(source), str(tmp_path / "out.mp4"), "--resume"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 2 and len(result.stderr.strip().splitlines()) == 1
    assert "give the same to go on, or remove that folder to begin anew" in result.stderr


def test_a_run_of_the_version_before_is_refused_in_one_line(tmp_path: Path) -> None:
    """Its run.json had no format, and the repr of dataclasses for values."""
    source, folder = make_clip(tmp_path / "in.mp4", frames=6), tmp_path / "out.mp4.part"
    folder.mkdir()
    said = {
        "input": f"{source} 0123456789abcdef",
        "part": "Reading(start=None, end=None, deinterlace='off', rate=None, decoder='cpu', follow_references=False)",
        "steps": "upscale ('a73f', 'auto')",
        "encoding": "Target(path=PosixPath('.'), kind='video')",
        "version": "0.1.0",
    }
    (folder / "run.json").write_text(json.dumps(said))
    (folder / "000001.json").write_text("{}")
    kept = {path.name: path.read_bytes() for path in folder.iterdir()}
    result = CliRunner().invoke(app, ["upscale", str(source), str(tmp_path / "out.mp4"), "--resume"])
    assert result.exit_code == 2 and len(result.stderr.strip().splitlines()) == 1
    assert "out.mp4.part holds an interrupted run of another version of vidrestore" in result.stderr
    assert "go on with that version, or remove that folder to begin anew" in result.stderr
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == kept


def test_what_cannot_go_on_is_not_said_to(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mp4", frames=12, pts=[*range(8), 9, 20, 21, 22])
    result = CliRunner().invoke(app, ["upscale", str(source), str(tmp_path / "out.avi"), "-m", "espcn", "--resume"])
    assert result.exit_code == 2 and "holds a constant frame rate only" in result.stderr
    assert "goes on" not in result.stderr


def test_a_plan_counts_what_is_there(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mp4", frames=12)
    words = ["upscale", str(source), str(tmp_path / "out.mp4"), "-m", "espcn", "--dry-run", "--json", "-q"]
    job = prepare(
        source,
        tmp_path / "out.mp4",
        (upscale("espcn", scale=2, settings=Settings()),),
        reading=Reading(),
        encoding=Encoding(),
        resume=True,
    )
    with pytest.raises(KeyboardInterrupt):
        restore(replace(job, stages=(stopping(job.stages[0], 11),)))
    for more, left in (([], 12), (["--resume"], 2)):
        plan = json.loads(CliRunner().invoke(app, [*words, *more]).stdout)
        assert plan["frames"] == 12 and plan["resumed"] == 12 - left
        assert plan["seconds"] == pytest.approx(plan["seconds_per_frame"] * left, abs=0.06)


def test_time_left_is_reckoned_from_where_a_run_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    meter = Meter(total=100, before=60)
    for frame in range(80):
        now += 0.01 if frame < 60 else 2.0
        meter.tick()
    assert meter.fps == pytest.approx(0.5) and meter.eta == pytest.approx(40)
