"""Training: pairs that belong together, degradations against second implementations, runs that resume exactly."""

import math
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import scipy.signal
import torch
from skimage.filters import gaussian

from vidrestore.errors import InputError, ModelError, UsageError, VidrestoreError
from vidrestore.frame.resize import imresize, upsample
from vidrestore.models.weights import files, manifest
from vidrestore.training.data.degrade import Degradation, decimate_matrix, degrade, gaussian_blur
from vidrestore.training.data.pictures import Batches, Cache, Source, luma_codes, sources
from vidrestore.training.loop import Progress, Training, learning_rate
from vidrestore.training.recipes import RECIPES
from vidrestore.training.tasks.upscaling import UpscalingTask

TINY = replace(
    RECIPES["espcn-x2"],
    task=UpscalingTask(Degradation(2), patch=16),
    batch=4,
    validate_every=20,
    precision="fp32",
    warmup=5,
)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Six pictures of soft and hard edges, 96x112."""
    rng = np.random.default_rng(0)
    for i in range(6):
        small = rng.integers(0, 256, (12, 14, 3), dtype=np.uint8)
        picture = cv2.resize(small, (112, 96), interpolation=cv2.INTER_NEAREST if i // 2 % 2 else cv2.INTER_AREA)
        cv2.imwrite(str(tmp_path / f"{i}.png"), picture)
    return tmp_path


def test_decimate_is_scipys() -> None:
    x = np.random.default_rng(0).random(61)
    np.testing.assert_allclose(decimate_matrix(61, 2).numpy() @ x, scipy.signal.decimate(x, 2), atol=1e-12)
    assert decimate_matrix(61, 2).shape == (31, 61)
    # networks.md C.3: a constant loses 1.1 %.
    np.testing.assert_allclose(decimate_matrix(200, 2).sum(1)[50], 0.98855, atol=1e-5)


def test_gaussian_is_skimages() -> None:
    x = np.random.default_rng(0).random((20, 30))
    ours = gaussian_blur(torch.from_numpy(x)[None, None], 1.0)[0, 0].numpy()
    np.testing.assert_allclose(ours, gaussian(x, 1.0, mode="nearest"), atol=1e-12)


def test_bicubic_degradation_is_imresize_in_eight_bits() -> None:
    x = torch.rand(2, 1, 36, 48)
    expected = (imresize(x, 1 / 3) * 255).round().clamp(0, 255) / 255
    torch.testing.assert_close(degrade(x, Degradation(3)), expected)


@pytest.mark.parametrize("codec", ["jpeg", "x264"])
def test_compression_touches_about_half_and_only_a_little(codec: str) -> None:
    x = torch.from_numpy(gaussian(np.random.default_rng(0).random((32, 64, 64)), 2.0, channel_axis=0)).float()[:, None]
    plain = degrade(x, Degradation(2))
    quality = (30, 60) if codec == "jpeg" else (20, 30)
    generator = torch.Generator().manual_seed(0)
    pressed = degrade(x, Degradation(2, quality=quality, codec=codec), generator=generator)  # type: ignore[arg-type]
    touched = (plain != pressed).flatten(1).any(1).sum()
    assert 8 <= touched <= 24
    assert (plain - pressed).abs().mean() < 0.05


def test_input_and_target_of_a_batch_belong_together(pictures: Path) -> None:
    """Enlarging an input must come closer to its own target than to any other of the batch."""
    batches = Batches(sources(pictures), Degradation(2), batch=8, patch=16, seed=1, steps=3)
    low, high = batches[2]
    assert low.shape == (8, 1, 1, 16, 16)
    assert high.shape == (8, 1, 1, 32, 32)
    errors = ((upsample(low[:, 0], 2)[:, None] - high[None, :, 0]) ** 2).mean((2, 3, 4))
    assert (errors.argmin(1) == torch.arange(8)).all()


def test_patches_see_the_picture_beyond_their_edge(pictures: Path) -> None:
    """The input of a patch equals the same place of the degraded whole picture: no border is invented."""
    source = sources(pictures)[0]
    whole = torch.from_numpy(Cache()[source])[None].float() / 255
    # A crop may start on an odd sample, whose grid is that of the picture without its first row or column.
    wholes = [degrade(whole[..., dy:, dx:], Degradation(2))[0, 0] for dy in (0, 1) for dx in (0, 1)]
    batches = Batches([source], Degradation(2), batch=1, patch=16, seed=3, steps=1)
    low, _ = batches[0]
    views = [low[0, 0, 0].rot90(k) for k in range(4)]
    views += [v.flip(-1) for v in views]
    found = any(
        torch.allclose(view, low_whole[y : y + 16, x : x + 16], atol=1.01 / 255)  # ties may round either way
        for view in views
        for low_whole in wholes
        for y in range(low_whole.shape[0] - 15)
        for x in range(low_whole.shape[1] - 15)
    )
    assert found


def test_batches_are_a_function_of_the_step(pictures: Path) -> None:
    make = lambda seed: Batches(sources(pictures), Degradation(2), batch=2, patch=16, seed=seed, steps=9)  # noqa: E731
    assert torch.equal(make(1)[5][0], make(1)[5][0])
    assert not torch.equal(make(1)[5][0], make(1)[6][0])
    assert not torch.equal(make(1)[5][0], make(2)[5][0])


def test_sources_of_clips_and_refusals(tmp_path: Path, shared_data: Path) -> None:
    clip = shared_data / "clips" / "h264_10bit.mp4"
    (tmp_path / "clip.mp4").write_bytes(clip.read_bytes())
    found = sources(tmp_path, frames_per_clip=3)
    assert [s.frame for s in found] == [5, 15, 25]
    assert Cache()[found[1]].shape == (1, 200, 200)
    assert Cache("rgb")[found[1]].shape == (3, 200, 200)
    with pytest.raises(InputError, match="no pictures"):
        sources(tmp_path / "nothing")
    (tmp_path / "bad.png").write_text("not a picture")
    with pytest.raises(InputError, match=r"bad\.png"):
        Cache()[Source(tmp_path / "bad.png")]


def test_luma_is_opencvs_grey() -> None:
    bgr = np.random.default_rng(0).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    grey = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)
    assert np.abs(luma_codes(bgr).astype(int) - grey).max() <= 1


def test_learning_rate_warms_up_and_decays() -> None:
    recipe = replace(TINY, warmup=10, learning_rate=1.0, final_share=0.1)
    assert learning_rate(recipe, 0, 100) == pytest.approx(0.1)
    assert learning_rate(recipe, 10, 100) == pytest.approx(1.0)
    assert learning_rate(recipe, 100, 100) == pytest.approx(0.1)


def test_training_beats_its_baseline_and_resumes_exactly(pictures: Path, tmp_path: Path) -> None:
    """60 steps at once and 40 + 20 steps with a resume between give the same weights; bicubic is beaten."""
    seen = []
    straight = Training(TINY, pictures, tmp_path / "a", steps=60, workers=0)
    straight.run(seen.append)
    assert seen[-1].psnr > seen[-1].baseline

    class StopError(Exception):
        pass

    def stop(progress: object) -> None:
        if progress.step == 60:  # type: ignore[attr-defined]
            raise StopError

    with pytest.raises(StopError):
        Training(TINY, pictures, tmp_path / "b", steps=60, workers=0).run(stop)
    second = Training(TINY, pictures, tmp_path / "b", steps=60, workers=0)
    second.resume()
    assert second.step == 40
    second.run()
    for a, b in zip(straight.model.parameters(), second.model.parameters(), strict=True):
        assert torch.equal(a, b)
    assert (tmp_path / "a/best.safetensors").read_bytes() == (tmp_path / "b/best.safetensors").read_bytes()


def test_resume_without_a_run_is_refused(pictures: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing to resume"):
        Training(TINY, pictures, tmp_path / "none", steps=1).resume()


def test_warm_start_takes_what_fits(pictures: Path, tmp_path: Path) -> None:
    first = Training(TINY, pictures, tmp_path, steps=1)
    third = Training(replace(RECIPES["espcn-x3"], precision="fp32"), pictures, tmp_path, steps=1)
    file = tmp_path / "first.safetensors"
    file.write_bytes(files.written(first.model, task="upscale", model="espcn", args={"scale": 2}))
    third.warm_start(file)
    before, after = first.model.state_dict(), third.model.state_dict()
    taken = {name for name in after if after[name].shape == before[name].shape}
    assert taken == {f"core.{layer}.{kind}" for layer in (0, 2, 4) for kind in ("weight", "bias")}
    assert all(torch.equal(after[name], before[name]) for name in taken)


def test_a_network_that_gives_no_numbers_ends_the_run_and_spoils_nothing(pictures: Path, tmp_path: Path) -> None:
    training = Training(TINY, pictures, tmp_path / "a", steps=40, workers=0)

    def spoil(progress: Progress) -> None:
        for parameter in training.model.parameters():
            parameter.data.fill_(math.nan)

    with pytest.raises(VidrestoreError, match="by step 40 the network gives no numbers"):
        training.run(spoil)
    assert all(t.isfinite().all() for t in files.tensors(tmp_path / "a/best.safetensors").values())
    again = Training(TINY, pictures, tmp_path / "a", workers=0)
    again.resume()
    assert again.step == 20 and again.steps == 40, "the run's own length, not the recipe's"


def test_too_few_or_too_small_pictures_are_said(pictures: Path, tmp_path: Path) -> None:
    small, one = tmp_path / "small", tmp_path / "one"
    for folder, names in ((small, "abc"), (one, "a")):
        folder.mkdir()
        for name in names:
            cv2.imwrite(str(folder / f"{name}.png"), np.zeros((30, 30, 3), np.uint8))
    with pytest.raises(InputError, match="holds one picture only"):
        TINY.task.open(one, tmp_path)
    with pytest.raises(InputError, match=r"none has .* pixels both ways"):
        TINY.task.open(small, tmp_path).batches(batch=1, seed=0, steps=1)[0]


def test_a_workers_error_is_its_own_one_line(pictures: Path, tmp_path: Path) -> None:
    names = sorted(pictures.glob("*.png"))
    names[1].write_bytes(b"no picture")  # held back are the first, the third and the fifth
    with pytest.raises(InputError, match=rf"^{names[1]} cannot be read as a picture; remove it"):
        Training(TINY, pictures, tmp_path / "a", steps=20, workers=1).run()


def test_what_is_no_checkpoint_is_refused(pictures: Path, tmp_path: Path) -> None:
    Training(TINY, pictures, tmp_path / "a", steps=1, workers=0).run()
    other = replace(TINY, args={"scale": 3}, task=UpscalingTask(Degradation(3), patch=16))
    last = tmp_path / "a" / "last.pt"
    with pytest.raises(ModelError, match="damaged or another recipe's"):
        Training(other, pictures, tmp_path / "a", workers=0).resume()
    last.write_bytes(last.read_bytes()[:1000])
    with pytest.raises(ModelError, match="damaged or another recipe's"):
        Training(TINY, pictures, tmp_path / "a", workers=0).resume()


def test_weights_of_another_kind_are_no_start(pictures: Path, tmp_path: Path) -> None:
    training = Training(TINY, pictures, tmp_path / "a", steps=1, workers=0)
    (tmp_path / "foreign.pth").write_bytes(b"hello world, hello world")
    with pytest.raises(ModelError, match="not a safetensors file"):
        training.warm_start(tmp_path / "foreign.pth")
    with pytest.raises(ModelError, match=r"no tensor of .* fits"):
        training.warm_start(manifest.folder() / manifest.rows()["unblur"].file)


def test_a_checkpoint_comes_after_all_that_its_run_would_not_make_again(pictures: Path, tmp_path: Path) -> None:
    training = Training(TINY, pictures, tmp_path / "run", steps=20, workers=0)
    there: list[bool] = []
    training.run(lambda _: there.append(training.checkpoint.exists()))
    assert there == [False] and training.checkpoint.exists()
