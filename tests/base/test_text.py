"""Text of strangers: names, titles and tags full of control characters are shown, and never acted on."""

import ast
import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

import vidrestore
from vidrestore.base.text import LONGEST, visible
from vidrestore.cli import app

from ..clips import make_clip, picture

EVIL = "\x1b[31mred\x1b]0;title\x07\r\n\t\x08\x9b\x7f\u202eabc\u2066\u200f\u2028\ufeff[bold]x[/bold]"
NAME = b"a\x1b[2J\x9b\xff\n\xe2\x80\xae".decode("utf-8", "surrogateescape")
"""Of a file: not even UTF-8."""


def test_what_acts_or_hides_is_escaped() -> None:
    assert visible("\x1b[31m\n\t\x7f\x9b\u202e\u2066\u2028") == r"\x1b[31m\n\t\x7f\x9b\u202e\u2066\u2028"
    assert visible("b\udcff\ud800") == r"b\xff\ud800"
    assert visible("Čeština 日本語 می\u200cکنم 👨\u200d👩 a b.mp4") == "Čeština 日本語 می\u200cکنم 👨\u200d👩 a b.mp4"
    assert visible(Path("x")) == "x"


def test_a_long_text_is_cut_in_the_middle() -> None:
    shown = visible("a" * 10**7 + "\nthe way out")
    assert len(shown) <= LONGEST + 1
    assert shown.startswith("aaaa") and shown.endswith("\\nthe way out") and " ... " in shown


