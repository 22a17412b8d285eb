"""Training and evaluating video super-resolution: windows that belong to their target, ends held back, tables."""

import json
import math
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from tests.training.moving_scenes import film
from vidrestore.cli import app
from vidrestore.engine import Settings
from vidrestore.errors import InputError
from vidrestore.frame.resize import imresize
from vidrestore.metrics.psnr import crop_border, matlab_luma, psnr
from vidrestore.models.networks.aligned import Aligned
from vidrestore.models.networks.espcn import Espcn
from vidrestore.training.data.degrade import Degradation, degrade, gaussian_blur
from vidrestore.training.evaluate.clips import clips, stills
from vidrestore.training.evaluate.upscaling import _score, evaluate_upscale, full
from vidrestore.training.loop import Training
from vidrestore.training.recipes import RECIPES
from vidrestore.training.tasks.video_upscaling import MIDDLE, SequenceSamples, VideoUpscalingTask, bicubic

TINY = VideoUpscalingTask(Degradation(2), patch=16, halved=0.5, layered=0.5, made=4)


def test_cubic_degradation_is_opencvs() -> None:
    x = torch.rand(1, 1, 40, 36)
    blurred = gaussian_blur(x, 3.0)[0, 0].numpy()
    expected = cv2.resize(blurred, (18, 20), interpolation=cv2.INTER_CUBIC)
    found = degrade(x, Degradation(2, "cubic", blur_sigma=3.0, eight_bit=False))[0, 0].numpy()
    np.testing.assert_allclose(found[2:-2, 2:-2], expected[2:-2, 2:-2], atol=1e-5)


def test_windows_belong_to_their_target(tmp_path: Path) -> None:
    """The middle frame, enlarged, comes closer to its own target than to any other of the batch."""
    film(tmp_path / "film", 10)
    material = replace(TINY, layered=0.0).open(tmp_path, tmp_path / "scratch")
    low, high = material.batches(batch=8, seed=1, steps=3)[2]
    assert (low.shape, high.shape) == ((8, 5, 1, 16, 16), (8, 1, 1, 32, 32))
    errors = ((bicubic(TINY, low) - high[None, :, 0]) ** 2).mean((2, 3, 4))
    assert (errors.argmin(1) == torch.arange(8)).all()
    # The neighbours are other moments of the same place: each is like the middle, and none is it.
    apart = (low - low[:, MIDDLE, None]).abs().mean((2, 3, 4))
    assert (apart[:, [0, 1, 3, 4]] > 1 / 255).all()


def test_batches_are_a_function_of_the_step(tmp_path: Path) -> None:
    film(tmp_path / "film", 12)
    cv2.imwrite(str(tmp_path / "still.png"), np.random.default_rng(0).integers(0, 256, (90, 90, 3), dtype=np.uint8))
    one, again = (TINY.open(tmp_path, tmp_path / "scratch").batches(batch=4, seed=1, steps=9) for _ in range(2))
    for a, b in zip(one[5], again[5], strict=True):
        assert torch.equal(a, b)
    assert not torch.equal(one[5][0], one[6][0])
    assert np.load(next((tmp_path / "scratch").glob("made-4-*.npy"))).shape == (4, 5, 40, 40)
    cv2.imwrite(str(tmp_path / "another.png"), np.zeros((90, 90, 3), np.uint8))
    TINY.open(tmp_path, tmp_path / "scratch")
    assert len(list((tmp_path / "scratch").glob("made-4-*.npy"))) == 2, "other pictures, other windows"


def test_of_one_scene_the_end_is_held_back(tmp_path: Path) -> None:
    film(tmp_path / "film", 40)
    task = replace(TINY, layered=0.0, halved=0.0)
    material = task.open(tmp_path, tmp_path / "scratch")
    sequences = material.batches(batch=1, seed=0, steps=1)
    assert isinstance(sequences, SequenceSamples)
    (scene,) = sequences._footage
    assert len(scene) == 34
    film(tmp_path / "short" / "film", 9)
    with pytest.raises(InputError, match="9 frames"):
        task.open(tmp_path / "short", tmp_path / "scratch")


