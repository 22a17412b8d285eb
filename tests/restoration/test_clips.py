"""Every odd file of data/clips through `upscale` and `deblur`: the promises are kept, or one line and an exit code."""

import json
from fractions import Fraction
from pathlib import Path

import av
import pytest
from typer.testing import CliRunner

from tests.real_clips import BROKEN_TIMES, CLIPS, NAMES, NOT_VIDEOS, sound
from vidrestore.cli import app
from vidrestore.video.facts.probe import probe

NETWORKS = [
    ("upscale", "espcn", 3),
    pytest.param("upscale", "auto", 3, marks=pytest.mark.slow),
    pytest.param("upscale", "delta", 1, marks=pytest.mark.slow),
    pytest.param("deblur", "unblur-video", 2, marks=pytest.mark.slow),
]
"""And how many frames of each clip; the whole of a few is in `test_whole_clips`."""


def run(command: str, source: Path, target: Path, *options: str) -> tuple[int, dict, str]:
    """Exit code, report and stderr."""
    words = [command, str(source), str(target), "--json", "--preset", "ultrafast", *options]
    result = CliRunner().invoke(app, words, env={"COLUMNS": "200"})
    assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
    return result.exit_code, json.loads(result.stdout) if result.stdout else {}, result.stderr


def times(path: Path, count: int) -> list[Fraction]:
    """When the first frames appear, from the first of them."""
    found: list[Fraction] = []
    with av.open(str(path)) as container:
        stream = next(s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic)
        if path.name == "two_audio_two_subs.mp4":
            stream = container.streams.best("video")
        for packet in container.demux(stream):
            try:
                found += [f.pts * f.time_base for f in packet.decode() if f.pts is not None]
            except av.error.FFmpegError:
                continue
            if len(found) >= count:
                break
    return [t - found[0] for t in found[:count]]


@pytest.mark.parametrize(("command", "model", "frames"), NETWORKS)
@pytest.mark.parametrize("name", NAMES)
def test_first_frames_of_every_clip(name: str, command: str, model: str, frames: int, tmp_path: Path) -> None:
    source, target = CLIPS / name, tmp_path / "out.mp4"
    code, report, errors = run(command, source, target, "--end", f"{frames}f", "-m", model)
    if name in NOT_VIDEOS:
        assert code == 3
        assert len(errors.strip().splitlines()) == 1
        assert name in errors
        assert not target.exists()
        return
    assert code == 0, errors
    info, scale = probe(source), 2 if command == "upscale" else 1
    count = 1 if name == "one_frame.y4m" else frames
    assert report["frames_in"] == report["frames_out"] == count
    assert abs(report["width"] - scale * info.width) <= 1
    assert abs(report["height"] - scale * info.height) <= 1
    assert report["duration_out"] == pytest.approx(report["duration_in"], abs=float(2 / info.rate))
    made = probe(target)
    assert made.colour.depth == info.colour.depth
    assert made.colour.full_range == info.colour.full_range
    assert made.colour.matrix == info.colour.matrix
    assert made.rotation == info.rotation
    assert (made.sample_aspect_ratio or 1) == (info.sample_aspect_ratio or 1)
    if name not in BROKEN_TIMES:
        assert times(target, count) == times(source, count)
    kept, original = sound(target), sound(source)
    if not any("audio" in warning for warning in report["warnings"]):
        # MP4 holds AAC without the 7 bytes of ADTS header that MPEG-TS has before each packet.
        headers = (0, 7) if source.suffix == ".ts" else (0,)
        for a, b in zip(kept, original, strict=False):
            assert b.endswith(a)
            assert len(b) - len(a) in headers
        assert not original or kept or frames == 1  # some sound begins with the second frame


@pytest.mark.skipif(not NAMES, reason="no data/clips")
@pytest.mark.parametrize(
    ("name", "code", "frames"),
    [
        ("truncated_60pct.mp4", 3, None),
        ("corrupted.mp4", 0, None),
        ("h264_10bit.mp4", 0, 30),
        ("slow_motion_sef.mp4", 0, 63),  # of 64: the edit list hides one
        ("no_initial_keyframe.ts", 0, 15),  # of 78: the others precede the first key frame
    ],
)
def test_whole_clips(name: str, code: int, frames: int | None, tmp_path: Path) -> None:
    source, target = CLIPS / name, tmp_path / "out.mp4"
    found, report, errors = run("upscale", source, target, "-m", "espcn")
    assert found == code, errors
    assert report["frames_in"] == report["frames_out"]
    with av.open(str(target)) as container:
        assert sum(1 for _ in container.decode(video=0)) == report["frames_out"]
    assert frames is None or report["frames_out"] == frames
    if code == 3:
        assert any("cut off" in warning for warning in report["warnings"])
    if report["duration_in"] and code == 0 and name != "no_initial_keyframe.ts":
        assert sound(target) == sound(source)
