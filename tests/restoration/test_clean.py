"""clean: what is clean stays as it is, strength is a share, chroma too, no look over a cut, and how it is said."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from tests.clips import make_clip
from vidrestore.base.settings import Cleaning, Settings
from vidrestore.cli import app
from vidrestore.frame.frame import Colour, Frame, Planes
from vidrestore.models.networks.denoiser import Denoiser
from vidrestore.models.weights import files
from vidrestore.restoration.clean import LEFT, clean

PLAIN = ("-c", "ffv1", "--engine", "torch", "--precision", "fp32", "-y", "-q", "--json")


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small one that changes all samples a little, by what it sees in all frames."""
    path = tmp_path_factory.mktemp("weights") / "network.safetensors"
    args = {"width": 8, "blocks": 1, "fold": 1, "told": True}
    torch.manual_seed(1)
    denoiser = Denoiser(**args)  # type: ignore[arg-type]
    torch.nn.init.normal_(denoiser.core.body[-2].weight, std=0.05)  # type: ignore[arg-type]
    path.write_bytes(files.written(denoiser, task="clean", model="denoiser", args=args))
    return path


@pytest.fixture
def compressed(tmp_path: Path) -> Path:
    return make_clip(tmp_path / "in.mp4", frames=6, size=(160, 120), options={"crf": "40"}, audio=1)


def cleaned(source: Path, target: Path, *words: object, command: str = "clean") -> dict[str, Any]:
    run = CliRunner().invoke(app, [command, str(source), str(target), *PLAIN, *map(str, words)])
    assert run.exit_code == 0, run.output
    report: dict[str, Any] = json.loads(run.stdout)
    return report


def codes(path: Path) -> np.ndarray:
    """(F, H * 3 / 2, W) of 4:2:0."""
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="yuv420p") for frame in container.decode(video=0)])


def test_compressed_video_is_cleaned_and_what_was_found_is_said(
    compressed: Path, network: Path, tmp_path: Path
) -> None:
    report = cleaned(compressed, tmp_path / "out.mkv", "-m", network)
    assert report["source_quality"]["kind"] == "compressed"
    assert (report["frames_in"], report["frames_out"], report["width"], report["height"]) == (6, 6, 160, 120)
    assert list(report["stages"]) == ["decode", "clean", "encode"]
    before, after = codes(compressed), codes(tmp_path / "out.mkv")
    assert (before[:, :120] != after[:, :120]).mean() > 0.2
    assert (before[:, 120:] != after[:, 120:]).mean() > 0.2
    with av.open(str(tmp_path / "out.mkv")) as container:
        assert [stream.type for stream in container.streams] == ["video", "audio"]


def test_a_clean_video_stays_as_it_is_unless_a_strength_is_given(network: Path, tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=4, size=(160, 120), codec="ffv1")
    report = cleaned(source, tmp_path / "out.mkv", "-m", network)
    assert report["source_quality"]["kind"] == "clean"
    assert any("clean already" in line and "--strength 1" in line for line in report["warnings"])
    assert (codes(source) == codes(tmp_path / "out.mkv")).all()
    report = cleaned(source, tmp_path / "forced.mkv", "-m", network, "--strength", 1)
    assert report["warnings"] == []
    assert (codes(source) != codes(tmp_path / "forced.mkv")).mean() > 0.2


@pytest.mark.parametrize(("sigma", "network"), [(0, "clean"), (15, "denoise")])
def test_auto_takes_the_network_of_what_was_found(sigma: int, network: str, tmp_path: Path) -> None:
    rng, truth = np.random.default_rng(0), np.full((96, 128, 3), 110, np.uint8)
    cv2.circle(truth, (64, 48), 30, (150, 90, 120), -1, cv2.LINE_AA)
    (tmp_path / "in").mkdir()
    for number in range(5):
        noisy = np.clip(np.rint(truth + sigma * rng.standard_normal(truth.shape)), 0, 255).astype(np.uint8)
        cv2.imwrite(str(tmp_path / "in" / f"{number}.png"), noisy)
    report = cleaned(tmp_path / "in", tmp_path / "out.mkv", "--strength", 1)
    assert report["model"] == network
    assert abs(report["source_quality"]["noise"] - 0.63 * sigma) < 2  # luma of noise in red, green and blue
    if sigma:
        made = codes(tmp_path / "out.mkv")[2, :96].astype(float)
        flat = made[4:16, 4:120]  # far from the circle
        assert flat.std() < sigma / 5


def test_strength_is_the_share_of_the_change(compressed: Path, network: Path, tmp_path: Path) -> None:
    made = {}
    for share in (0, 0.5, 1):
        cleaned(compressed, tmp_path / f"{share}.mkv", "-m", network, "--strength", share)
        made[share] = codes(tmp_path / f"{share}.mkv").astype(float)
    assert (made[0] == codes(compressed)).all()
    is_clipped = (made[1] == 0) | (made[1] == 255)
    assert is_clipped.mean() < 0.1
    assert np.abs(made[0.5] - (made[0] + made[1]) / 2)[~is_clipped].max() <= 1


