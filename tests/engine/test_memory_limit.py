"""--max-memory, and what the report says of memory."""

import gc
import json
import math
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from vidrestore.base.memory import resident
from vidrestore.base.settings import Encoding, Reading
from vidrestore.cli import app, options
from vidrestore.engine import Runner, Settings, choose, run
from vidrestore.engine.infer import Inference
from vidrestore.engine.memory import outside, plan
from vidrestore.engine.tile import spans
from vidrestore.errors import ResourceError, UsageError
from vidrestore.frame.frame import Frame
from vidrestore.frame.in_flight import InFlight, peak_memory
from vidrestore.models.networks.espcn import Espcn
from vidrestore.models.processor import Needs
from vidrestore.restoration.job import prepare
from vidrestore.restoration.pipeline import restore
from vidrestore.restoration.upscale import upscale

from ..clips import make_clip
from ..frames import planes

MIB, GIB = 1 << 20, 1 << 30


@pytest.mark.parametrize(
    ("text", "amount"),
    [("4G", 4 * GIB), ("1.5g", 3 * GIB // 2), ("800M", 800 * MIB), ("2GiB", 2 * GIB), ("4096", 4096)],
)
def test_amounts(text: str, amount: int):
    assert options.Compute(max_memory=text).settings().max_memory == amount


@pytest.mark.parametrize("text", ["", "G", "-1G", "0", "4X", "four"])
def test_no_amounts(text: str):
    with pytest.raises(UsageError, match=r"write 4G, 1\.5G or 800M"):
        options.Compute(max_memory=text).settings()


def test_the_planner_keeps_to_it():
    def planned(most: int | None, used: int = 0, **more: int) -> tuple[int, int]:
        settings = Settings(max_memory=most, **more)
        made = plan(
            Needs(halo=5), size=(1080, 1920), cost=100, free=8 * GIB, device="cpu", settings=settings, used=used
        )
        return made.tile, made.batch

    beside = outside(Needs(halo=5), (1080, 1920))
    assert planned(None) == planned(16 * GIB) == (0, 1)
    tile, _ = planned(beside + 100 * MIB)
    assert 0.9 < 100 * tile * tile / (50 * MIB) <= 1
    smaller, _ = planned(beside + 100 * MIB, used=50 * MIB)
    assert smaller == pytest.approx(tile / 2**0.5, abs=1)
    needed = (beside + 100 * MIB + 2 * 100 * 36**2) * 1.05 / MIB  # tiles of 26 would do, but half as fast
    with pytest.raises(ResourceError, match=r"^--max-memory 100M is too little: 100M are taken ") as caught:
        planned(100 * MIB, used=100 * MIB)
    assert f"tiles of 36 pixels need {math.ceil(needed)}M in all" in str(caught.value)
    with pytest.raises(ResourceError, match="leave --tile and --batch to auto"):
        planned(beside + 100 * MIB, tile=1000)


@pytest.mark.parametrize(
    ("needs", "bytes_always", "of_a_pixel"),
    [
        (Needs(space="luma"), 64 * MIB, 4 + 62),
        (Needs(space="luma", before=1, after=2, scale=2), 64 * MIB, 4 * 4 + 62 * 4),
        (Needs(space="rgb"), 128 * MIB, 4 * 3 + 96),
        (Needs(space="rgb", after=1, scale=3), 128 * MIB, 2 * 4 * 3 + 96 * 9),
    ],
)
def test_beside_its_tiles_a_run_takes_the_window_and_what_each_pixel_of_the_result_takes(
    needs: Needs, bytes_always: int, of_a_pixel: int
):
    assert outside(needs, (20, 30)) == bytes_always + of_a_pixel * 20 * 30


@pytest.mark.parametrize(("device", "pixels"), [("cpu", 2**17), ("cuda", 2**22)])
def test_a_batch_grows_only_as_long_as_that_makes_it_faster(device: str, pixels: int):
    made = plan(Needs(), size=(64, 64), cost=1, free=1 << 50, device=device, settings=Settings(), ways=3)
    assert made.batch == 3 * pixels // 64**2


@pytest.mark.parametrize(("halo", "multiple"), [(5, 1), (8, 1), (51, 8), (96, 4)])
def test_of_the_tile_that_is_advised_more_than_half_a_side_is_of_use(halo: int, multiple: int):
    settings = Settings(max_memory=100 * MIB)
    with pytest.raises(ResourceError) as caught:
        plan(
            Needs(halo=halo, multiple=multiple), size=(2160, 3840), cost=100, free=GIB, device="cpu", settings=settings
        )
    tile = int(re.search(r"tiles of (\d+) pixels", str(caught.value))[1])
    with pytest.raises(UsageError) as caught:
        spans(3840, tile=1, halo=halo, multiple=multiple)
    assert f"give {tile} or more" in str(caught.value)
    margin = -(-halo // multiple) * multiple
    assert tile > 2 * (2 * margin)


def test_an_amount_is_said_as_it_was_given():
    with pytest.raises(ResourceError, match=r"^--max-memory 1 B is too little"):
        plan(Needs(), size=(90, 160), cost=100, free=GIB, device="cpu", settings=Settings(max_memory=1))


def test_too_little_is_an_error_before_the_first_frame():
    settings = Settings(device="cpu", engine="torch", precision="fp32", max_memory=1 * MIB)
    with pytest.raises(ResourceError, match="--max-memory 1M is too little") as caught:
        next(run(Espcn(2), planes(1), engine=choose(settings), settings=settings))
    assert caught.value.exit_code == 5
    assert f"{resident() // (100 * MIB)}" in str(caught.value)


@pytest.mark.parametrize("model", ["espcn", "auto"])
def test_a_run_keeps_to_the_amount_that_the_error_asks_for(model: str, tmp_path: Path):
    """In a process of its own; with `auto` two networks follow each other, and the second may ask for more."""
    source = make_clip(tmp_path / "in.mp4", frames=12, size=(480, 270))
    words = ["upscale", str(source), str(tmp_path / "out.mkv"), "-m", model, "-s", "4", "-c", "ffv1", "-d", "cpu"]
    words += ["--source", "clean"] if model == "auto" else []
    amount, asked = "10M", 0
    while asked < 3:
        command = [sys.executable, "-m", "vidrestore", *words, "--json", "--max-memory", amount]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode == 0:
            break
        assert done.returncode == 5, done.stderr
        amount, asked = re.search(r"need (\d+M) in all; give that much", done.stderr)[1], asked + 1
    report = json.loads(done.stdout)
    assert asked > 0 and report["tile"] > 0
    # Linux counts resident pages for each thread first: what is read may be behind by a part of a MiB for each.
    assert report["peak_memory"] <= (int(amount[:-1]) + 2) * MIB
    assert not report["warnings"]


def test_what_is_beyond_it_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    source = make_clip(tmp_path / "in.mp4", frames=4, size=(128, 96))
    monkeypatch.setattr(
        "vidrestore.engine.backends.openvino_engine.resident", iter([100 * MIB] + [900 * MIB] * 9).__next__
    )
    settings = Settings(device="cpu", engine="openvino", precision="fp32", max_memory=800 * MIB)
    stages = (upscale("espcn", scale=2, settings=settings),)
    job = prepare(source, tmp_path / "out.mp4", stages, reading=Reading(), encoding=Encoding(preset="ultrafast"))
    assert any(line.startswith("memory rose to 100 MiB above --max-memory") for line in restore(job).warnings)


def test_tiles_under_a_limit_give_the_whole_picture():
    frames, network = planes(1, size=(300, 400)), Espcn(2)
    engine = choose(Settings(device="cpu", engine="torch", precision="fp32"))
    (whole,) = run(network, frames, engine=engine, settings=Settings())
    limit = engine.used_memory() + outside(network.needs, (300, 400)) + 60 * MIB
    runner = Runner(Inference(network, engine, Settings(max_memory=limit)))
    (tiled,) = runner.run(frames)
    assert 0 < runner.facts.tile < 400
    assert torch.equal(whole.picture.y, tiled.picture.y)


def test_in_flight_counts_what_is_held():
    flying = InFlight()
    first, second = planes(2, size=(16, 24))
    size = 16 * 24 * 3 // 2
    assert flying.count(first) is first
    flying.count(Frame(first.picture, first.pts, first.duration))
    assert flying.most == size, "the same planes count once"
    del first
    gc.collect()
    flying.count(second)
    assert flying.most == size
    flying.count(planes(1, size=(16, 24))[0])
    assert flying.most == 2 * size


def test_the_report_tells(tmp_path: Path):
    source = make_clip(tmp_path / "in.mp4", frames=30, size=(128, 96))
    settings = Settings(device="cpu", engine="torch", precision="fp32")
    job = prepare(
        source,
        tmp_path / "out.mp4",
        (upscale("espcn", scale=2, settings=settings),),
        reading=Reading(),
        encoding=Encoding(preset="ultrafast"),
    )
    report = restore(job, measure=True)
    decoded, restored = 128 * 96 * 3 // 2, 256 * 192 * 3 // 2 * 4
    assert decoded + restored <= report.bytes_in_flight <= 16 * (decoded + restored)
    assert 50 * MIB < resident() < report.peak_memory + 4 * MIB
    assert abs(report.peak_memory - peak_memory()) < 4 * MIB  # Linux counts pages in batches, and may correct itself


def test_the_command_ends_with_5(tmp_path: Path):
    source = make_clip(tmp_path / "in.mp4", frames=4, size=(64, 48))
    words = [
        "interpolate",
        str(source),
        str(tmp_path / "out.mp4"),
        "--max-memory",
        "10M",
        "-d",
        "cpu",
        "--engine",
        "torch",
    ]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 5
    assert "--max-memory 10M is too little" in result.output
    assert not (tmp_path / "out.mp4").exists()