@pytest.mark.parametrize("recipe", ["aligned-x2", "delta-document"])
def test_training_goes_its_way(recipe: str, tmp_path: Path) -> None:
    """A few steps, through calibration, compression and back, with a best file that says what it is."""
    film(tmp_path / "film", 12)
    small = {"aligned-x2": {"width": 8, "blocks": 1}, "delta-document": {"applications": 1}}[recipe]
    whole = RECIPES[recipe]
    task = replace(TINY, degradation=replace(whole.task.degradation, quality=(60, 90)), layered=0.0)
    tiny = replace(whole, args=whole.args | small, task=task, batch=2, precision="fp32", validate_every=3)
    seen = []
    best = Training(tiny, tmp_path, tmp_path / "out", steps=3, workers=0).run(seen.append)
    assert best.is_file() and [progress.step for progress in seen] == [3]
    if recipe == "aligned-x2":
        assert seen[0].psnr == pytest.approx(seen[0].baseline, abs=0.5)


def test_only_frames_with_a_full_window_are_scored(tmp_path: Path) -> None:
    film(tmp_path / "set" / "one", 6)
    film(tmp_path / "set" / "two", 5, seed=1)
    network = Aligned(width=8, blocks=1).eval()
    assert (full([network]), full([Espcn()]), full([network, Espcn()])) == (2, 0, 2)
    settings = Settings(device="cpu", engine="torch", precision="fp32")
    scores = list(evaluate_upscale([network], Degradation(2), clips(tmp_path / "set"), settings=settings, ends=2))
    assert [score.name for score in scores] == ["one/0003", "one/0004", "two/0003"]
    # Untrained, it is bicubic: MATLAB's, but for what lies beyond the border.
    for score in scores:
        picture = cv2.imread(str(tmp_path / "set" / f"{score.name}.png"))
        luma = np.rint(matlab_luma(picture[..., ::-1])).astype(np.float32)
        enlarged = imresize(imresize(torch.from_numpy(luma), 0.5), 2).round().numpy()
        expected = psnr(crop_border(luma, 2), crop_border(enlarged, 2))
        assert score.bicubic_psnr_y == pytest.approx(expected, abs=0.01)
        assert score.psnr_y == pytest.approx(expected, abs=0.3)


def test_pictures_alone_are_no_clip(tmp_path: Path) -> None:
    film(tmp_path / "film", 3)
    assert [len(clip.frames) for clip in stills(tmp_path)] == [1, 1, 1]
    assert [clip.names for clip in clips(tmp_path)] == [("film/0001", "film/0002", "film/0003")]
    (tmp_path / "none").mkdir()
    for of in (stills, clips):
        with pytest.raises(InputError):
            list(of(tmp_path / "none"))


def test_the_table_has_bicubic_and_every_network_on_the_same_frames(tmp_path: Path) -> None:
    film(tmp_path / "film", 7)
    words = ["evaluate", "aligned-x2", "espcn-x2", "--data", str(tmp_path), "--table", "--json"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["frames"] == 3
    assert list(found["methods"]) == ["bicubic", "aligned-x2", "espcn-x2"]
    for row in found["methods"].values():
        assert row["mse"] >= 255**2 / 10 ** (row["psnr"] / 10) * 0.999  # the mean of the convex is no less
    refused = CliRunner().invoke(app, ["evaluate", "aligned-x2", "espcn-x2", "--data", str(tmp_path)])
    assert refused.exit_code == 2 and "--table" in refused.stderr


def test_clips_without_a_full_window_are_said(tmp_path: Path) -> None:
    film(tmp_path / "set" / "one", 4)
    settings = Settings(device="cpu", engine="torch", precision="fp32")
    network = Aligned(width=8, blocks=1).eval()
    with pytest.raises(InputError, match="has 5 frames"):
        list(evaluate_upscale([network], Degradation(2), clips(tmp_path / "set"), settings=settings, ends=2))


def test_a_network_that_gives_no_numbers_scores_none() -> None:
    scored = _score(np.zeros((32, 32), np.float32), torch.full((32, 32), torch.nan), 2)
    assert math.isnan(scored[0])
