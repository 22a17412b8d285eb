"""--max-memory, and what the report says of memory."""

import gc
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from vidrestore.cli import app, options
from vidrestore.engine import Settings, choose, run
from vidrestore.engine.memory import plan, resident
from vidrestore.errors import ResourceError, UsageError
from vidrestore.frame import Frame
from vidrestore.in_flight import InFlight, peak_memory
from vidrestore.models.espcn import Espcn
from vidrestore.pipeline import prepare, restore
from vidrestore.processor import Needs
from vidrestore.settings import Encoding, Reading
from vidrestore.stages import upscale

from .clips import make_clip
from .frames import planes

MIB, GIB = 1 << 20, 1 << 30


@pytest.mark.parametrize(
    ("text", "amount"),
    [("4G", 4 * GIB), ("1.5g", 3 * GIB // 2), ("800M", 800 * MIB), ("2GiB", 2 * GIB), ("4096", 4096)],
)
def test_amounts(text: str, amount: int):
    made = options.settings(device="cpu", engine="torch", precision="fp32", max_memory=text)
    assert made.max_memory == amount


@pytest.mark.parametrize("text", ["", "G", "-1G", "0", "4X", "four"])
def test_no_amounts(text: str):
    with pytest.raises(UsageError, match=r"write 4G, 1\.5G or 800M"):
        options.settings(device="cpu", engine="torch", precision="fp32", max_memory=text)


def test_the_planner_keeps_to_it():
    def planned(most: int | None, used: int = 0, **more: int) -> tuple[int, int]:
        settings = Settings(max_memory=most, **more)
        made = plan(
            Needs(halo=5), size=(1080, 1920), cost=100, free=8 * GIB, device="cpu", settings=settings, used=used
        )
        return made.tile, made.batch

    assert planned(None) == planned(16 * GIB) == (0, 1)
    tile, _ = planned(100 * MIB)
    assert 0.9 < 100 * tile * tile / (50 * MIB) <= 1
    smaller, _ = planned(100 * MIB, used=50 * MIB)
    assert smaller == pytest.approx(tile / 2**0.5, abs=1)
    with pytest.raises(ResourceError, match=r"^--max-memory 100M is too little: 100M are taken .* needs 101M in all"):
        planned(100 * MIB, used=100 * MIB)
    with pytest.raises(ResourceError, match="leave --tile and --batch to auto"):
        planned(100 * MIB, tile=1000)


def test_too_little_is_an_error_before_the_first_frame():
    settings = Settings(device="cpu", engine="torch", precision="fp32", max_memory=1 * MIB)
    with pytest.raises(ResourceError, match="--max-memory 1M is too little") as caught:
        next(run(Espcn(2), planes(1), engine=choose(settings), settings=settings))
    assert caught.value.exit_code == 5
    assert f"{resident() // (100 * MIB)}" in str(caught.value)


def test_tiles_under_a_limit_give_the_whole_picture():
    frames, network = planes(1, size=(300, 400)), Espcn(2)
    engine = choose(Settings(device="cpu", engine="torch", precision="fp32"))
    (whole,) = run(network, frames, engine=engine, settings=Settings())
    from vidrestore.engine import Ran

    ran = Ran()
    (tiled,) = run(
        network, frames, engine=engine, settings=Settings(max_memory=engine.used_memory() + 60 * MIB), ran=ran
    )
    assert 0 < ran.tile < 400
    assert torch.equal(whole.picture.y, tiled.picture.y)


def test_in_flight_counts_what_is_held():
    flying = InFlight()
    first, second = planes(2, size=(16, 24))
    size = 16 * 24 * 3 // 2
    assert flying.watched(first) is first
    flying.watched(Frame(first.picture, first.pts, first.duration))
    assert flying.most == size, "the same planes count once"
    del first
    gc.collect()
    flying.watched(second)
    assert flying.most == size
    flying.watched(planes(1, size=(16, 24))[0])
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
    report = restore(job)
    decoded, restored = 128 * 96 * 3 // 2, 256 * 192 * 3 // 2 * 4
    assert decoded + restored <= report.bytes_in_flight <= 16 * (decoded + restored)
    assert 50 * MIB < resident() <= report.peak_memory == peak_memory()


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