def test_no_window_reaches_over_a_cut_found_or_listed(network: Path, tmp_path: Path) -> None:
    """The frames of a shot come out the same whatever follows it; with --cuts none they do not."""
    plain, changed = tmp_path / "plain", tmp_path / "changed"
    for folder, seed in ((plain, 1), (changed, 2)):
        folder.mkdir()
        for number in range(8):
            rng, (low, high) = np.random.default_rng(0 if number < 4 else seed), (0, 90) if number < 4 else (120, 255)
            small = rng.integers(low, high, (12, 16, 3), dtype=np.uint8)
            shot = cv2.resize(small, (128, 96), interpolation=cv2.INTER_CUBIC)
            cv2.imwrite(str(folder / f"{number}.png"), np.roll(shot, 2 * number, 1))
    (tmp_path / "list.csv").write_text("1,4\n5,8\n")

    def first_shots(*words: object) -> list[np.ndarray]:
        for folder in (plain, changed):
            cleaned(folder, folder.with_suffix(".mkv"), "-m", network, "--strength", 1, *words)
        return [codes(folder.with_suffix(".mkv"))[:4] for folder in (plain, changed)]

    for words in ((), ("--cuts", "auto"), ("--cuts", tmp_path / "list.csv")):
        first, second = first_shots(*words)
        assert (first == second).all(), words
    first, second = first_shots("--cuts", "none")
    assert (first[:2] == second[:2]).all()
    assert (first[3] != second[3]).any()


def test_it_is_the_first_step_of_restore(compressed: Path, tmp_path: Path) -> None:
    report = cleaned(compressed, tmp_path / "out.mkv", "--clean", "-x", 2, "-s", 2, "--deblur", command="restore")
    assert list(report["stages"]) == ["decode", "clean", "deblur", "interpolate", "upscale", "encode"]
    assert report["model"].startswith("clean+unblur-video+flow+")
    assert report["source_quality"]["kind"] == "compressed"
    cleaned(compressed, tmp_path / "one.mkv", "--clean", command="restore")
    cleaned(compressed, tmp_path / "other.mkv")
    assert (codes(tmp_path / "one.mkv") == codes(tmp_path / "other.mkv")).all()


def test_resume_makes_the_same_bytes(compressed: Path, network: Path, tmp_path: Path) -> None:
    cleaned(compressed, tmp_path / "plain.mkv", "-m", network)
    cleaned(compressed, tmp_path / "resumed.mkv", "-m", network, "--resume")
    assert (codes(tmp_path / "plain.mkv") == codes(tmp_path / "resumed.mkv")).all()


def test_a_picture_is_cleaned_too(network: Path, tmp_path: Path) -> None:
    picture = np.random.default_rng(0).integers(100, 156, (30, 45, 3), dtype=np.uint8)
    cv2.imwrite(str(tmp_path / "in.png"), picture)
    run = CliRunner().invoke(app, ["clean", str(tmp_path / "in.png"), "-m", str(network), "-q", "--engine", "torch"])
    assert run.exit_code == 0, run.output
    made = cv2.imread(str(tmp_path / "in_clean.png"))
    assert made.shape == picture.shape
    assert 0 < np.abs(made.astype(int) - picture).mean() < 30


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--strength", "1.5"), 2, "--strength 1.5 is not a share; give 0 to 1"),
        (("--strength", "nan"), 2, "--strength nan"),
        (("-m", "unblur"), 4, "unblur"),
        (("--cuts", "none.csv"), 2, "there is no such file"),
    ],
)
def test_wrong_calls_are_one_line(words: tuple[str, ...], code: int, says: str, compressed: Path) -> None:
    run = CliRunner().invoke(app, ["clean", str(compressed), *words])
    assert run.exit_code == code, run.output
    assert says in run.stderr
    assert len(run.stderr.strip().splitlines()) == 1


def test_a_network_that_enlarges_is_sent_to_upscale(compressed: Path, tmp_path: Path) -> None:
    from vidrestore.models.networks.espcn import Espcn

    path, args = tmp_path / "espcn.safetensors", {"scale": 2}
    path.write_bytes(files.written(Espcn(**args), task="upscale", model="espcn", args=args))
    run = CliRunner().invoke(app, ["clean", str(compressed), "-m", str(path)])
    assert run.exit_code == 4
    assert "upscale" in run.stderr


@pytest.mark.parametrize(("strength", "left"), [(1.0, LEFT), (0.5, 0.5 + LEFT / 2)])
def test_what_is_clean_is_told_to_be_less_coarse(strength: float, left: float, network: Path) -> None:
    grey, colour = torch.full((64, 64), 99, dtype=torch.uint8), torch.full((32, 32), 128, dtype=torch.uint8)
    picture = Planes(grey, colour, colour, Colour("bt601"))
    given = [Frame(picture, Fraction(n), Fraction(1), cut=n == 0, step=10.0 + n) for n in range(6)]
    stage = clean(Cleaning(model=str(network), strength=strength), settings=Settings(engine="torch"))
    made = list(stage.load().run(given))
    assert [frame.step for frame in made] == pytest.approx([left * (10 + number) for number in range(6)])
