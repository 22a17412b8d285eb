"""Slow: clusters of several raylets, real clips, and what dies at random moments. Always the same bytes."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.clips import make_clip

from .test_files import own_network
from .test_ray import environment, left_behind, ray_there, words, working

if TYPE_CHECKING:
    from ray.cluster_utils import Cluster

pytestmark = [pytest.mark.slow, ray_there, pytest.mark.timeout(3000)]

CLIPS = {
    "odd_175x143.mp4": ("upscale", "-m", "aligned-x2"),
    "h264_10bit.mp4": ("interpolate", "--fps", "50", "--quality", "fast"),
    "h263_176x144.3gp": ("upscale", "-m", "espcn"),
    "slow_motion_sef.mp4": ("interpolate", "-x", "3", "--quality", "fast"),
    "rotated_90_small.mov": ("restore", "--clean", "-x", "2", "--scale", "2"),
    "truncated_60pct.mp4": ("interpolate", "-x", "2", "--quality", "fast"),
    "no_initial_keyframe.ts": ("upscale", "-m", "espcn"),
    "edit_list.mp4": ("deblur",),
    "packed_vfr.avi": ("interpolate", "--fps", "60", "--quality", "fast", "--duplicates", "retime"),
    "cursed_vfr.mp4": ("interpolate", "-x", "2", "--quality", "fast"),
    "mpeg2_24fps.ts": ("interpolate", "-x", "2", "--quality", "fast"),
}
"""B-frames, open GOPs, rates that vary, joined and damaged files: the first frames of each."""
SHORT = "from vidrestore.video.resume import pieces; pieces.FRAMES = 6; from vidrestore.cli import main; main()"


def run(*more: object, cwd: Path | None = None, **kept: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", SHORT, *map(str, more)]
    return subprocess.run(command, capture_output=True, text=True, env=environment() | kept, cwd=cwd, check=False)


def started(machines: int) -> "Cluster":
    """So many raylets, each of which is a machine to Ray. One that is late on a busy machine is tried again."""
    from ray.cluster_utils import Cluster

    for left in reversed(range(3)):
        made = Cluster()
        try:
            for number in range(machines):
                made.add_node(num_cpus=1, **({} if number else {"include_dashboard": False}))
        except Exception:  # Ray has no name for it
            made.shutdown()
            if not left:
                raise
        else:
            break
    return made


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """Three machines; the address of the first."""
    made = started(3)
    yield made.address
    made.shutdown()


@pytest.mark.parametrize("name", CLIPS)
def test_a_cluster_makes_the_bytes_of_one_process(name: str, cluster: str, shared_data: Path, tmp_path: Path) -> None:
    command, *options = CLIPS[name]
    source = shared_data / "clips" / name
    whole, workers, machines = (tmp_path / each / "out.mkv" for each in ("one", "two", "three"))
    for target in (whole, workers, machines):
        target.parent.mkdir()
    options += ["--end", "24f", "--preset", "ultrafast", "-q"]
    one = run(command, source, whole, *options, "--resume")
    two = run(command, source, workers, *options, "--workers", 2)
    three = run(command, source, machines, *options, "--cluster", "auto", "--workers", 3, RAY_ADDRESS=cluster)
    assert (one.returncode, two.returncode, three.returncode) in ((0, 0, 0), (3, 3, 3)), (two.stderr, three.stderr)
    assert one.stdout == two.stdout == three.stdout == ""
    assert workers.read_bytes() == whole.read_bytes()
    assert machines.read_bytes() == whole.read_bytes()


def test_weights_and_sources_by_relative_paths_reach_all_machines(cluster: str, tmp_path: Path) -> None:
    make_clip(tmp_path / "in.mkv", frames=24, size=(96, 64), options={"preset": "veryfast"})
    own_network(tmp_path / "own.safetensors")
    options = ["-m", "own.safetensors", "--preset", "ultrafast", "-q"]
    one = run("upscale", "in.mkv", "one.mkv", *options, "--resume", cwd=tmp_path)
    three = run("upscale", "in.mkv", "three.mkv", *options, "--cluster", "auto", RAY_ADDRESS=cluster, cwd=tmp_path)
    assert (one.returncode, three.returncode) == (0, 0), three.stderr
    assert (tmp_path / "three.mkv").read_bytes() == (tmp_path / "one.mkv").read_bytes()


def test_a_machine_that_leaves(tmp_path: Path) -> None:
    made = started(2)
    (leaving,) = made.worker_nodes
    source = make_clip(tmp_path / "in.mkv", frames=400, size=(96, 64), options={"preset": "veryfast"})
    options = ["-m", "espcn", "--preset", "ultrafast", "-q"]
    assert run("upscale", source, tmp_path / "one.mkv", *options, "--resume").returncode == 0
    command = words("upscale", source, tmp_path / "out.mkv", *options, "--cluster", "auto", "--workers", 2)
    command[1:3] = ["-c", SHORT]
    driver = subprocess.Popen(command, env=environment() | {"RAY_ADDRESS": made.address})
    part = tmp_path / "out.mkv.part"
    while driver.poll() is None and len(list(part.glob("0*.json"))) < 4:
        time.sleep(0.05)
    made.remove_node(leaving, allow_graceful=False)
    assert driver.wait(timeout=600) == 0
    made.shutdown()
    assert (tmp_path / "out.mkv").read_bytes() == (tmp_path / "one.mkv").read_bytes()


@pytest.mark.parametrize("seed", range(5))
def test_workers_that_are_killed(seed: int, tmp_path: Path) -> None:
    """Ten at random moments of each run: fifty in all."""
    lot = random.Random(seed)
    source = make_clip(tmp_path / "in.mkv", frames=1000, size=(96, 64), options={"preset": "veryfast", "g": "30"})
    options = ["-m", "espcn", "--preset", "ultrafast", "-q"]
    assert run("upscale", source, tmp_path / "one.mkv", *options, "--resume").returncode == 0
    killed, starts = 0, 0
    while not (tmp_path / "out.mkv").exists():
        starts += 1
        command = [sys.executable, "-c", SHORT, "upscale", str(source), str(tmp_path / "out.mkv"), *options]
        driver = subprocess.Popen([*command, "--workers", "2"], env=environment(), cwd=tmp_path)
        while driver.poll() is None:
            time.sleep(lot.uniform(0, 1.5))
            if killed < 10 and driver.poll() is None and (worker := working(psutil.Process(driver.pid))):
                worker.kill()
                killed += 1
        assert driver.returncode in (0, 1), "done, or one piece has failed three times"
    assert killed > 3
    assert (tmp_path / "out.mkv").read_bytes() == (tmp_path / "one.mkv").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.mkv", "one.mkv", "out.mkv"]
    assert not left_behind(tmp_path)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_driver_that_is_stopped(number: signal.Signals, tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=600, size=(96, 64), options={"preset": "veryfast", "g": "30"})
    options = ["-m", "espcn", "--preset", "ultrafast", "-q"]
    assert run("upscale", source, tmp_path / "one.mkv", *options, "--resume").returncode == 0
    command = [
        sys.executable,
        "-c",
        SHORT,
        "upscale",
        str(source),
        str(tmp_path / "out.mkv"),
        *options,
        "--workers",
        "2",
    ]
    driver = subprocess.Popen(command, env=environment(), cwd=tmp_path, start_new_session=True)
    part = tmp_path / "out.mkv.part"
    while driver.poll() is None and len(list(part.glob("0*.json"))) < 5:
        time.sleep(0.02)
    if number == signal.SIGINT:
        os.killpg(driver.pid, number)  # as a terminal does
    else:
        driver.send_signal(number)
    assert driver.wait(timeout=120) == {signal.SIGKILL: -9, signal.SIGTERM: 143, signal.SIGINT: 130}[number]
    # Where nobody ends them, two of Ray's helpers try for a minute to tell of it.
    assert not left_behind(tmp_path, 90 if number == signal.SIGKILL else 20)
    assert subprocess.run(command, env=environment(), cwd=tmp_path, check=False).returncode == 0
    assert (tmp_path / "out.mkv").read_bytes() == (tmp_path / "one.mkv").read_bytes()
    assert not part.exists()
    assert not left_behind(tmp_path)
