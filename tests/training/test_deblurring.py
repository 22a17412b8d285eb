"""What deblurring learns from: long exposures of moving scenes, shaken stills, and pictures that stay sharp."""

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor

from tests.training.moving_scenes import write_scene
from vidrestore.errors import InputError
from vidrestore.restoration.interpolation.flow import FlowInterpolator
from vidrestore.restoration.interpolation.motion.presets import PRESETS
from vidrestore.training.data.blur.camera_shake import REACH, STEPS, path_kernel, shaken
from vidrestore.training.data.blur.exposure import exposures, moments
from vidrestore.training.data.blur.scenes import exposed_stills
from vidrestore.training.data.pairs import by_folder, folders_without_clips, given_pairs
from vidrestore.training.loop import Training
from vidrestore.training.recipes import RECIPES, Recipe
from vidrestore.training.tasks.deblurring import BlurSamples, DeblurringTask, _toned


def psnr(one: Tensor, other: Tensor) -> float:
    return -10 * float(((one - other) ** 2).mean().log10())


def test_moments_are_the_frames_and_what_lies_between() -> None:
    asked: list[list[Fraction]] = []

    def between(first: Tensor, second: Tensor, times: list[Fraction]) -> list[Tensor]:
        asked.append(times)
        return [torch.lerp(first, second, float(time)) for time in times]

    frames = [torch.full((3, 2, 2), value) for value in (0.0, 0.5, 1.0)]
    made = moments(frames, each=4, between=between)
    assert [float(picture.mean()) for picture in made] == [n / 8 for n in range(9)]
    assert asked == [[Fraction(1, 4), Fraction(1, 2), Fraction(3, 4)]] * 2
    assert made[0] is frames[0] and made[4] is frames[1] and made[8] is frames[2]


