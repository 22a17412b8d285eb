"""Which commands load torch, seen in processes of their own: it takes seconds, which only real work is worth."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from safetensors.numpy import save_file

from tests.clips import make_clip

HEAVY = ("torch", "openvino", "numba")
RUN = f"""
import json, sys
where = sys.argv[-1]
sys.argv = ["vidrestore", *sys.argv[1:-1]]
from vidrestore.cli import main
try:
    main()
finally:
    with open(where, "w") as file:
        json.dump([name for name in {HEAVY} if name in sys.modules], file)
"""
HELP = f"""
import sys
from typer.main import get_command
from typer.testing import CliRunner
from vidrestore.cli import app

def words(command, before):
    yield before
    for name, each in getattr(command, "commands", {{}}).items():
        yield from words(each, [*before, name])

for each in words(get_command(app), []):
    assert CliRunner().invoke(app, [*each, "--help"]).exit_code == 0, each
    print(" ".join(each))
print([name for name in {HEAVY} if name in sys.modules])
"""


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a clip and a folder of pictures."""
    folder = tmp_path_factory.mktemp("light")
    make_clip(folder / "in.mp4", frames=6, audio=1)
    (folder / "frames").mkdir()
    for number in range(3):
        cv2.imwrite(str(folder / "frames" / f"{number}.png"), np.full((48, 64, 3), 80 * number, np.uint8))
    (folder / "clips").mkdir()
    (folder / "clips" / "in-Scene-001.mp4").write_bytes(b"")
    (folder / "noise.safetensors").write_bytes(b"noise" * 100)
    said = json.dumps({"task": "metrics", "model": "none", "args": {}})
    save_file({"a": np.zeros(1, np.float32)}, folder / "middle.safetensors", metadata={"vidrestore": said})
    return folder


def run(here: Path, words: str) -> tuple[int, list[str], str]:
    """The exit code of a command, which of HEAVY it loaded, and what it said."""
    said = here / "loaded.json"
    command = [sys.executable, "-c", RUN, *words.split(), str(said)]
    done = subprocess.run(command, cwd=here, capture_output=True, text=True, timeout=120)
    return done.returncode, json.loads(said.read_text()), done.stdout + done.stderr


def test_help_of_every_command() -> None:
    done = subprocess.run([sys.executable, "-c", HELP], capture_output=True, text=True, timeout=120, check=True)
    *commands, loaded = done.stdout.splitlines()
    assert {"upscale", "models convert", "benchmark metrics"} <= set(commands)
    assert loaded == "[]"


LIGHT = (
    "--version",
    "info in.mp4",
    "info frames",
    "info frames/0.png",
    "models list",
    "models info espcn-x2",
)
REFUSED = (
    "upscale none.mp4 out.mp4",
    "upscale in.mp4 in.mp4",
    "upscale in.mp4 out.mp4 -s 7",
    "upscale in.mp4 out.mp4 -m nonsense",
    "upscale in.mp4 out.mp4 -m espcn-x3",
    "upscale in.mp4 out.mp4 -c nonsense",
    "upscale in.mp4 out.mp4 --start later",
    "upscale in.mp4 out.mp4 --batch none",
    "upscale in.mp4 out.txt",
    "interpolate in.mp4 out.mp4 --fps 0",
    "interpolate in.mp4 out.mp4 -m sepconv -x 3",
    "interpolate in.mp4 out.mp4 --cuts none.csv",
    "deblur in.mp4 out.mp4 --strength 2",
    "deblur in.mp4 out.mp4 -m wiener --psf nonsense:1",
    "deblur none.mp4 out.mp4 -m wiener --psf gaussian:1",
    "restore in.mp4 out.mp4",
    "restore none.mp4 out.mp4 --deblur -x 2 -s 2",
    "upscale in.mp4 out.mp4 -d nonsense",
    "upscale in.mp4 out.mp4 -d cuda:0,cuda:0",
    "upscale in.mp4 out.mp4 -d cuda --engine openvino",
    "upscale in.mp4 out.mp4 -d cpu --precision fp16",
    "upscale in.mp4 out.mp4 --engine torch --precision int8",
    "upscale in.mp4 out.mp4 -m none.safetensors",
    "upscale in.mp4 out.mp4 -m noise.safetensors",
    "upscale in.mp4 out.mp4 -m middle.safetensors",
    "deblur in.mp4 out.mp4 -m middle.safetensors",
    "interpolate in.mp4 out.mp4 -m noise.safetensors",
    "join-frames none out.mp4",
    "join-frames frames out.mp4 --rate 0",
    "models info nonsense",
    "metrics none.mp4 in.mp4",
    "metrics in.mp4 in.mp4 --metric nonsense",
    "metrics in.mp4 in.mp4 --fail-under psnr",
    "extract-frames none.mp4 out",
    "extract-frames in.mp4 out --start later",
    "split-scenes none.mp4 out",
    "extract-frames in.mp4 out --format jpg --depth 16",
    "extract-frames in.mp4 out --scenes none.csv",
    "extract-frames in.mp4 frames",
    "extract-frames in.mp4 in.mp4",
    "split-scenes in.mp4 out --by-time",
    "split-scenes in.mp4 out --threshold 0",
    "split-scenes in.mp4 in.mp4",
    "split-scenes in.mp4 clips",
    "split-scenes frames out --copy",
    "benchmark --only nonsense",
    "benchmark --compare none.json",
    "models convert in.mp4 out.safetensors --model nonsense",
    "models convert in.mp4 out.txt --model sepconv",
    "models convert none.pth out.safetensors --model sepconv",
    "train nonsense --data frames",
    "train espcn-x2 --data frames --vgg vgg.pt",
    "train espcn-x2 --data none",
    "evaluate nonsense --data frames",
)


@pytest.mark.parametrize("words", LIGHT)
def test_looking_loads_no_torch(here: Path, words: str) -> None:
    code, loaded, said = run(here, words)
    assert (code, loaded) == (0, []), said


@pytest.mark.parametrize("words", REFUSED)
def test_refusing_loads_no_torch(here: Path, words: str) -> None:
    code, loaded, said = run(here, words)
    assert (code in (2, 4), loaded) == (True, []), said
    assert len(said.splitlines()) == 1, said


WORK = (
    "interpolate in.mp4 out.mp4 --quality fast -y",
    "join-frames frames out.mp4 -y",
    "extract-frames in.mp4 pictures",
    "split-scenes in.mp4 --list-only",
)
"""What may load torch: whatever works on pictures, since these are its tensors (colours are converted by it alone)."""


@pytest.mark.parametrize("words", WORK)
def test_work_loads_torch(here: Path, words: str) -> None:
    """So the others see what they look for."""
    code, loaded, said = run(here, words)
    assert code == 0 and "torch" in loaded, said
