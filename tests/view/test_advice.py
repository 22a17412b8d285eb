"""What info advises: seen on real files, and its commands run as printed."""

import json
import shlex
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from tests.clips import make_clip
from vidrestore.cli import app
from vidrestore.video.facts.repeats import share_of_repeats


def advice_of(path: Path) -> list[dict[str, str]]:
    done = CliRunner().invoke(app, ["info", "--json", str(path)])
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)["advice"]


@pytest.mark.parametrize(
    ("name", "said", "words"),
    [
        ("interlaced_bff.mkv", ["interlaced", "small"], "--deinterlace auto"),
        ("interlaced_h264.mp4", ["compressed", "small", "all of it in one pass"], "--clean -s 2"),
        ("cursed_vfr.mp4", ["frames last unevenly"], "--fps 30"),
        ("yuv444.mkv", ["small", "70% of the moving pictures only repeat"], "--duplicates retime"),
        ("h263_176x144.3gp", ["noisy", "small", "all of it in one pass"], "-s 4"),
        ("high_fps_60.mp4", ["compressed"], ""),
    ],
)
def test_what_real_files_need(name: str, said: list[str], words: str, shared_data: Path) -> None:
    advice = advice_of(shared_data / "clips" / name)
    assert [each["reason"][: len(text)] for each, text in zip(advice, said, strict=True)] == said
    assert advice[-1]["command"].endswith(words)


def test_a_good_file_needs_nothing(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "in.mkv", frames=20, size=(1280, 720), options={"qp": "0", "preset": "ultrafast"})
    assert advice_of(clip) == []


def test_commands_run_as_printed_whatever_the_file_is_called(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "it's <b>a $(name)<b>.mkv", frames=4, options={"crf": "50"})
    done = CliRunner().invoke(app, ["info", str(clip)])
    lines = [line.partition(": ")[2] for line in done.stdout.splitlines() if line.startswith("advice")]
    program, *words = shlex.split(lines[0])
    assert program == "vidrestore" and str(clip) in words
    assert CliRunner().invoke(app, [*words, "--dry-run", "--engine", "torch"]).exit_code == 0


def moving(number: int) -> np.ndarray:
    y, x = np.mgrid[:64, :96]
    return (128 + 100 * np.sin((x + 4 * number) / 9) * np.cos(y / 7)).astype(np.float32)


def test_the_share_of_repeats() -> None:
    for hold, share in ((1, 0), (2, 1 / 2), (4, 3 / 4)):
        found = share_of_repeats([moving(n // hold) for n in range(72)], Fraction(24))
        assert found == pytest.approx(share, abs=0.04)
    assert share_of_repeats([moving(0)] * 72, Fraction(24)) == 0, "nothing moves"
    assert share_of_repeats([moving(0), moving(1)[:32]], Fraction(24)) == 0
    assert share_of_repeats([], Fraction(24)) == 0