@pytest.mark.parametrize("gamma", [1.0, 2.2])
def test_an_exposure_is_the_mean_of_the_light(gamma: float) -> None:
    scene = [torch.rand(3, 8, 8, generator=torch.Generator().manual_seed(n)) for n in range(9)]
    for count, made in zip((3, 7, 9), exposures(scene, (3, 7, 9), gamma=gamma), strict=True):
        taken = torch.stack(scene[4 - count // 2 : 5 + count // 2])
        assert torch.allclose(made, (taken**gamma).mean(0) ** (1 / gamma), atol=1e-6)


def test_motion_becomes_a_streak_and_not_ghosts() -> None:
    """A textured picture that moves by 12 pixels a frame: its long exposure is its blur along 13 pixels."""
    rng = np.random.default_rng(2)
    noise = cv2.GaussianBlur(rng.random((96, 200, 3)).astype(np.float32), (0, 0), 1.5)
    wide = (noise - noise.min()) / (noise.max() - noise.min())
    frames = [torch.from_numpy(wide[:, 40 - 12 * n : 136 - 12 * n].copy()).permute(2, 0, 1) for n in (-1, 0, 1)]
    seen = moments(frames, each=12, between=FlowInterpolator(PRESETS["fast"].search))
    (made,) = exposures(seen, [13], gamma=1.0)
    streak = cv2.blur(wide, (13, 1))[:, 40:136]
    inner = (slice(None), slice(16, -16), slice(24, -24))
    expected = torch.from_numpy(streak).permute(2, 0, 1)
    assert psnr(made[inner], expected[inner]) > psnr(frames[1][inner], expected[inner]) + 10


def test_a_shaken_camera_draws_a_path_whose_light_is_kept_and_whose_middle_moment_is_the_sharp_one() -> None:
    lopsided = 0
    at = np.arange(2 * REACH + 1) - REACH
    for seed in range(50):
        kernel = path_kernel(np.random.default_rng(seed))
        assert kernel.sum() == pytest.approx(1, abs=1e-5) and kernel.min() >= 0
        assert kernel[REACH, REACH] >= 1 / STEPS - 1e-6 and (kernel > 0).sum() >= 3
        lopsided += abs((kernel.sum(0) * at).sum()) > 0.5 or abs((kernel.sum(1) * at).sum()) > 0.5
    assert lopsided > 10


def test_a_shaken_still_is_the_still_blurred() -> None:
    picture = np.random.default_rng(1).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    blurred, sharp = shaken(picture, side=48, gamma=2.2, rng=np.random.default_rng(3))
    assert blurred.shape == sharp.shape == (48, 48, 3) and blurred.dtype == np.uint8
    assert blurred.std() < 0.9 * sharp.std()
    flat = np.full((90, 120, 3), 77, np.uint8)
    blurred, sharp = shaken(flat, side=48, gamma=2.2, rng=np.random.default_rng(3))
    assert np.abs(blurred.astype(int) - 77).max() <= 1 and (sharp == 77).all()


@pytest.mark.parametrize("gamma", [1.0, 1.5, 2.2])
def test_what_a_shaken_camera_averages_is_codes_to_the_power_of_gamma(gamma: float) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (100, 100, 3), dtype=np.uint8)
    blurred, _ = shaken(picture, side=100, gamma=gamma, rng=np.random.default_rng(3))
    inner = (slice(REACH, -REACH),) * 2
    means = {g: (((blurred[inner] / 255) ** g).mean() - ((picture[inner] / 255) ** g).mean()) for g in (1.0, 1.5, 2.2)}
    assert min(means, key=lambda g: abs(means[g])) == gamma, "of that alone the mean stays"


def test_a_sample_may_be_seen_through_another_tone_curve() -> None:
    """An average of light becomes one of the new codes; nothing else."""
    one, other = (np.random.default_rng(n).integers(0, 256, (64, 64, 3), dtype=np.uint8) / 255 for n in (1, 2))
    seen = (((one**2.2 + other**2.2) / 2) ** (1 / 2.2) * 255).round().astype(np.uint8)
    assert np.array_equal(_toned(seen, 1), seen)
    assert np.abs(_toned(seen, 2.2) / 255 - (one**2.2 + other**2.2) / 2).max() < 2 / 255


@dataclass(frozen=True)
class Two:
    """A source of two pictures that are seen at once."""

    def patch(self, side: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        rows = np.random.default_rng(0).integers(90, 160, (2, side, side, 3)) / 255
        return tuple((x * 255).round().astype(np.uint8) for x in (((rows**2.2).mean(0)) ** (1 / 2.2), rows[0]))  # type: ignore[return-value]


def test_the_share_of_other_tone_curves_is_what_is_asked_for() -> None:
    def darkest(share: float) -> Tensor:
        task = DeblurringTask(64, layered=0, shaken=0, sharp=0, noise=0, compressed=0, toned=share)
        _, sharp = BlurSamples([Two()], [], [], task, batch=60, seed=1, steps=1)[0]  # type: ignore[list-item]
        return sharp.flatten(1).mean(1)

    plain, some, all_of_them = darkest(0), darkest(0.5), darkest(1)
    assert plain.std() < 1e-3
    assert 20 < (some < plain.mean() - 1e-3).sum() < 40 and (all_of_them < plain.mean() - 1e-3).sum() > 55
    assert all_of_them.min() > (plain.mean() - 0.02) ** 2.2 - 0.02, "no darker than light itself"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two scenes that move, and two stills."""
    rng = np.random.default_rng(5)
    for seed in range(2):
        write_scene(tmp_path / "data" / f"scene_{seed}", seed=seed, step=(3, 5), frames=7)
    (tmp_path / "data" / "stills").mkdir()
    for name in ("a.png", "b.png"):
        coarse = rng.integers(0, 256, (24, 32, 3), dtype=np.uint8)
        picture = cv2.resize(coarse, (180, 140), interpolation=cv2.INTER_CUBIC)
        (tmp_path / "data" / "stills" / name).write_bytes(cv2.imencode(".png", picture)[1])
    return tmp_path / "data"


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vidrestore.training.data.blur.scenes.LAYERED", 6)


def test_batches_are_a_function_of_seed_and_step_and_scenes_are_made_once(data: Path, tmp_path: Path) -> None:
    task = DeblurringTask(patch=64)
    batches = task.open(data, tmp_path / "scratch").batches(batch=3, seed=4, steps=5)
    made = {path: path.stat().st_mtime_ns for path in (tmp_path / "scratch").rglob("*.npy")}
    again = task.open(data, tmp_path / "scratch").batches(batch=3, seed=4, steps=5)
    assert made == {path: path.stat().st_mtime_ns for path in (tmp_path / "scratch").rglob("*.npy")} and made
    for (blurred, sharp), (same, too) in zip((batches[n] for n in range(5)), (again[n] for n in range(5)), strict=True):
        assert blurred.shape == sharp.shape == (3, 1, 3, 64, 64)
        assert torch.equal(blurred, same) and torch.equal(sharp, too)
    assert not torch.equal(batches[0][0], batches[1][0])


def test_blur_is_what_is_asked_for(data: Path, tmp_path: Path) -> None:
    plain = DeblurringTask(patch=64, sharp=0, noise=0, compressed=0, shaken=0, layered=0, toned=0)
    material = plain.open(data, tmp_path / "scratch")
    blurred, sharp = material.batches(batch=8, seed=1, steps=1)[0]
    assert not torch.equal(blurred, sharp) and blurred.std() < sharp.std()
    assert 15 < material.held.baseline < 40
    still = DeblurringTask(patch=64, sharp=1, noise=0, compressed=0).open(data, tmp_path / "scratch")
    blurred, sharp = still.batches(batch=8, seed=1, steps=1)[0]
    assert torch.equal(blurred, sharp)


def test_enlarged_samples_show_less_of_the_picture_in_as_many_pixels(tmp_path: Path) -> None:
    """Red rises by one code value a pixel, so its span in a patch tells how much of the picture the patch shows."""
    picture = np.random.default_rng(0).integers(80, 160, (200, 200, 3), np.uint8)
    picture[..., 0] = np.arange(200)
    (tmp_path / "ramp.png").write_bytes(cv2.imencode(".png", picture[..., ::-1])[1])

    def spans(share: float) -> Tensor:
        task = DeblurringTask(64, shaken=1, sharp=0, enlarged=share, noise=0, compressed=0, quarters=False)
        pairs = BlurSamples([], [], [tmp_path / "ramp.png"], task, batch=40, seed=1, steps=1)[0]
        middle = torch.stack(pairs)[:, :, 0, 0, 20:44] * 255  # (2, 40, 24, 64), away from what lies outside
        return (middle[..., 43] - middle[..., 20]).abs().mean(-1) / 23

    assert torch.allclose(spans(0.0), torch.ones(2, 40), atol=0.1)
    blurred, sharp = spans(1.0)
    assert 0.45 < sharp.min() < 0.65 and 0.85 < sharp.max() < 1.05
    assert torch.allclose(blurred, sharp, atol=0.1)


def test_layered_stills_are_blurred_within_bounds(data: Path, tmp_path: Path) -> None:
    made = exposed_stills(sorted((data / "stills").iterdir()), tmp_path / "exposed", side=48)
    assert made and len(made) <= 6
    for scene in made:
        pictures = torch.from_numpy(np.load(scene.path)).permute(0, 3, 1, 2) / 255
        assert all(20.5 <= psnr(blurred, pictures[0]) <= 33.5 for blurred in pictures[1:])


def test_samples_wear_what_users_videos_wear(data: Path, tmp_path: Path) -> None:
    """Noise alone changes all colours alike; JPEG halves red and blue, as cameras' and players' files do."""
    stills = sorted((data / "stills").iterdir())

    def errors(**worn: float) -> Tensor:
        task = DeblurringTask(64, layered=0, shaken=1, sharp=1, **worn)
        blurred, sharp = BlurSamples([], [], stills, task, batch=12, seed=1, steps=1)[0]
        return ((blurred - sharp) ** 2).mean((0, 1, 3, 4)).sqrt() * 255

    assert errors(noise=0, compressed=0).max() == 0
    noisy, compressed = errors(noise=9, compressed=0), errors(noise=0, compressed=1)
    assert noisy.min() > 1 and noisy.max() < 1.2 * noisy.min()
    assert compressed[2] > compressed[0] > 1.2 * compressed[1]  # blue, red, green
    encoded = errors(noise=0, compressed=0, encoded=1)
    assert encoded.min() > 1 and encoded[2] > encoded[1]


def test_how_blurred_samples_are_is_what_is_asked_for(data: Path, tmp_path: Path) -> None:
    plain = DeblurringTask(48, layered=0, shaken=0, sharp=0, noise=0, compressed=0, toned=0)
    blurred, sharp = plain.open(data, tmp_path / "scratch").batches(batch=12, seed=1, steps=1)[0]
    found = [psnr(one, other) for one, other in zip(blurred[:, 0], sharp[:, 0], strict=True)]
    assert plain.fitting[0] - 0.3 <= min(found) <= max(found) <= plain.fitting[1] + 0.3
    with pytest.raises(InputError, match="is blurred to 90 to 99 dB"):
        replace(plain, fitting=(90.0, 99.0)).open(data, tmp_path / "scratch")


def test_what_has_no_blur_to_learn_from_is_said(data: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    still = rng.integers(0, 256, (80, 96, 3), dtype=np.uint8)
    for name in ("a_still", "another"):
        (tmp_path / "dull" / name).mkdir(parents=True)
        for number in range(4):
            (tmp_path / "dull" / name / f"{number}.png").write_bytes(cv2.imencode(".png", still)[1])
    with pytest.raises(InputError, match="no scene that fits"):
        DeblurringTask(patch=64).open(tmp_path / "dull", tmp_path / "scratch")
    (tmp_path / "dull").rename(data / "a_dull")  # beside scenes that move, it is left out
    assert DeblurringTask(patch=64).open(data, tmp_path / "scratch").held.baseline < 40


def test_pairs_that_are_there_are_learnt_from_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders as GOPRO's: no blurred picture is ever held for a sharp one, nor blurred again."""
    rng = np.random.default_rng(3)
    for folder in ("a", "b", "c"):
        for kind in ("sharp", "blur", "blur_gamma"):
            (tmp_path / "data" / folder / kind).mkdir(parents=True)
        for name in ("000001.png", "000012.png", "000023.png"):
            coarse = rng.integers(0, 256, (20, 24, 3), dtype=np.uint8)
            truth = cv2.resize(coarse, (96, 80), interpolation=cv2.INTER_CUBIC)
            blurred = cv2.blur(truth, (7, 1))
            for kind, picture in (("sharp", truth), ("blur", blurred), ("blur_gamma", 255 - truth)):
                cv2.imwrite(str(tmp_path / "data" / folder / kind / name), picture[..., ::-1])
    cv2.imwrite(str(tmp_path / "data" / "d_blur.png"), np.zeros((80, 80, 3), np.uint8))
    monkeypatch.chdir(tmp_path / "data")
    task = DeblurringTask(patch=80, layered=0.5, shaken=0.5, sharp=0, noise=0, compressed=0, quarters=False)
    material = task.open(Path(), tmp_path / "scratch")
    assert not list((tmp_path / "scratch").rglob("*.npy"))
    blurred, sharp = material.batches(batch=12, seed=1, steps=1)[0]
    for one, truth in zip(blurred[:, 0], sharp[:, 0], strict=True):
        again = torch.from_numpy(cv2.blur((truth * 255).byte().permute(1, 2, 0).numpy(), (7, 1))).permute(2, 0, 1)
        assert ((one * 255).round() - again)[..., 4:-4].abs().max() <= 0
    shown = {tuple((picture[0, :, 40, 40] * 255).byte().tolist()) for picture in blurred}
    assert len(shown) > 3


def test_a_pair_of_two_sizes_is_said_before_training(data: Path, tmp_path: Path) -> None:
    for name, width in (("x_blur.png", 90), ("x_sharp.png", 91)):
        cv2.imwrite(str(data / name), np.zeros((90, width, 3), np.uint8))
    with pytest.raises(InputError, match=r"x_blur\.png and .*x_sharp\.png differ in size"):
        DeblurringTask(patch=64).open(data, tmp_path / "scratch")


def test_folders_of_pairs_are_told_from_others(tmp_path: Path) -> None:
    """As REDS has them, in a folder that says blur itself; those of a folder stay together beside a folder in it."""
    root = tmp_path / "motion-blur"
    names = "train_blur/000/1.png train_sharp/000/1.png a/x_blurry.png a/x_sharp.png a/n/1_blur.png a/n/1_sharp.png"
    for name in [*names.split(), "a/y_blur.png", "a/y_sharp.png", "a/blur/7.png", "clip/1.png", "a/z_blur.mp4"]:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    found = given_pairs(root)
    folders = [sorted(str(pair.blurred.relative_to(root)) for pair in together) for together in by_folder(found)]
    assert sorted(folders) == [["a/n/1_blur.png"], ["a/x_blurry.png", "a/y_blur.png"], ["train_blur/000/1.png"]]
    assert {str(path.relative_to(root)) for path in folders_without_clips(found, root)} == {
        "a", "a/n", "a/blur", "train_blur", "train_blur/000", "train_sharp/000"
    }  # fmt: skip


def test_a_patch_without_blur_is_never_taken(data: Path, tmp_path: Path) -> None:
    plain = tmp_path / "plain.png"
    plain.write_bytes(cv2.imencode(".png", np.full((90, 90, 3), 99, np.uint8))[1])
    with pytest.raises(InputError, match="none of 400 patches of 64 pixels is blurred"):
        BlurSamples([], [], [plain], DeblurringTask(64, shaken=1), batch=1, seed=1, steps=1)[0]


def test_a_network_of_levels_learns_from_each(data: Path, tmp_path: Path) -> None:
    recipe = Recipe(
        "msresnet",
        {"width": 0.125, "blocks": 1},
        DeblurringTask(patch=32, sharp=0, noise=0, compressed=0),
        loss="mse",
        each_level=True,
        steps=40,
        batch=2,
        learning_rate=1e-3,
        clip_value=0.5,
        warmup=5,
        ema=0.9,
        validate_every=20,
        precision="fp32",
    )
    training = Training(recipe, data, tmp_path / "run", workers=0)
    before = training.material.held.psnr(training.ema)
    told, shapes = [], []
    training.loss.register_forward_pre_hook(lambda _, pair: shapes.append(tuple(x.shape for x in pair)))
    training.run(told.append)
    assert told[-1].psnr is not None and told[-1].psnr > before
    assert shapes[:3] == [(torch.Size((2, 3, side, side)),) * 2 for side in (32, 16, 8)]


def test_the_recipes_are_the_documents() -> None:
    document, public = RECIPES["msresnet-document"], RECIPES["msresnet-public"]
    assert (document.loss, document.clip_value, document.batch, document.learning_rate) == ("mse", 0.5, 2, 5e-5)
    assert document.drops == (0.4, 0.5, 0.6, 0.7, 0.8, 0.9) and document.each_level
    task = document.task
    assert isinstance(task, DeblurringTask) and task.patch == 256 and not task.quarters
    assert task.layered == task.shaken == task.sharp == task.toned == task.noise == task.compressed == 0
    assert public.args == {"blocks": 19, "pyramid": "gaussian"} and public.loss == "l1"
