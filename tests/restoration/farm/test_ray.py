"""The command on workers that Ray runs: starts of Ray are few, since each takes seconds."""

import importlib.util
import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from PIL import Image
from typer.testing import CliRunner

import vidrestore
from tests.clips import make_clip
from vidrestore.cli import app
from vidrestore.errors import VidrestoreError
from vidrestore.restoration.resume.farm.ray import cluster

ROOT = Path(__file__).resolve().parents[3]
ray_there = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed (extra farm)")


def words(*more: object) -> list[str]:
    return [sys.executable, "-m", "vidrestore", *map(str, more)]


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT)}


def working(driver: psutil.Process) -> psutil.Process | None:
    """A worker that makes a piece."""
    with suppress(psutil.Error):  # one that has just ended
        found = driver.children(recursive=True)
        return next((each for each in found if "RayWorker.make" in " ".join(each.cmdline())), None)
    return None


def left_behind(place: Path, seconds: float = 20) -> list[str]:
    """Processes that a run in this folder has started and not ended, so long after it."""
    deadline = time.monotonic() + seconds
    while True:
        found = [
            each.info for each in psutil.process_iter(["name", "cmdline", "cwd"]) if each.info["cwd"] == str(place)
        ]
        if not found or time.monotonic() > deadline:
            return [" ".join(each["cmdline"] or [each["name"] or ""]) for each in found]
        time.sleep(0.2)


@ray_there
@pytest.mark.timeout(300)
def test_a_worker_makes_the_bytes_of_one_process(tmp_path: Path) -> None:
    """On stdout nothing but the JSON; nothing is left behind."""
    source = make_clip(tmp_path / "in.mkv", frames=10, size=(96, 64), options={"preset": "veryfast"})
    one, other = tmp_path / "one.mkv", tmp_path / "other.mkv"
    options = ["-m", "espcn", "--preset", "ultrafast", "--json"]
    alone = CliRunner().invoke(app, ["upscale", str(source), str(one), "--resume", *options])
    assert alone.exit_code == 0, alone.output
    command = words("upscale", source, other, "--workers", 1, *options)
    run = subprocess.run(command, capture_output=True, text=True, env=environment(), cwd=tmp_path, check=False)
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["workers"] == 1
    assert other.read_bytes() == one.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.mkv", "one.mkv", "other.mkv"]
    assert not left_behind(tmp_path)


@ray_there
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_many_files_on_two_workers_one_of_which_is_killed(tmp_path: Path) -> None:
    """The bytes of --resume; on stdout nothing but the JSON; nothing is left behind."""
    (tmp_path / "in").mkdir()
    for name in ("a", "b"):
        path = tmp_path / "in" / f"{name}.mkv"
        make_clip(path, frames=250, size=(96, 64), audio=1, options={"preset": "veryfast", "g": "25"})
    sources = sorted((tmp_path / "in").iterdir())
    options = ["-m", "espcn", "--preset", "ultrafast"]
    alone = ["upscale", *map(str, sources), "--output-dir", str(tmp_path / "one"), "--resume", *options]
    one = CliRunner().invoke(app, alone)
    assert one.exit_code == 0, one.output
    command = words("upscale", *sources, "--output-dir", tmp_path / "many", "--workers", 2, "--json", *options)
    run = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(), cwd=tmp_path
    )
    worker = None
    while worker is None and run.poll() is None:
        worker = working(psutil.Process(run.pid))
        time.sleep(0.05)
    if worker is not None:
        worker.kill()
    stdout, stderr = run.communicate(timeout=500)
    assert run.returncode == 0, stderr
    told = json.loads(stdout)
    assert [each["status"] for each in told["files"]] == ["done", "done"]
    assert {each["workers"] for each in told["files"]} <= {1, 2}
    for made in sorted((tmp_path / "one").glob("*.mkv")):
        assert made.read_bytes() == (tmp_path / "many" / made.name).read_bytes()
    assert not list((tmp_path / "many").glob("*.part")), "no piece is left"
    assert not left_behind(tmp_path)


@ray_there
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_python_has_workers_too(tmp_path: Path) -> None:
    """Of pictures, with a blur that is a picture, which lies somewhere else."""
    source = make_clip(tmp_path / "in.mkv", frames=30, size=(96, 64), options={"preset": "veryfast"})
    Image.new("L", (1, 5), 255).save(tmp_path / "blur.png")
    how = vidrestore.Deblurring(model="wiener", psf=str(tmp_path / "blur.png"))
    told: list[int] = []
    for name, more in (
        ("one", {"resume": True}),
        ("two", {"workers": 2, "progress": lambda at: told.append(at.frame)}),
    ):
        report = vidrestore.deblur(source, tmp_path / name, deblurring=how, **more)
        assert (report.frames_out, report.workers) == (30, 1 if more.get("workers") else 0)
    assert told and told[-1] == 30
    made, expected = ({each.name: each.read_bytes() for each in (tmp_path / name).iterdir()} for name in ("two", "one"))
    assert made == expected


def test_without_ray_one_line_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=2)
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == "ray" else find(name, *more))
    result = CliRunner().invoke(app, ["upscale", str(source), str(tmp_path / "out.mkv"), "--workers", "2"])
    assert result.exit_code == 2
    assert result.output.strip() == (
        "vidrestore: --workers and --cluster need Ray, which is not installed: pip install 'vidrestore[farm]'"
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--workers", "0"], "--workers 0 is no number"),
        (["--cluster", "10.0.0.1"], "--cluster 10.0.0.1 is none of local, auto"),
        (["--shared"], "--shared is for the machines of a cluster"),
        (["--workers", "2", "--device", "cuda:1"], "each worker has a GPU of its own"),
    ],
)
def test_wrong_words_are_one_line(tmp_path: Path, options: list[str], said: str) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=2)
    result = CliRunner().invoke(app, ["upscale", str(source), str(tmp_path / "out.mkv"), *options])
    assert (result.exit_code, result.output.count("\n")) == (2, 1)
    assert said in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["in.mkv"]


@ray_there
def test_a_late_worker_is_waited_for_and_one_without_room_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    import ray

    from vidrestore.restoration.resume.farm.ray.pool import NO_ROOM, PATIENCE, RayPool, Shape

    monkeypatch.setattr(ray, "nodes", lambda: [{"Alive": True, "Resources": {"CPU": 2.0}}])
    for shape, fits in ((Shape(1, 2), True), (Shape(1, 4), False), (Shape(1, 2, gpus=1.0), False)):
        pool = RayPool.__new__(RayPool)
        pool.shape = shape
        pool._check_patience(NO_ROOM)
        if fits:
            pool._check_patience(PATIENCE)
        with pytest.raises(VidrestoreError, match="no worker has come for"):
            pool._check_patience(PATIENCE + 1 if fits else NO_ROOM + 1)


def test_the_token_of_a_cluster_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert not cluster._has_token()
    (tmp_path / ".ray").mkdir()
    (tmp_path / ".ray" / "auth_token").touch()
    assert cluster._has_token()
