"""vidrestore preview: the right moments, the pictures that a run makes, a forecast, and commands that can be pasted."""

import base64
import json
import re
import shlex
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import vidrestore
from tests.clips import make_clip
from tests.metrics.test_html_page import Page
from vidrestore.cli import app
from vidrestore.cli.commands.look.settings import command_of
from vidrestore.errors import UsageError
from vidrestore.video.facts.probe import probe
from vidrestore.view.preview.moments import telling

TORCH = ["-d", "cpu", "--engine", "torch"]


def preview(*words: object, code: int = 0) -> tuple[dict, str]:
    done = CliRunner().invoke(app, ["preview", *map(str, words), *TORCH, "--json", "-q"])
    assert done.exit_code == code, done.output
    return json.loads(done.stdout) if not code else {}, done.stderr


def pictures(page: str) -> list[np.ndarray]:
    found = re.findall(r'src="data:image/webp;base64,([^"]+)"', page)
    return [np.asarray(Image.open(BytesIO(base64.b64decode(data)))) for data in found]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("preview") / "in.mkv", frames=30, audio=1, options={"qp": "0"})


def test_pictures_are_those_of_the_whole_run(clip: Path, tmp_path: Path) -> None:
    page, whole = tmp_path / "p.html", tmp_path / "whole.mkv"
    said, _ = preview(clip, "-s", 2, "-m", "espcn", "--at", "15f", "--output", page)
    (setting,) = said["settings"]
    command = shlex.split(setting["command"])
    assert command[:3] == ["vidrestore", "restore", str(clip)]
    assert CliRunner().invoke(app, [*command[1:3], str(whole), *command[3:], "-q"]).exit_code == 0
    before, after = pictures(page.read_text())
    for picture, path in ((before, clip), (after, whole)):
        expected = list(vidrestore.frames(path))[15].rgb.astype(float)
        assert picture.shape == expected.shape
        assert np.abs(picture - expected).mean() < 6, "as near as WebP is"
    assert (setting["width"], setting["height"]) == (128, 96)
    assert setting["frames"] == pytest.approx(30, abs=1), "Matroska says only how long the sound is"
    assert setting["size"] == pytest.approx(whole.stat().st_size, rel=0.5)
    assert setting["seconds"] == pytest.approx(setting["frames"] * setting["seconds_per_frame"])


def test_a_new_frame_is_shown_where_the_rate_is_raised(clip: Path, tmp_path: Path) -> None:
    page = tmp_path / "p.html"
    said, _ = preview(clip, "-x", 2, "--cuts", "none", "--at", "15f", "--output", page)
    assert said["settings"][0]["frames"] == pytest.approx(60, abs=2)
    before, after = (picture.astype(float) for picture in pictures(page.read_text()))
    assert np.abs(before - after).mean() > 1, "between this frame and the next"


def test_the_page_is_whole_and_holds_what_is_compared(clip: Path, tmp_path: Path) -> None:
    odd = tmp_path / "a <img src=x onerror=alert(1)> $(x).mkv"
    odd.write_bytes(clip.read_bytes())
    said, _ = preview(odd, "--compare", "upscale -m espcn", "--compare", "clean upscale -m espcn")
    text = Path(said["output"]).read_text()
    assert Path(said["output"]).name == "a <img src=x onerror=alert(1)> $(x)_preview.html"
    assert "<img src=x" not in text and not re.search(r"\$[a-z]", text.split("<script>")[0].split("</style>")[1][:200])
    page = Page(re.sub(r"<script>.*?</script>", "", text, flags=re.S))
    assert page.tags.count("img") == 3 * len(said["moments"])
    assert all(address.startswith("data:") for address in page.addresses)
    names = [setting["name"] for setting in said["settings"]]
    assert names == ["upscale -m espcn", "clean upscale -m espcn"]
    assert shlex.split(said["settings"][1]["command"])[:3] == ["vidrestore", "restore", str(odd)]


