"""What the flow interpolator's network learns from: footage with its motion found, and pictures moved by hand."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from tests.training.moving_scenes import write_scene
from vidrestore.training.data.footage import scenes
from vidrestore.training.data.layered_motion import FINER, Layer, layered
from vidrestore.training.losses import LogMse, make_loss
from vidrestore.training.tasks.flow_mixing import FlowMixingTask, FlowSamples, by_time

TASK = FlowMixingTask(patch=48, margin=16, layered=0.5)
STEP = (3, 1)
"""Pixels that the scenes move by from frame to frame, down and to the right."""


@pytest.fixture
def stills(tmp_path: Path) -> list[Path]:
    rng = np.random.default_rng(5)
    paths = [tmp_path / "stills" / name for name in ("a.png", "b.png")]
    paths[0].parent.mkdir()
    for path in paths:
        coarse = rng.integers(0, 256, (12, 16, 3), dtype=np.uint8)
        path.write_bytes(cv2.imencode(".png", cv2.resize(coarse, (180, 140), interpolation=cv2.INTER_CUBIC))[1])
    return paths


def moments(folder: Path, stills: list[Path], **changed: object) -> FlowSamples:
    task = replace(TASK, **changed)
    footage = scenes(folder, folder / "scratch", least=5, side=80)
    return FlowSamples(footage, stills, task, batch=4, seed=3, steps=9)


@pytest.fixture
def footage(tmp_path: Path) -> Path:
    for seed in range(3):
        write_scene(tmp_path / "footage" / f"scene_{seed}", seed=seed, step=STEP, frames=6)
    return tmp_path / "footage"


def test_batches_are_a_function_of_seed_and_step(footage: Path, stills: list[Path]) -> None:
    (window, truth), (again, same) = moments(footage, stills)[2], moments(footage, stills)[2]
    assert window.shape == (4, 7, 3, 48, 48) and truth.shape == (4, 1, 3, 48, 48)
    assert window.dtype == truth.dtype == torch.float32
    assert torch.equal(window, again) and torch.equal(truth, same)
    assert not torch.equal(window, moments(footage, stills)[3][0])


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_what_is_moved_lies_nearer_to_the_truth_than_what_is_not(
    footage: Path, stills: list[Path], share: float
) -> None:
    samples = moments(footage, stills, layered=share)
    window, truth = (torch.cat(parts) for parts in zip(*(samples[step] for step in range(6)), strict=True))
    moved = ((by_time(window) - truth) ** 2).mean()
    unmoved = ((window[:, 4:6].mean(1, keepdim=True) - truth) ** 2).mean()
    assert moved < 0.8 * unmoved


def test_the_evidence_is_within_its_bounds_and_holds_the_time(footage: Path, stills: list[Path]) -> None:
    samples = moments(footage, stills)
    times = set()
    for step in range(len(samples)):
        evidence = samples[step][0][:, 6]
        assert evidence.min() >= 0 and evidence.max() <= 1
        time = evidence[:, 2]
        assert (time.amax((1, 2)) == time.amin((1, 2))).all()
        times |= {round(float(t), 3) for t in time[:, 0, 0]}
    assert times <= {0.25, 0.333, 0.5, 0.667, 0.75} and 0.5 in times and len(times) > 1


def test_scenes_are_held_back_and_frames_are_no_stills(footage: Path, stills: list[Path]) -> None:
    material = TASK.open(footage.parent, footage / "scratch")
    assert material.held.pairs[0][0].shape == (1, 7, 3, 48, 48)
    assert material.held.baseline > 20
    made = material.batches(batch=1, seed=1, steps=1)
    assert isinstance(made, FlowSamples)
    assert sorted(made._stills) == stills and len(made._footage) == 2


def test_a_layer_moves_by_its_share_of_the_shift() -> None:
    image = np.random.default_rng(1).random((40, 50, 3)).astype(np.float32)
    layer = Layer(image, None, turn=0, growth=1, shift=np.array([8.0, -4.0]))
    moved = layer.at(image, 0.5, cv2.INTER_CUBIC)
    assert np.allclose(moved[4:-4, 6:-6], np.roll(image, (-2, 4), (0, 1))[4:-4, 6:-6], atol=1e-4)


def test_layers_turn_and_grow_about_the_middle() -> None:
    image = np.zeros((41, 41), np.float32)
    image[20, 30] = 1
    layer = Layer(image, None, turn=np.pi, growth=1.0, shift=np.zeros(2))
    y, x = np.unravel_index(layer.at(image, 0.5, cv2.INTER_LINEAR).argmax(), image.shape)
    assert abs(y - 30) <= 1 and abs(x - 20) <= 1


def test_layered_pictures_move_little_in_little_time(stills: list[Path]) -> None:
    near = far = 0.0
    for seed in range(6):
        rng = np.random.default_rng(seed)
        still, soon, late = layered(stills, (0, 0.05, 1), side=48, rng=rng)
        assert still.shape == (48, 48, 3) and still.dtype == np.uint8
        near += np.abs(still.astype(int) - soon).mean()
        far += np.abs(still.astype(int) - late).mean()
    assert 0 < near < 0.5 * far
    assert FINER > 1


def test_log_mse_is_psnr_by_the_sample() -> None:
    output, target = torch.rand(2, 3, 1, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    tenth = [float(-10 * torch.log10(((a - b) ** 2).mean() + 1e-5)) for a, b in zip(output, target, strict=True)]
    assert float(LogMse()(output, target)) == pytest.approx(-sum(tenth) / 30, rel=1e-5)
    same = make_loss("log-mse", least=3e-3, vgg=None, device=torch.device("cpu"))(output, output)
    assert float(same) == pytest.approx(np.log10(3e-3), rel=1e-5)
