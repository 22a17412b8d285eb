"""What is said of the time a run takes, before it and on the way."""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from torch import Tensor
from typer.testing import CliRunner

from tests.clips import make_clip
from tests.restoration.identity import TORCH, Identity
from tests.restoration.made import made
from vidrestore.api.progress import Meter
from vidrestore.base.facts import Facts
from vidrestore.base.settings import Encoding, Reading
from vidrestore.cli import app, progress
from vidrestore.engine import choose, run
from vidrestore.restoration import trial
from vidrestore.restoration.interpolation.flow import FlowInterpolator
from vidrestore.restoration.interpolation.interpolator import Begun
from vidrestore.restoration.interpolation.timing import ByFactor
from vidrestore.restoration.job import prepare
from vidrestore.video.facts.frame_count import expected_frames
from vidrestore.video.facts.probe import probe


def test_loading_and_compiling_do_not_count_for_the_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    meter = Meter(total=100, before=0)
    now = 60.0  # loading
    seen = []
    for _ in range(5):
        for _ in range(4):  # a batch
            now += 0.001
            meter.tick()
            seen.append(meter.eta)
        now += 1.996
    assert seen[:4] == [None] * 4, "of one batch nothing can be said"
    assert seen[4] == pytest.approx(95 / 2) and seen[19] == pytest.approx(80 / 2)
    assert meter.fps == pytest.approx(2)


def test_plain_lines_tell_minutes() -> None:
    meter = Meter(total=1000, before=0)
    meter.done, meter._marks = 40, [(0.0, 1), (10.0, 31)]
    assert progress._plain_line(meter) == "frame 40 of 1000, 3.0 fps, 5:20 left"
    meter._marks = [(0.0, 1), (1000.0, 31)]
    assert progress._plain_line(meter) == "frame 40 of 1000, 0.0 fps, 8:53:20 left"


@pytest.mark.parametrize("suffix", [".mkv", ".ts", ".flv"])
def test_containers_without_a_count_have_a_duration_and_a_rate(suffix: str, tmp_path: Path) -> None:
    info = probe(make_clip(tmp_path / f"in{suffix}", frames=50, rate=Fraction(25)))
    assert info.frames is None
    assert expected_frames(info, Reading()) == pytest.approx(50, abs=2)
    assert expected_frames(info, Reading(start=10, end=30)) == 20
    assert expected_frames(info, Reading(start=Fraction(1))) == pytest.approx(25, abs=2)


def test_matroska_has_a_total(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "in.mkv", frames=12)
    words = ["interpolate", str(clip), str(tmp_path / "out.mkv"), "--quality", "fast", "--progress", "json"]
    said = CliRunner().invoke(app, words).stderr.splitlines()
    last = json.loads([line for line in said if line.startswith("{")][-1])
    assert (last["frame"], last["total"], last["eta"]) == (24, 24, 0)


@pytest.mark.parametrize(("frames", "tried"), [(12, 2), (60, 3), (400, trial.FRAMES)])
def test_a_trial_is_short_where_the_run_is(frames: int, tried: int, tmp_path: Path) -> None:
    seen = []

    def watched(given, _):
        for frame in run(Identity("luma"), given, engine=choose(TORCH), settings=TORCH):
            seen.append(frame)
            yield frame

    clip = make_clip(tmp_path / "in.mkv", frames=frames, size=(32, 32))
    stages = (replace(made("identity", watched), facts=Facts(engine="torch", seconds=6.0, frames=3)),)
    found = trial.estimate(prepare(clip, tmp_path / "out.mkv", stages, reading=Reading(), encoding=Encoding()))
    assert len(seen) == tried and found.seconds_per_frame > 2 and found.facts.engine == "torch"


def test_a_trial_of_steps_counts_each_for_its_own_frames(tmp_path: Path) -> None:
    """4 s for each frame of the source, of which 2 of the result come, and 1 s for each of those: 3 s."""
    clip = make_clip(tmp_path / "in.mkv", frames=12, size=(32, 32))

    def twice(given, _):
        for frame in given:
            half = frame.duration / 2
            yield from (replace(frame, duration=half), replace(frame, pts=frame.pts + half, duration=half))

    first = replace(made("first", lambda given, _: given), facts=Facts(seconds=8.0, frames=2))
    second = replace(made("second", twice), facts=Facts(seconds=4.0, frames=4), timing=ByFactor(Fraction(2)))
    job = prepare(clip, tmp_path / "out.mkv", (first, second), reading=Reading(), encoding=Encoding())
    assert trial.estimate(job).seconds_per_frame == pytest.approx(3, abs=0.5)


def test_a_trial_ends_within_a_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 99 new pictures between two frames it waits for no more than there is time for."""
    made_so_far = []

    def slowly(self: FlowInterpolator, first: Tensor, second: Tensor, *gap: Fraction, now: bool) -> Begun:
        def make(times: Sequence[Fraction]) -> Iterator[Tensor]:
            for _ in times:
                made_so_far.append(time.sleep(0.2))
                yield first

        return make

    monkeypatch.setattr(trial, "SECONDS", 0.5)
    monkeypatch.setattr(FlowInterpolator, "begin", slowly)
    clip = make_clip(tmp_path / "in.mkv", frames=12, size=(64, 48))
    words = ["interpolate", str(clip), str(tmp_path / "out.mkv"), "--slow-motion", "100", "--quality", "fast"]
    plan = json.loads(CliRunner().invoke(app, [*words, "--dry-run", "--json"]).stdout)
    assert 2 <= len(made_so_far) <= 4, "half a second, and the picture that is looked ahead to"
    assert 0.1 < plan["seconds_per_frame"] < 0.6
