"""vidrestore benchmark: figures that hang together, and the comparison of two runs."""

import json
import math
from pathlib import Path

import pytest
import torch
from torch import nn
from typer.testing import CliRunner

from vidrestore.benchmark import networks, report
from vidrestore.benchmark.material import planes, write_clip
from vidrestore.benchmark.pipeline import whole
from vidrestore.benchmark.report import Results, benchmark, changes
from vidrestore.benchmark.request import GROUPS, earlier_figures
from vidrestore.benchmark.row import Effort, Row, measure
from vidrestore.benchmark.start import start
from vidrestore.cli import app
from vidrestore.errors import UsageError
from vidrestore.models.weights import files, manifest
from vidrestore.video.facts.probe import probe

LEAST = Effort(repeats=1, frames=6)


def test_cases_take_turns_and_the_first_turn_is_not_counted():
    turns: list[str] = []
    costs = measure({"a": lambda: turns.append("a"), "b": lambda: turns.append("b")}, repeats=3)
    assert turns == ["a", "b"] * 4
    assert set(costs) == {"a", "b"} and all(0 <= cost.wall < 1 for cost in costs.values())


def test_material_is_the_same_every_time_and_moves():
    first, second = planes(2, height=32, width=48)
    again, _ = planes(2, height=32, width=48)
    assert torch.equal(first.y, again.y) and torch.equal(first.u, again.u)
    assert (first.y[:, 6:].int() - second.y[:, :-6].int()).abs().max() <= 2, "grain"
    assert torch.equal(first.u[:, 3:], second.u[:, :-3])
    assert first.y.float().std() > 10


def test_a_clip_has_what_a_video_has(tmp_path: Path):
    info = probe(write_clip(tmp_path / "a.mp4", frames=5, height=48, width=64))
    assert (info.width, info.height, info.frames, info.rate) == (64, 48, 5, 25)
    assert [stream.kind for stream in info.streams] == ["video", "audio"]


def test_flops_are_those_of_the_layers(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(networks, "HEIGHT", 64)
    monkeypatch.setattr(networks, "WIDTH", 96)
    monkeypatch.setattr(networks, "SIDE", 64)
    entry = manifest.find("espcn-x2", task="upscale")
    monkeypatch.setattr(manifest, "rows", lambda: {"espcn-x2": entry})
    core = files.load(entry).core
    height, width, expected = 64 + 10, 96 + 10, 0  # the halo is laid around the picture before the first layer
    for layer in core:
        if isinstance(layer, nn.Conv2d):
            height, width = height - layer.kernel_size[0] + 1, width - layer.kernel_size[1] + 1
            expected += 2 * layer.weight.numel() * height * width
    rows = networks.networks(LEAST)
    assert {row.name for row in rows} >= {"espcn-x2 torch fp32", "espcn-x2 openvino fp32"}
    for row in rows:
        assert row.value * row.facts["ms"] * 1e6 == pytest.approx(expected)
        assert row.facts["share of matrix product"] > 0


def test_the_whole_pipeline(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("vidrestore.benchmark.pipeline.HEIGHT", 96)
    monkeypatch.setattr("vidrestore.benchmark.pipeline.WIDTH", 128)
    (row,) = whole(LEAST)
    facts = row.facts
    assert facts["of limit"] == pytest.approx(row.value / facts["limit fps"])
    assert {"decode busy", "upscale busy", "encode busy"} <= set(facts)
    assert all(facts[f"{name} alone, processor ms"] > 0 for name in ("decode", "network", "encode"))
    assert facts["peak MiB"] > 50


def test_start_measures_two_starts(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("vidrestore.benchmark.start.SIZE", (48, 64))
    first, again = start(LEAST)
    assert first.unit == again.unit == "s" and min(first.value, again.value, again.facts["processor s"]) > 0.3


def test_changes_put_what_changed_most_first(tmp_path: Path):
    def results(**values: float) -> Results:
        units = {"a": "ms", "b": "fps", "c": "s", "d": "GFLOP/s"}
        rows = tuple(Row("group", name, value, units[name]) for name, value in values.items())
        return Results({}, (), rows)

    old = tmp_path / "old.json"
    old.write_text(report.as_json(results(a=10, b=10, c=10)))
    found = changes(earlier_figures(old), results(a=9, b=30, c=80, d=1))
    assert [(change.key[-1], change.faster) for change in found] == [
        ("c", pytest.approx(1 / 8)),
        ("b", pytest.approx(3)),
        ("a", pytest.approx(10 / 9)),
    ]


@pytest.mark.parametrize("text", ["", "[]", '{"rows": [{"group": "a"}]}'])
def test_a_file_that_is_none_of_ours_is_refused(tmp_path: Path, text: str):
    old = tmp_path / "old.json"
    old.write_text(text)
    with pytest.raises(UsageError, match=r"--compare .*: not what `benchmark --json` writes"):
        earlier_figures(old)


def test_every_group_that_can_be_asked_for_is_measured():
    assert tuple(report.MEASURES) == GROUPS


def test_an_unknown_group_says_which_there_are():
    with pytest.raises(UsageError, match="nothing called 'speed' is measured; there are decode, colour"):
        benchmark(("speed",), LEAST)


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("vidrestore.benchmark.convert.HEIGHT", 64)
    monkeypatch.setattr("vidrestore.benchmark.convert.WIDTH", 96)
    words = ["benchmark", "--quick", "--only", "colour"]
    result = CliRunner().invoke(app, [*words, "--json"])
    assert result.exit_code == 0, result.output
    facts = json.loads(result.stdout)
    assert facts["machine"]["cores"] >= 1 and all(row["group"] == "colour" for row in facts["rows"])
    (tmp_path / "old.json").write_text(result.stdout)
    table = CliRunner().invoke(app, [*words, "--compare", str(tmp_path / "old.json")]).stdout
    assert "colour: planes to luma" in table
    ratios = [float(line.split()[0]) for line in table.splitlines() if "times as fast" in line]
    distances = [abs(math.log(max(ratio, 0.01))) for ratio in ratios]
    assert len(ratios) == len(facts["rows"]) and distances == sorted(distances, reverse=True)
