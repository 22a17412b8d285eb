"""vidrestore restore: several steps, one pass, the same pictures as one after the other."""

import json
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from tests.clips import make_clip
from vidrestore.cli import app

EXACT = ("-c", "ffv1", "--pix-fmt", "gbrp16le", "--engine", "torch", "--precision", "fp32", "-y", "-q", "--json")


def run(command: str, *words: object) -> dict[str, object]:
    result = CliRunner().invoke(app, [command, *map(str, words)])
    assert result.exit_code == 0, result.output
    report: dict[str, object] = json.loads(result.stdout)
    return report


def shown(path: Path) -> list[tuple[Fraction, bytes]]:
    with av.open(str(path)) as container:
        return [(frame.pts * frame.time_base, frame.to_ndarray().tobytes()) for frame in container.decode(video=0)]


def test_it_does_what_it_is_told_in_its_order(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mp4", frames=6, audio=1, size=(64, 48))
    report = run("restore", source, tmp_path / "out.mp4", "-s", 2, "-x", 2, "--deblur", "--json", "-q")
    assert report["model"] == "unblur-video+flow+robust-x2"
    assert list(report["stages"]) == ["decode", "deblur", "interpolate", "upscale", "encode"]  # type: ignore[call-overload]
    assert (report["width"], report["height"], report["frames_in"], report["frames_out"]) == (128, 96, 6, 12)
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert [stream.type for stream in container.streams] == ["video", "audio"]
        times = [frame.time for frame in container.decode(video=0)]
    assert times == pytest.approx([n / 60 for n in range(12)])


@pytest.mark.parametrize(
    ("option", "command", "words"),
    [("--deblur", "deblur", ()), ("-x3", "interpolate", ("-x", 3)), ("--fps=24", "interpolate", ("--fps", 24)),
     ("-s2", "upscale", ("-s", 2)), ("-s3", "upscale", ("-s", 3))],
)  # fmt: skip
def test_one_step_is_what_its_own_command_makes(
    option: str, command: str, words: tuple[object, ...], tmp_path: Path
) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=5, size=(64, 48))
    one, other = tmp_path / "one.mkv", tmp_path / "other.mkv"
    assert run("restore", source, one, option, *EXACT)["model"] == run(command, source, other, *words, *EXACT)["model"]
    assert shown(one) == shown(other)


def test_two_steps_are_one_after_the_other_without_a_file_between(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=5, size=(64, 48), codec="ffv1", pix_fmt="gbrp10le")
    run("restore", source, tmp_path / "both.mkv", "-x", 2, "-s", 3, *EXACT)
    run("interpolate", source, tmp_path / "middle.mkv", "-x", 2, *EXACT)
    run("upscale", tmp_path / "middle.mkv", tmp_path / "end.mkv", "-s", 3, *EXACT)
    both, end = shown(tmp_path / "both.mkv"), shown(tmp_path / "end.mkv")
    assert [when for when, _ in both] == [when for when, _ in end] and len(both) == 10
    apart = [
        abs(np.frombuffer(one, np.uint16).astype(int) - np.frombuffer(other, np.uint16)) / 257
        for (_, one), (_, other) in zip(both, end, strict=True)
    ]
    assert max(frame.max() for frame in apart[::2]) < 0.02, "the source's frames"
    # The file between clips what a new frame has beyond black and white, at the hard edges of this pattern.
    assert max(np.median(frame) for frame in apart) < 0.01


def test_a_folder_of_pictures_and_a_name_beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run("extract-frames", make_clip(tmp_path / "in.mkv", frames=3, size=(64, 48)), "frames", "--json", "-q")
    report = run("restore", "frames", "-s", 2, "--deblur", "--json", "-q")
    assert report["output"] == "frames_restored" and len(list((tmp_path / "frames_restored").glob("*.png"))) == 3


def test_a_single_picture_is_restored_as_by_its_own_commands(tmp_path: Path) -> None:
    source = tmp_path / "in.png"
    cv2.imwrite(str(source), np.random.default_rng(1).integers(0, 256, (48, 64, 3), np.uint8))
    for command, words in (("upscale", ["-s", "2"]), ("deblur", [])):
        run("restore", source, tmp_path / "one.png", *(words or ["--deblur"]), "--json", "-q", "-y")
        run(command, source, tmp_path / "other.png", *words, "--json", "-q", "-y")
        assert (tmp_path / "one.png").read_bytes() == (tmp_path / "other.png").read_bytes()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "nothing to do: give one or more of --clean, --deblur, -x or --fps, and --scale"),
        (["-x", "2", "--fps", "60"], "-x 2 and --fps 60 are two timings; give one"),
        (["-s", "5"], "--scale 5 is not possible"),
        (["-x", "0.5"], "-x 0.5 is not possible"),
    ],
)
def test_wrong_calls_are_one_line(words: list[str], says: str, tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=2)
    result = CliRunner().invoke(app, ["restore", str(source), str(tmp_path / "out.mp4"), *words])
    assert result.exit_code == 2 and says in result.stderr and len(result.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "out.mp4").exists()


def test_cuts_are_where_it_is_told(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=5, size=(64, 48))
    one, other, found = tmp_path / "one.mkv", tmp_path / "other.mkv", tmp_path / "found.mkv"
    scenes = tmp_path / "scenes.csv"
    scenes.write_text("Scene Number,Start Frame,End Frame\n1,1,2\n2,3,5\n")
    run("restore", source, one, "-x", 2, "--cuts", scenes, *EXACT)
    run("interpolate", source, other, "-x", 2, "--cuts", scenes, *EXACT)
    run("restore", source, found, "-x", 2, "--cuts", "none", *EXACT)
    assert shown(one) == shown(other) != shown(found)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ("-s", "2", "--cuts", "none"),
            "--cuts none is for new frames and cleaning; give -x",
        ),
        (("-x", "2", "--cuts", "none.csv"), "there is no such file"),
    ],
)
def test_cuts_that_cannot_be_are_refused(words: tuple[str, ...], says: str, tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=5, size=(64, 48))
    result = CliRunner().invoke(app, ["restore", str(source), str(tmp_path / "out.mkv"), *words])
    assert (result.exit_code, says in result.stderr) == (2, True), result.stderr