def evil_clip(path: Path) -> Path:
    """A clip in which everything that can be named is."""
    with av.open(str(path), "w", metadata_errors="surrogateescape") as output:
        output.metadata.update({"title": EVIL, EVIL.replace("\n", ""): EVIL, "comment": EVIL * 500})
        video = output.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        sound = output.add_stream("aac", rate=48000, layout="mono")
        for stream in (video, sound):
            stream.metadata.update({"title": EVIL, "language": "e\x1b", EVIL.replace("\n", ""): EVIL})
        for index in range(4):
            frame = picture(index, (64, 48), "yuv420p")
            frame.pts = index
            output.mux(video.encode(frame))
        output.mux(video.encode(None))
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        silence.sample_rate = 48000
        output.mux(sound.encode(silence))
        output.mux(sound.encode(None))
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip, pictures, pairs of pictures, a broken clip and a scene list, all of an evil name."""
    folder = tmp_path_factory.mktemp("strangers") / NAME
    folder.mkdir()
    evil_clip(folder / "clip.mkv").rename(folder / f"{NAME}.mkv")
    rng = np.random.default_rng(0)
    for kind in ("pictures", "worse"):
        (folder / kind).mkdir()
        for index in range(2):
            _, data = cv2.imencode(".png", rng.integers(0, 256, (48, 64, 3), np.uint8))
            (folder / kind / f"{NAME}{index}.png").write_bytes(data.tobytes())
    (folder / f"{NAME}.mp4").write_bytes(b"no video")
    (folder / f"{NAME}.csv").write_text(f"{EVIL},{EVIL}\n1,2,{EVIL}\n", encoding="utf-8", newline="")
    return folder


def run(*words: str | Path, code: int | None = None) -> str:
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    assert code in (None, result.exit_code), result.output
    return result.output


def assert_harmless(said: str) -> None:
    assert not [letter for letter in said if letter < " " and letter != "\n"], ascii(said)
    assert not set("\x7f\x9b\u202e\u2066\u200f\u2028\ufeff") & set(said), ascii(said)


COMMANDS: dict[str, tuple[int, tuple[str, ...]]] = {
    "info": (0, ("info", "CLIP")),
    "info of pictures": (0, ("info", "PICTURES")),
    "info in JSON": (0, ("info", "CLIP", "--json")),
    "dry run": (0, ("deblur", "CLIP", "OUT.mkv", "-m", "wiener", "--psf", "disk:2", "--dry-run", "-v")),
    "run": (0, ("deblur", "CLIP", "OUT.mkv", "-m", "wiener", "--psf", "disk:2", "-v", "--progress", "json")),
    "report": (0, ("deblur", "CLIP", "OUT.mp4", "-m", "wiener", "--psf", "disk:2", "--json")),
    "restore": (0, ("restore", "CLIP", "OUT.mkv", "-s", "2", "--dry-run")),
    "upscale": (3, ("upscale", "BROKEN", "OUT.mkv")),
    "interpolate": (0, ("interpolate", "CLIP", "OUT.mkv", "--dry-run")),
    "extract": (0, ("extract-frames", "CLIP", "OUT", "-v")),
    "join": (0, ("join-frames", "PICTURES", "OUT.mkv", "--audio", "CLIP", "-v")),
    "split": (0, ("split-scenes", "CLIP", "OUT", "-v")),
    "split by a list": (2, ("split-scenes", "CLIP", "OUT", "--scenes", "LIST")),
    "metrics": (0, ("metrics", "PICTURES", "WORSE")),
    "metrics in JSON": (0, ("metrics", "PICTURES", "WORSE", "--json")),
    "evaluate": (0, ("evaluate", "espcn-x2", "--data", "PICTURES")),
    "evaluate broken": (3, ("evaluate", "unblur", "--data", "FOLDER")),
    "train": (3, ("train", "espcn-x2", "--data", "FOLDER", "--out", "OUT")),
    "weights": (4, ("upscale", "CLIP", "OUT.mkv", "-m", "BROKEN.safetensors")),
    "convert": (4, ("models", "convert", "BROKEN", "OUT.safetensors", "-m", "sepconv")),
    "a model": (4, ("models", "info", "BROKEN")),
    "a benchmark": (2, ("benchmark", "--compare", "BROKEN", "--only", "start", "--quick")),
    "an unknown option": (2, ("info", "--BROKEN")),
    "an unknown command": (2, ("BROKEN",)),
    "one word too many": (2, ("info", "CLIP", "BROKEN")),
    "a wrong value": (2, ("upscale", "CLIP", "OUT.mkv", "--crf", "BROKEN")),
    "a wrong choice": (2, ("upscale", "CLIP", "OUT.mkv", "--engine", "BROKEN")),
    "a wrong moment": (2, ("upscale", "CLIP", "OUT.mkv", "--start", "BROKEN")),
    "no such file": (2, ("info", "OUT")),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_no_command_prints_what_would_act(name: str, folder: Path, tmp_path: Path) -> None:
    places = {
        "CLIP": f"{folder}/{NAME}.mkv",
        "PICTURES": f"{folder}/pictures",
        "WORSE": f"{folder}/worse",
        "BROKEN": f"{folder}/{NAME}.mp4",
        "LIST": f"{folder}/{NAME}.csv",
        "OUT": f"{tmp_path}/{NAME}",
        "FOLDER": str(folder),
    }
    code, words = COMMANDS[name]
    for place, path in places.items():
        words = tuple(word.replace(place, path) for word in words)
    said = run(*words, code=code)
    assert_harmless(said)
    if "--json" in words:
        json.loads(said)


def test_reports_hold_no_such_text(folder: Path, tmp_path: Path) -> None:
    files = [tmp_path / f"{NAME}{suffix}" for suffix in (".csv", ".html", ".png")]
    options = zip(("--csv", "--report", "--plot"), map(str, files), strict=True)
    said = run("metrics", folder / "pictures", folder / "worse", *(word for pair in options for word in pair), "--json")
    assert json.loads(said)["per_frame"][0]["name"] == f"{NAME}0.png"
    table, page = (file.read_text(encoding="utf-8") for file in files[:2])
    for text in (table, page):
        assert_harmless(text.replace("\r", ""))
        assert r"a\x1b[2J\x9b\xff\n\u202e0.png" in text
    assert len(list(csv.reader(table.splitlines()))) == 3
    assert files[2].stat().st_size > 0


@pytest.mark.parametrize(
    "words",
    [("--help",), ("metrics", "--help"), ("models", "list"), ("info", "CLIP")],
    ids=lambda words: "-".join(words),
)
def test_a_terminal_of_plain_ascii_shows_all(words: tuple[str, ...], tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "ž.mkv", frames=2, metadata={"title": "日本語"})
    words = tuple(str(clip) if word == "CLIP" else word for word in words)
    environment = {**os.environ, "PYTHONIOENCODING": "ascii:strict", "LC_ALL": "C"}
    done = subprocess.run(
        [sys.executable, "-m", "vidrestore", *words], capture_output=True, env=environment, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.isascii() and len(done.stdout) > 100


def test_commands_print_through_one_place() -> None:
    """JSON escapes by itself, lists of scenes are numbers; all else goes through show.py."""
    own = {"__init__.py", "program.py", "progress.py", "show.py"}
    wrong = []
    for path in (Path(vidrestore.__file__).parent / "cli").rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(call, ast.Call) or ast.unparse(call.func) not in ("print", "typer.echo"):
                continue
            said = call.args[0]
            name = ast.unparse(said.func) if isinstance(said, ast.Call) else ""
            if path.name not in own and name not in ("json.dumps", "report.as_json", "scene_list"):
                wrong.append(f"{path.name}: {ast.unparse(call)}")
    assert not wrong, wrong
