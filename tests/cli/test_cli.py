"""The command line: exit codes, one-line errors, JSON alone on stdout, nothing left behind."""

import csv
import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from tests.clips import make_clip
from vidrestore import __version__
from vidrestore.cli import app
from vidrestore.cli.commands.evaluation.evaluate import BASELINES as NAMED
from vidrestore.models.networks.espcn import Espcn
from vidrestore.models.weights import files as weights
from vidrestore.models.weights import manifest
from vidrestore.training.evaluate.baselines import BASELINES
from vidrestore.training.log import Log
from vidrestore.training.loop import Progress, Training


def invoke(*args: object, env: dict[str, str] | None = None):
    return CliRunner().invoke(app, [str(a) for a in args], env={"COLUMNS": "200", **(env or {})})


def refused(code: int, *args: object, says: str, env: dict[str, str] | None = None) -> None:
    """The command ends with `code` and exactly one line on stderr that holds `says`."""
    result = invoke(*args, env=env)
    lines = result.stderr.strip().splitlines()
    assert result.exit_code == code, result.output
    assert len(lines) == 1, lines
    assert says in lines[0]
    assert result.stdout == ""


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return make_clip(tmp_path / "in.mp4", frames=12, audio=1)


def test_upscale_says_what_it_did_in_json(clip: Path, tmp_path: Path) -> None:
    result = invoke("upscale", clip, tmp_path / "out.mp4", "-s", 2, "--json", "-q")
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    report = json.loads(result.stdout)
    keys = "input output model engine device precision frames_in frames_out width height duration_in duration_out"
    assert set(keys.split()) | {"seconds", "fps", "stages", "cuts", "warnings"} <= set(report)
    assert (report["frames_in"], report["frames_out"]) == (12, 12)
    assert (report["width"], report["height"]) == (128, 96)
    assert report["duration_in"] == report["duration_out"] == pytest.approx(0.4)
    assert report["model"] == "robust-x2"  # the clip is compressed
    assert set(report["stages"]) == {"decode", "upscale", "encode"}


def test_default_output_lies_beside_the_input(clip: Path) -> None:
    assert invoke("upscale", clip, "-s", 3).exit_code == 0
    assert clip.with_name("in_x3.mp4").exists()