def test_a_picture_of_it(clip: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "p.png"
    said, _ = preview(clip, "--compare", "upscale -m espcn", "--at", "0.5", "--output", sheet)
    assert cv2.imread(str(sheet)).shape[1] == 2 * 488 + 8 and said["moments"] == [{"time": 0.5, "why": "as asked"}]


def test_without_options_what_info_advises_is_tried(clip: Path, tmp_path: Path) -> None:
    advised = json.loads(CliRunner().invoke(app, ["info", str(clip), "--json"]).stdout)["advice"]
    said, _ = preview(clip, "--at", "0.5", "--output", tmp_path / "p.png", "--crf", "30")
    assert len(said["settings"]) == len(advised) == 1
    assert said["settings"][0]["command"].endswith("--crf 30.0 --device cpu --engine torch -s 4")


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--compare", "nonsense"], 2, "nonsense is no step"),
        (["--compare", "upscale -m"], 2, "requires an argument"),
        (["--compare", "upscale --nonsense"], 2, "No such option"),
        (["--compare", "upscale 'x"], 2, "as in a shell"),
        (["--compare", "upscale -- out.mkv"], 2, "leave out names of files"),
        (["--compare", "upscale --output-dir x"], 2, "leave out names of files"),
        (["--compare", "upscale -m nonsense"], 4, "nonsense"),
        (["--at", "99"], 2, "beyond the end"),
        (["--at", "later"], 2, "not a moment"),
        (["--output", "p.txt"], 2, "p.html or p.png"),
        (["--output", "/none/p.html"], 2, "does not exist"),
    ],
)
def test_what_makes_no_sense(words: list[str], code: int, says: str, clip: Path) -> None:
    _, said = preview(clip, *words, code=code)
    assert says in said and len(said.splitlines()) == 1
    assert not list(clip.parent.glob("*preview*"))


def test_several_steps_are_those_of_restore() -> None:
    assert command_of("clean upscale") == ("restore", ["--clean", "-s", "2"])
    assert command_of("interpolate upscale --fps 60 -s 4") == ("restore", ["--fps", "60", "-s", "4"])
    assert command_of("--clean -s 2") == ("restore", ["--clean", "-s", "2"])
    assert command_of("deblur --strength 0.5") == ("deblur", ["--strength", "0.5"])
    with pytest.raises(UsageError, match="restore is no step"):
        command_of("clean restore")


def test_the_moments_that_tell_most(tmp_path: Path) -> None:
    """A dark part without motion, a bright one that moves, and a still one with detail."""
    folder = tmp_path / "in"
    folder.mkdir()
    rng, fine = np.random.default_rng(1), np.zeros((96, 128), np.uint8)
    fine[::2, ::2] = 255
    for number in range(90):
        moving = np.full((96, 128), 200 - 15 * (number % 2), np.uint8)
        moving[:, (number * 9) % 96 :][:, :32] = 60
        picture = np.full((96, 128), 30, np.uint8) if number < 30 else moving if number < 60 else fine
        cv2.imwrite(str(folder / f"{number:03}.png"), picture + rng.integers(0, 2, picture.shape, np.uint8) * 0)
    words = ["join-frames", str(folder), str(tmp_path / "in.mkv"), "--rate", "30", "-e", "g=10", "-q"]
    assert CliRunner().invoke(app, words).exit_code == 0
    found = {each.why: float(each.time) for each in telling(probe(tmp_path / "in.mkv"))}
    assert found["darkest"] < 1 <= found["most motion"] < 2 <= found["most detail"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [("rotated_90_small.mov", 320 / 568), ("anamorphic_sar2x1.mp4", 2 * 640 / 360), ("h263_176x144.3gp", 176 / 144)],
)
def test_odd_files_are_shown_upright(name: str, shown: float, shared_data: Path, tmp_path: Path) -> None:
    page = tmp_path / "p.html"
    preview(shared_data / "clips" / name, "--compare", "upscale -m espcn", "--at", "0", "--output", page)
    before, after = pictures(page.read_text())
    assert after.shape == (2 * before.shape[0], 2 * before.shape[1], 3)
    aspect = float(re.search(r"aspect-ratio: ([\d.]+)", page.read_text())[1])
    assert aspect == pytest.approx(shown, rel=1e-3)
