"""What deblurring of videos learns from: three frames in a row with motion blur, and the middle one sharp."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from tests.training.moving_scenes import texture, write_scene
from vidrestore.metrics.psnr import psnr
from vidrestore.models.networks.unblur import OF_NEIGHBOURS, PLANES, Unblur
from vidrestore.models.weights import files
from vidrestore.training.data.blur.camera_shake import shaken_window
from vidrestore.training.data.blur.exposure import exposed
from vidrestore.training.data.blur.windows import worn
from vidrestore.training.loop import Training
from vidrestore.training.losses import LogMse
from vidrestore.training.recipes import RECIPES
from vidrestore.training.tasks.video_deblurring import VideoDeblurringTask, WindowSamples


def test_light_that_clips_leaves_streaks_that_do_not_fade() -> None:
    """A lamp seen in one of four moments: without glow it is a quarter of the light, with glow four more of it."""
    moments = np.zeros((4, 1, 1, 3), np.uint8)
    moments[0] = 255
    assert exposed(moments, 2.2, 0.0) == pytest.approx(0.25 ** (1 / 2.2), abs=1e-6)
    assert exposed(moments, 2.2, 2.0) == pytest.approx(0.75 ** (1 / 2.2), abs=1e-6)
    assert exposed(moments, 2.2, 4.0) == pytest.approx(1)
    dim = np.full((3, 1, 1, 3), 120, np.uint8)
    assert exposed(dim, 2.2, 4.0) == pytest.approx(120 / 255, abs=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_a_shaken_row_shows_one_scene_whose_middle_moment_is_sharp(seed: int) -> None:
    """The middle frame is a blur of the sharp patch, and the others are, moved back, blurs of it, too."""
    small = np.random.default_rng(seed).integers(0, 256, (100, 100, 3), np.uint8)
    picture = np.asarray(cv2.resize(small, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC), np.uint8)
    blurred, sharp = shaken_window(picture, side=96, gamma=2.2, glow=0.0, rng=np.random.default_rng(seed))
    assert sharp.shape == (96, 96, 3) and all(each.shape == (96, 96, 3) for each in blurred)
    grey = [cv2.cvtColor(np.asarray(each, np.float32), cv2.COLOR_RGB2GRAY) for each in (*blurred, sharp / 255)]
    window = np.asarray(cv2.createHanningWindow((96, 96), cv2.CV_32F), np.float32)
    for each in grey[:3]:
        _, response = cv2.phaseCorrelate(grey[3].copy(), each.copy(), window)
        assert response > 0.2
    (x, y), _ = cv2.phaseCorrelate(grey[3].copy(), grey[1].copy(), window)
    assert abs(x) < 12 and abs(y) < 12 and grey[1].std() < grey[3].std() + 1e-3


def test_wear_is_noise_and_compression_and_nothing_else() -> None:
    flat = [np.full((64, 64, 3), 0.5, np.float32)] * 3
    for seed in range(12):
        seen = worn(flat, np.random.default_rng(seed))
        assert len(seen) == 3 and all(each.dtype == np.uint8 and each.shape == (64, 64, 3) for each in seen)
        assert all(abs(float(each.mean()) - 127.5) < 3 and each.std() < 6 for each in seen)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for seed in range(2):
        write_scene(tmp_path / "data" / f"scene_{seed}", seed=seed, step=(1, 1), frames=17)
    (tmp_path / "data" / "stills").mkdir()
    cv2.imwrite(str(tmp_path / "data" / "stills" / "a.png"), texture(7, 200))
    return tmp_path / "data"


def test_windows_are_made_once_and_training_learns_from_them(data: Path, tmp_path: Path) -> None:
    task = VideoDeblurringTask(patch=32, each=2, stills=2)
    recipe = replace(RECIPES["unblur-video"], task=task, batch=2, validate_every=1, args={
        "channels": (4, 8, 8), "blocks": (1, 1, 1), "gate": 4, "neighbours": True,
    })  # fmt: skip
    training = Training(recipe, data, tmp_path / "run", steps=1, workers=0)
    made = {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("windows/*.npy")}
    assert len(made) == 6
    for path in made:
        seen = np.load(path)
        assert seen.shape == (4, 64, 64, 3) and psnr(seen[3], seen[1]) > 15
    alone = Unblur((4, 8, 8), (1, 1, 1), gate=4)
    weights = files.written(alone, task="deblur", model="unblur", args={})
    (tmp_path / "alone.safetensors").write_bytes(weights)
    training.warm_start(tmp_path / "alone.safetensors")
    first = training.model.core.first.weight
    assert torch.equal(first[:, :PLANES], alone.core.first.weight) and not first[:, PLANES:].any()
    training.run()
    assert (tmp_path / "run" / "best.safetensors").is_file()
    Training(recipe, data, tmp_path / "run", steps=1)
    assert made == {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("windows/*.npy")}


def test_some_windows_are_pictures_and_some_the_ends_of_shots(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.random.default_rng(0).integers(0, 256, (4, 24, 24, 3), dtype=np.uint8))
    task = VideoDeblurringTask(patch=16, single=0.3, ends=0.2)
    windows, sharp = WindowSamples([tmp_path / "a.npy"], task, batch=200, seed=1, steps=1)[0]
    absent = windows[:, :, 0, 0, 0].isnan()
    assert not absent[:, 1].any() and not sharp.isnan().any()
    assert 40 < absent[:, ::2].all(1).sum() < 80 and 20 < (absent[:, 0] ^ absent[:, 2]).sum() < 60
    again, too = WindowSamples([tmp_path / "a.npy"], task, batch=200, seed=1, steps=1)[0]
    assert torch.equal(windows.nan_to_num(), again.nan_to_num()) and torch.equal(sharp, too)


def test_what_comes_out_worse_weighs_more() -> None:
    target = torch.zeros(2, 1, 3, 4, 4)
    given, output = torch.full_like(target, 0.1), torch.stack([target[0] + 0.2, target[1] + 0.05])
    plain = LogMse(1e-9)(output, target)
    worse = torch.log10(torch.tensor(0.2**2)) - torch.log10(torch.tensor(0.1**2))
    assert float(LogMse(1e-9, harm=3.0)(output, target, given)) == pytest.approx(float(plain + 3 * worse / 2), abs=1e-4)


def test_neighbours_are_seen_moved_onto_the_frame_and_absent_ones_are_nothing() -> None:
    big = torch.from_numpy(texture(3, 140)).permute(2, 0, 1) / 255
    frames = [big[:, 20 + 4 * n : 116 + 4 * n, 20 - 6 * n : 116 - 6 * n] for n in (-1, 0, 1)]
    network = Unblur((4, 8, 8), (1, 1, 1), neighbours=True)
    inner = (slice(None), slice(None), slice(8, -8), slice(8, -8))
    seen, share = network.prepare(torch.stack(frames)[None])
    assert (share[inner] == 1).all()
    assert seen.shape == (1, PLANES + OF_NEIGHBOURS, 48, 48)
    news, far, there = seen[:, 12:36][inner], seen[:, 36:40][inner] * 8, seen[:, 40:]
    assert news.square().mean() < 1e-4 < 0.02 * seen[:, :12].square().mean() and (there == 1).all()
    for plane, expected in enumerate((4, -6, -4, 6)):
        assert float(far[:, plane].median()) == pytest.approx(expected, abs=0.5)
    still, nothing = network.prepare(torch.stack([frames[1]] * 3)[None])
    assert not nothing.any() and not still[:, 12:36].any()
    alone, share = network.prepare(
        torch.stack([torch.full_like(big[:, :96, :96], torch.nan), frames[1], frames[2]])[None]
    )
    assert not alone[:, 12:24].any() and not alone[:, 36:38].any() and not alone[:, 40].any()
    assert torch.equal(alone[:, 24:36], seen[:, 24:36]) and (alone[:, 41] == 1).all()
    assert (share == 1).all()