def test_wrong_usage_is_one_line_and_two(clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    refused(2, "upscale", clip, out, "-s", 5, says="--scale 5")
    refused(2, "upscale", tmp_path / "none.mp4", out, says="none.mp4")
    refused(2, "upscale", clip, clip, says="input")
    refused(2, "upscale", clip, tmp_path / "no" / "folder.mp4", says="folder")
    refused(2, "upscale", clip, tmp_path / "out.xyz", says=".xyz")
    refused(2, "upscale", clip, out, "-c", "nonsense", says="nonsense")
    refused(2, "upscale", clip, out, "--preset", "nonsense", says="nonsense")
    refused(2, "upscale", clip, out, "-e", "nonsense", says="nonsense")
    refused(2, "upscale", clip, out, "--start", "soon", says="soon")
    refused(2, "upscale", clip, out, "--tile", "-3", says="--tile")
    refused(2, "upscale", clip, out, "--tile", "8", says="8")
    refused(2, "upscale", clip, out, "--device", "cuda:99", says="cuda:99")
    out.write_bytes(b"precious")
    refused(2, "upscale", clip, out, says="-y")
    assert out.read_bytes() == b"precious"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.mp4", "out.mp4"]


def test_an_unwritable_folder_is_refused(clip: Path, tmp_path: Path) -> None:
    refused(2, "upscale", clip, "/proc/out.mp4", says="/proc")


def test_bad_input_is_one_line_and_three(tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    for name, content in (("text.mp4", b"hello\n" * 30), ("text.txt", b"hello\n" * 30), ("empty.mp4", b"")):
        (tmp_path / name).write_bytes(content)
        refused(3, "upscale", tmp_path / name, out, says=name)
    folder = tmp_path / "folder"
    folder.mkdir()
    refused(3, "upscale", folder, out, says="folder")
    for i, size in enumerate(((8, 8), (8, 10))):
        cv2.imwrite(str(folder / f"{i}.png"), np.zeros((*size, 3), np.uint8))
    refused(3, "upscale", folder, out, says="1.png")
    assert not out.exists()


def test_models_and_weights_end_with_four(clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    refused(4, "upscale", clip, out, "-m", "nonsense", says="nonsense")
    refused(4, "upscale", clip, out, "-m", "espcn-x3", "-s", 2, says="x3")
    refused(4, "models", "info", "nonsense", says="nonsense")
    folder = tmp_path / "weights"
    shutil.copytree(manifest.folder(), folder)
    data = bytearray((folder / "aligned-x2.safetensors").read_bytes())
    data[-1] ^= 1
    (folder / "aligned-x2.safetensors").write_bytes(data)
    refused(4, "upscale", clip, out, "--source", "clean", says="damaged", env={"VIDRESTORE_WEIGHTS": str(folder)})
    assert invoke("models", "verify", env={"VIDRESTORE_WEIGHTS": str(folder)}).exit_code == 4
    assert not out.exists()


def test_a_mistyped_model_is_answered_with_those_of_its_scale() -> None:
    message = invoke("upscale", "in.mp4", "-m", "espcm-x2").stderr
    assert "did you mean espcn-x2?" in message and "aligned-x2" in message
    assert "-x3" not in message and "-x4" not in message
    assert "there are: espcn-x3\n" in invoke("upscale", "in.mp4", "-s", 3, "-m", "nonsense").stderr


@pytest.mark.parametrize("command", ["models info", "upscale in.mp4 -m", "interpolate in.mp4 -m", "deblur in.mp4 -m"])
def test_another_programs_checkpoint_runs_or_leads_to_convert(command: str, tmp_path: Path) -> None:
    (tmp_path / "own.pth").touch()
    (tmp_path / "own.h5").touch()
    said = "`vidrestore models convert FILE" if "interpolate" in command else "damaged, or no checkpoint"
    refused(4, *command.split(), tmp_path / "own.pth", says=said)
    refused(4, *command.split(), tmp_path / "own.h5", says="`vidrestore models convert FILE")
    for suffix in ("pth", "param", "h5"):
        refused(4, *command.split(), tmp_path / f"none.{suffix}", says="no such file")


def test_models_info_of_a_weight_file(tmp_path: Path) -> None:
    path = tmp_path / "own.safetensors"
    path.write_bytes(weights.written(Espcn(3), task="upscale", model="espcn", args={"scale": 3}))
    found = json.loads(invoke("models", "info", path, "--json").stdout)
    assert (found["task"], found["model"], found["args"]) == ("upscale", "espcn", {"scale": 3})


def test_evaluate_knows_the_baselines() -> None:
    assert set(BASELINES) == set(NAMED)
    refused(4, "evaluate", "averag", "--data", ".", says="did you mean average?")


def test_models_lists_what_is_shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDRESTORE_MODELS", str(tmp_path))  # other tests may have got some
    listed = json.loads(invoke("models", "list", "--json").stdout)["models"]
    assert listed.keys() == manifest.rows().keys() and listed["espcn-x2"]["parameters"] == 58_212
    assert "espcn-x2" in invoke("models", "list").stdout
    assert json.loads(invoke("models", "verify", "--json").stdout)["verified"] == list(manifest.rows())
    assert json.loads(invoke("models", "info", "espcn-x2", "--json").stdout)["licence"] == "MIT"


def test_dry_run_writes_nothing_and_plans(clip: Path, tmp_path: Path) -> None:
    result = invoke("upscale", clip, tmp_path / "out.mp4", "--dry-run", "--json")
    assert result.exit_code == 0, result.output
    plan = json.loads(result.stdout)
    assert (plan["frames"], plan["width"], plan["height"]) == (12, 128, 96)
    assert {"engine", "tile", "seconds", "streams"} <= set(plan)
    assert [p.name for p in tmp_path.iterdir()] == ["in.mp4"]


def test_progress_as_json_lines(clip: Path, tmp_path: Path) -> None:
    result = invoke("upscale", clip, tmp_path / "out.mp4", "--progress", "json")
    events = [json.loads(line) for line in result.stderr.splitlines() if line.startswith("{")]
    assert events[-1] | {"fps": 0, "eta": 0} == {"event": "progress", "frame": 12, "total": 12, "fps": 0, "eta": 0}


def test_a_part_of_a_video(clip: Path, tmp_path: Path) -> None:
    result = invoke("upscale", clip, tmp_path / "a.mp4", "--start", "3f", "--end", "00:00:00.3", "--json", "-q")
    report = json.loads(result.stdout)
    assert report["frames_out"] == 6
    assert report["duration_out"] == pytest.approx(0.2)


def test_pictures_in_and_out(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for i in (1, 2, 10):
        cv2.imwrite(str(folder / f"frame_{i}.png"), rng.integers(0, 65536, (20, 30, 3)).astype(np.uint16))
    assert invoke("upscale", folder, tmp_path / "out", "-m", "espcn", "-q").exit_code == 0
    made = sorted((tmp_path / "out").glob("*.png"))
    assert len(made) == 3
    picture = cv2.imread(str(made[0]), cv2.IMREAD_UNCHANGED)
    assert picture.dtype == np.uint16
    assert picture.shape == (40, 60, 3)
    assert invoke("upscale", folder / "frame_1.png", tmp_path / "one.png", "-m", "espcn", "-q").exit_code == 0
    one = cv2.imread(str(tmp_path / "one.png"), cv2.IMREAD_UNCHANGED)
    assert (one == picture).all()
    assert invoke("upscale", folder, tmp_path / "out.mp4", "--rate", "59.94", "--json", "-q").exit_code == 0
    info = json.loads(invoke("info", tmp_path / "out.mp4", "--json").stdout)
    assert Fraction(info["rate"]) == Fraction(60000, 1001)


def test_evaluate_prints_the_table_with_bicubic_beside_it(shared_data: Path) -> None:
    result = invoke("evaluate", "espcn-x2", "--data", shared_data / "eval/set5", "--json")
    table = json.loads(result.stdout)
    assert len(table["pictures"]) == 5
    assert table["mean"]["bicubic_psnr_y"] == pytest.approx(33.66, abs=0.02)
    assert table["mean"]["psnr_y"] >= 37.2


def test_evaluate_takes_a_weight_file_of_ones_own(shared_data: Path, tmp_path: Path) -> None:
    entry = manifest.rows()["espcn-x2"]
    own = tmp_path / "own.safetensors"
    own.write_bytes(weights.written(weights.load(entry), task="upscale", model=entry.model, args=entry.args))
    shipped, again = (
        json.loads(invoke("evaluate", name, "--data", shared_data / "eval/set5", "--json").stdout)["mean"]
        for name in ("espcn-x2", own)
    )
    assert again == shipped
    table = invoke("evaluate", own, "espcn-x2", "--data", shared_data / "eval/set5", "--table", "--json")
    methods = json.loads(table.stdout)["methods"]
    assert methods[str(own)] == methods["espcn-x2"]


def test_the_version_is_told() -> None:
    assert invoke("--version").stdout == f"vidrestore {__version__}\n"


def test_training_from_the_command_line(tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for i in range(4):
        small = np.random.default_rng(i).integers(0, 256, (20, 20, 3), dtype=np.uint8)
        cv2.imwrite(str(pictures / f"{i}.png"), cv2.resize(small, (160, 160)))
    out = tmp_path / "run"
    result = invoke("train", "espcn-x2", "--data", pictures, "--steps", 3, "--out", out, "--workers", 0)
    assert result.exit_code == 0, result.output
    assert (out / "best.safetensors").is_file()
    assert list(out.glob("events.out.tfevents*"))
    header, *rows = csv.reader((out / "log.csv").read_text().splitlines())
    assert header == ["step", "loss", "psnr", "baseline", "more"] and rows and all(len(row) == 5 for row in rows)
    settings = json.loads((out / "settings.json").read_text())
    assert settings["name"] == "espcn-x2" and settings["steps"] == int(rows[-1][0])
    assert settings["recipe"]["args"] == {"scale": 2} and settings["recipe"]["learning_rate"] == 1e-3
    refused(2, "train", "espcn-x2", "--data", pictures, "--out", out, says="--resume")
    refused(2, "train", "nonsense", "--data", pictures, says="espcn-x2")
    refused(2, "train", "espcn-x2", "--data", tmp_path / "none", says="--data")


def _command(*args: object) -> list[str]:
    return [sys.executable, "-m", "vidrestore", *map(str, args)]


def test_a_log_goes_on_where_the_checkpoint_was(tmp_path: Path) -> None:
    log = Log(tmp_path)
    for step in (100, 200, 300):
        log.write(Progress(step, 1000, 1 / step, 30.0, 29.0))
    log = Log(tmp_path, step=200)
    log.write(Progress(300, 1000, 0.5, 31.0, 29.0))
    steps = [row.split(",")[:2] for row in (tmp_path / "log.csv").read_text().splitlines()[1:]]
    assert steps == [["100", "0.01"], ["200", "0.005"], ["300", "0.5"]]
    assert not (tmp_path / "other").exists() and Log(tmp_path / "other", rank=1).write(Progress(1, 1, 0.0)) is None


@pytest.mark.parametrize("columns", [50, 60, 80])
def test_help_keeps_sentences_in_narrow_terminals(columns: int) -> None:
    for command in ("evaluate", "upscale"):
        wide = {**os.environ, "COLUMNS": str(columns)}  # the runner of tests has a width of its own
        text = subprocess.run(_command(command, "--help"), env=wide, capture_output=True, text=True, check=True).stdout
        lines = text.splitlines()
        assert max(map(len, lines)) <= columns, command
        assert "<bool>" not in text
        alone = [line for line in lines if re.fullmatch(r"\s{12,}[a-z]+\.?", line)]
        assert len(alone) <= len(lines) / 10, alone


def test_options_are_shown_in_groups() -> None:
    text = invoke("upscale", "--help").stdout.partition("Example:")[2].partition("Arguments:")
    text = "".join(text[1:])
    order = ["Arguments:", "Options:", "--scale", "Input:", "--start", "Encoding:", "--crf", "Compute:", "--tile"]
    assert sorted(order, key=text.index) == order


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("upscale in.mp4 -s 1.5", "--scale 1.5 is not possible: networks enlarge 2, 3, 4 or 8 times"),
        ("upscale in.mp4 -s two", "--scale two is not a number; choose one of 2, 3, 4, 8"),
        ("restore in.mp4 -s 2.5", "--scale 2.5 is not possible"),
        ("upscale https://example.org/in.mp4", "https://example.org/in.mp4 is an address, and only files are read"),
        ("info rtsp://camera/1", "rtsp://camera/1 is an address"),
        ("metrics in.mp4 https://example.org/b.mp4", "only files are read; download it first"),
        ("upscale in.mp4 https://example.org/out.mp4", "is an address, and results are files"),
        ("info none.mp4", "none.mp4: no such file or folder; check the name"),
    ],
)
def test_what_a_newcomer_types_is_answered(words: str, says: str, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(clip.parent)
    refused(2, *words.split(), says=says)


def test_the_sources_own_rate_is_said(clip: Path, tmp_path: Path) -> None:
    words = ("interpolate", clip, tmp_path / "out.mp4", "--quality", "fast", "-y", "--json")
    same = json.loads(invoke(*words, "--fps", 30).stdout)["warnings"]
    assert any(note.startswith("30 frames per second is the source's own rate") for note in same)
    assert not json.loads(invoke(*words, "--fps", 60).stdout)["warnings"]


def test_help_is_instant() -> None:
    """--help imports nothing heavy. How long it takes is not asked: a busy machine makes times mean nothing here."""
    heavy = ("torch", "av", "cv2", "numpy", "openvino")
    code = f"import sys, vidrestore.cli.program; print([m for m in {heavy} if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
    result = invoke("--help")
    assert result.exit_code == 0
    for command in ("upscale", "info", "models", "train", "evaluate"):
        assert command in result.stdout


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_killed_run_leaves_nothing_under_the_targets_name(tmp_path: Path, how: signal.Signals) -> None:
    source = make_clip(tmp_path / "in.mp4", frames=200, size=(160, 120))
    out = tmp_path / "out.mp4"
    running = subprocess.Popen(
        _command("upscale", source, out, "-s", 4),
        stderr=subprocess.PIPE,
        # Background jobs inherit an ignored SIGINT from their shell, and Python leaves it so.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("*.part.*")) and running.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert list(tmp_path.glob("*.part.*")), running.stderr.read() if running.poll() is not None else "no part file"
    running.send_signal(how)
    _, errors = running.communicate(timeout=60)
    assert not out.exists(), errors
    if how is not signal.SIGKILL:
        assert running.returncode == 128 + how
        assert errors.decode().splitlines()[-1] == "vidrestore: interrupted; nothing was written"
        assert [p.name for p in tmp_path.iterdir()] == ["in.mp4"]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name, seed in (("a", 1), ("b", 2), ("c", 3)):
        small = np.random.default_rng(seed).integers(0, 256, (12, 16, 3), dtype=np.uint8)
        cv2.imwrite(str(folder / f"{name}.png"), cv2.resize(small, (128, 112)))
    return folder


def test_evaluate_counts_a_black_picture_as_perfect_and_no_more(photos: Path) -> None:
    cv2.imwrite(str(photos / "black.png"), np.zeros((96, 96, 3), np.uint8))
    result = invoke("evaluate", "espcn-x2", "--data", photos, "--json", "--engine", "torch")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    scores = sorted(row["psnr_y"] for row in found["pictures"])
    assert len(scores) == 4 and scores[2] < 60 and scores[3] == 100
    assert found["mean"]["psnr_y"] == pytest.approx(np.mean(scores))


def test_an_input_is_never_a_byproduct(photos: Path) -> None:
    one, other = photos / "a.png", photos / "b.png"
    before = one.read_bytes()
    refused(2, "metrics", one, other, "--plot", one, "-y", says="a.png is the input itself")
    refused(2, "metrics", one, other, "--diff", other, "-y", says="b.png is the input itself")
    refused(2, "metrics", one, other, "--diff", photos / "c.png", "-y", says="c.png is a file; name a folder")
    refused(2, "split-scenes", photos / "none.mp4", "--csv", one, "-y", says="none.mp4: no such file")
    assert one.read_bytes() == before


def test_a_path_that_the_system_refuses_is_one_line(clip: Path, tmp_path: Path) -> None:
    refused(2, "upscale", clip, tmp_path / f"{'long' * 80}.mp4", says="File name too long; give another path")
    refused(2, "info", tmp_path / f"{'long' * 80}.mp4", says="File name too long; give another path")
    refused(2, "upscale", clip, tmp_path / "o.mp4", "--start", "1/0", says="--start 1/0 is not a moment")


@pytest.mark.parametrize(
    ("number", "code", "says"),
    [
        (errno.ENOSPC, 5, "the disk is full"),
        (errno.EFBIG, 5, "ulimit -f"),
        (errno.EMFILE, 5, "ulimit -n"),
        (errno.ENOMEM, 5, "out of memory"),
        (errno.EACCES, 2, os.strerror(errno.EACCES)),
        (errno.ELOOP, 2, os.strerror(errno.ELOOP)),
    ],
)
def test_a_refusal_has_its_own_code(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: int, says: str
) -> None:
    def refusing(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number), str(tmp_path / "x"))

    monkeypatch.setattr("vidrestore.video.facts.probe.probe", refusing)
    refused(code, "info", clip, says=says)
    with pytest.raises(FileNotFoundError):
        number = errno.ENOENT  # nothing that a user named: a bug, and shows its traceback
        raise invoke("info", clip).exception


def test_train_refuses_what_would_have_no_effect(photos: Path, tmp_path: Path) -> None:
    data = ("--data", photos, "--out", tmp_path / "run")
    network = tmp_path / "weights.safetensors"
    network.write_bytes(b"any")
    refused(2, "train", "espcn-x2", *data, "--init", network, "--resume", says="--init is where a run begins")
    refused(2, "train", "espcn-x2", *data, "--vgg", network, says="espcn-x2 does not")


def test_an_interrupted_training_says_how_to_go_on(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(training: Training, _: object) -> Path:
        if training.steps > 1:
            training.out.mkdir(exist_ok=True)
            training.save()
        raise KeyboardInterrupt

    monkeypatch.setattr(Training, "run", interrupted)
    command = ("train", "espcn-x2", "--data", photos, "--out", tmp_path / "run", "--workers", 0, "--steps")
    early = invoke(*command, 1)
    assert early.exit_code == 130 and "interrupted; no checkpoint was reached" in early.stderr
    late = invoke(*command, 2)
    assert late.exit_code == 130
    assert f"interrupted; go on from {tmp_path / 'run' / 'last.pt'} with --resume" in late.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("upscale in.mp4 o.mp4 --start 1e400", "--start 1e400 is not a moment"),
        ("upscale in.mp4 o.mp4 --start 1e999999999", "is not a moment"),
        ("upscale in.mp4 o.mp4 --start 99999999999999999999f", "is not a moment"),
        ("upscale in.mp4 o.mp4 --end 999999999:00:00", "is later than any video goes"),
        ("upscale in.mp4 o.mp4 --start -5", "--start -5 lies before the beginning; give 0 or more"),
        ("upscale in.mp4 o.mp4 --start 2 --end 1", "--end 1 is not later than --start 2"),
        ("upscale in.mp4 o.mp4 -e crf=1000", "-e crf=1000 is outside what libx264 takes: 0 (best) to 51"),
        ("upscale in.mp4 o.mp4 --max-memory 1e999999999", "is not an amount of memory"),
        ("interpolate in.mp4 o.mp4 --fps 1e-9", "--fps 1e-9 is not a frame rate"),
        ("interpolate in.mp4 o.mp4 --slow-motion 1e999999999", "is not possible"),
        ("upscale in.mp4 o.mp4 -s 1e999999999", "--scale 1e999999999 is not a number"),
    ],
)
def test_numbers_beyond_all_bounds_are_refused(
    words: str, says: str, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(clip.parent)
    refused(2, *words.replace("in.mp4", clip.name).split(), says=says)


def test_an_offset_beyond_all_bounds_is_refused(clip: Path) -> None:
    result = invoke("metrics", clip, clip, "--offset", 99999999999999999999)
    assert result.exit_code == 2 and "Traceback" not in result.stderr


def test_a_limit_of_file_size_ends_with_5(clip: Path, tmp_path: Path) -> None:
    words = _command("upscale", str(clip), str(tmp_path / "out.mp4"), "-m", "espcn", "--lossless", "--engine", "torch")
    ended = subprocess.run(["sh", "-c", 'ulimit -f 1; "$@"', "sh", *words], capture_output=True, text=True, check=False)
    assert (ended.returncode, "ulimit -f" in ended.stderr) == (5, True), ended.stderr
    assert not list(tmp_path.glob("out*"))


@pytest.mark.parametrize("files", [5, 6])
def test_a_limit_of_open_files_that_no_command_is_read_under(tmp_path: Path, files: int) -> None:
    """Below 5 Python itself does not start."""
    path = make_clip(tmp_path / "in.mp4", frames=2)
    words = [sys.executable, "-m", "vidrestore", "upscale", str(path), str(tmp_path / "out.mp4")]
    limited = ["sh", "-c", f'ulimit -n {files}; exec "$@"', "sh", *words]
    ended = subprocess.run(limited, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr.count("\n"), "ulimit -n" in ended.stderr) == (5, 1, True), ended.stderr
