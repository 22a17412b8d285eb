"""Training on what users bring: encoders, the chain of degradations, its files, and tables on compressed clips."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from tests.training.moving_scenes import film
from vidrestore.cli import app
from vidrestore.errors import UsageError
from vidrestore.frame.resize import imresize
from vidrestore.metrics.psnr import psnr
from vidrestore.models.kernels.motion import compare
from vidrestore.models.kernels.motion_reference import activity
from vidrestore.models.networks.aligned import LEVELS, Aligned
from vidrestore.training.data.chain import Damage, Noise, Shares, damaged, draw, planes
from vidrestore.training.data.drawings import drawings
from vidrestore.training.data.encoded_scenes import encoded_scenes
from vidrestore.training.data.footage import read_picture, scenes
from vidrestore.training.loop import Training
from vidrestore.training.recipes import RECIPES
from vidrestore.training.tasks.real_footage import MIDDLE, RealFootageTask, bicubic
from vidrestore.video.encode import round_trip as codecs
from vidrestore.video.encode.round_trip import Codes, compress, parse

TINY = RealFootageTask(Shares(), patch=16, rounds=2, layered=0)


def moving(count: int = 6, size: tuple[int, int] = (64, 96)) -> list[Codes]:
    """4:2:0 frames of a texture that moves, with colour."""
    y, x = np.mgrid[: size[0], : size[1]]
    v, u = np.mgrid[: size[0] // 2, : size[1] // 2]
    frames = []
    for i in range(count):
        luma = 125 + 60 * np.sin((x + 2 * i) / 3) * np.cos((y - i) / 4)
        chroma = np.stack((110 + 20 * np.sin((u + i) / 5), 140 + 20 * np.cos((v + i) / 5)))
        frames.append(np.rint(np.concatenate((luma, chroma.reshape(-1, size[1])))).astype(np.uint8))
    return frames


@pytest.mark.parametrize("name", codecs.KINDS)
def test_every_encoder_gives_all_frames_back_and_worse_ones_at_worse_quality(name: str) -> None:
    frames = moving()
    make, qualities = codecs.KINDS[name]
    good, bad = (compress(frames, make(q)).frames for q in (qualities[len(qualities) // 5], qualities[-8]))
    assert len(good) == len(bad) == len(frames)
    scores = [[psnr(a, b) for a, b in zip(frames, each, strict=True)] for each in (good, bad)]
    assert np.mean(scores[0]) > np.mean(scores[1]) + 1.5
    assert min(scores[0]) > 30  # in their order, and no code stretched
    for each, frame in zip(good, frames, strict=True):
        for plane, expected in zip(planes(each), planes(frame), strict=True):
            assert abs(plane.mean() - expected.mean()) < 2


def test_pictures_of_one_clip_differ_in_quality() -> None:
    """I, P and B pictures: that is what stills through an encoder never show."""
    frames = moving(12)
    scores = [psnr(a, b) for a, b in zip(frames, compress(frames, codecs.x264(34)).frames, strict=True)]
    assert max(scores) - min(scores) > 0.5


@pytest.mark.parametrize("text", ["x264", "x264:52", "x264:-1", "h266:20", "mjpeg:0", "x264:2.5", ""])
def test_a_mistyped_codec_is_answered_with_all(text: str) -> None:
    with pytest.raises(UsageError, match=r"x264:0\.\.51, x265"):
        parse(text)


def test_nothing_drawn_changes_nothing() -> None:
    frames = moving(2)
    (low, steps), before = damaged(frames, Damage(), scale=1, rng=np.random.default_rng(0))
    assert all((a == b).all() and (a == c).all() for a, b, c in zip(frames, low, before, strict=True))
    assert steps == [0, 0]


def test_halved_is_matlabs_bicubic() -> None:
    (frame,) = moving(1)
    (low,) = damaged([frame], Damage(), scale=2, rng=np.random.default_rng(0))[0].frames
    expected = imresize(torch.from_numpy(planes(frame)[0]).double()[None, None], 0.5)[0, 0].round()
    assert np.abs(planes(low)[0] - expected.numpy()).max() <= 1


def test_noise_has_the_variance_that_is_said() -> None:
    grey = np.full((192, 256), 100, np.uint8)
    noise = Noise(gain=0.3, floor=4.0, chroma=5.0, denoised=0.0)
    (frames, _), before = damaged([grey] * 4, Damage(noise=noise), scale=1, rng=np.random.default_rng(0))
    assert all((each == grey).all() for each in before)
    y, u, _ = (np.stack(each).astype(float) for each in zip(*map(planes, frames), strict=True))
    assert y.var() == pytest.approx(0.3 * 100 + 16, rel=0.05)
    assert u.std() == pytest.approx(5, rel=0.1)
    assert np.abs(np.corrcoef(u[0, :, :-1].ravel(), u[0, :, 1:].ravel())[0, 1]) > 0.3  # in blotches
    white = replace(noise, blotchy=False)
    (frame,) = damaged([grey], Damage(noise=white), scale=1, rng=np.random.default_rng(0))[0].frames
    v = planes(frame)[2].astype(float)
    assert v.std() == pytest.approx(5, rel=0.1)
    assert np.abs(np.corrcoef(v[:, :-1].ravel(), v[:, 1:].ravel())[0, 1]) < 0.05
    assert np.corrcoef(y[0].ravel(), y[1].ravel())[0, 1] < 0.05  # anew in every frame


def test_sharpening_overshoots_at_edges_only() -> None:
    frame = np.full((96, 64), 60, np.uint8)
    frame[:64, 32:] = 160
    (sharp,) = damaged([frame], Damage(halo=(0.5, 1.0)), scale=1, rng=np.random.default_rng(0))[0].frames
    y = planes(sharp)[0]
    assert y.max() > 170
    assert y.min() < 50
    assert (y[:, :16] == 60).all()
    assert (y[:, 48:] == 160).all()


def test_a_draw_is_a_function_of_its_seed_and_shares_are_kept() -> None:
    assert draw(np.random.default_rng(3), Shares()) == draw(np.random.default_rng(3), Shares())
    rng = np.random.default_rng(0)
    drawn = [draw(rng, Shares()) for _ in range(600)]
    assert np.mean([bool(each.encoders) for each in drawn]) == pytest.approx(Shares().compressed, abs=0.04)
    assert np.mean([each.noise is not None for each in drawn]) == pytest.approx(Shares().noisy, abs=0.05)
    assert {each.encoders[0].name for each in drawn if each.encoders} == {
        make(q[5]).name for make, q in codecs.KINDS.values()
    }
    assert all(draw(rng, Shares(0, 0, 0, sharpened=0, compressed=0, twice=0)) == Damage() for _ in range(20))
    plain = [draw(rng, Shares(noisy=1, noisiest=55, only_noisy=1)) for _ in range(300)]
    assert all(each == Damage(noise=each.noise) for each in plain)
    assert 30 < max(each.noise.floor for each in plain if each.noise) <= 55


def test_scenes_are_encoded_once(tmp_path: Path) -> None:
    film(tmp_path / "film", 13)
    found = scenes(tmp_path, tmp_path / "scratch", least=12, side=32)
    made = encoded_scenes(found, tmp_path / "made", Shares(), scale=2, rounds=2)
    assert [(each.low.shape, each.high.shape) for each in made] == [((12, 48, 64), (12, 96, 128))] * 2
    assert not np.array_equal(made[0].low, made[1].low)  # another draw
    times = [each.path.stat().st_mtime_ns for each in made]
    again = encoded_scenes(found, tmp_path / "made", Shares(), scale=2, rounds=2)
    assert [each.path.stat().st_mtime_ns for each in again] == times
    assert not list((tmp_path / "made").glob("*.part"))


def test_windows_belong_to_their_target(tmp_path: Path) -> None:
    """The middle frame, enlarged, comes closer to its own target than to any other of the batch."""
    for n in range(3):
        film(tmp_path / "data" / f"film{n}", 14, seed=n)
    task = replace(TINY, shares=Shares(0, 0.5, 0, sharpened=0, compressed=0))  # hard ones would hide which is whose
    material = task.open(tmp_path / "data", tmp_path / "scratch")
    low, high = material.batches(batch=8, seed=1, steps=3)[2]
    assert (low.shape, high.shape) == ((8, 5, 1, 16, 16), (8, 1, 1, 32, 32))
    errors = ((bicubic(task, low) - high[None, :, 0]) ** 2).mean((2, 3, 4))
    assert (errors.argmin(1) == torch.arange(8)).all()
    apart = (low - low[:, MIDDLE, None]).abs().mean((2, 3, 4))
    assert (apart[:, [0, 1, 3, 4]] > 1 / 255).all()
    again, _ = material.batches(batch=8, seed=1, steps=3)[2]
    assert torch.equal(low, again)


def test_windows_of_the_same_size_have_chroma_that_belongs_to_them(tmp_path: Path) -> None:
    for n in range(3):
        film(tmp_path / "data" / f"film{n}", 14, seed=n)
    clean = Shares(0, 0, 0, sharpened=0, compressed=0)
    task = replace(TINY, shares=clean, scale=1, patch=32)
    assert task.command == "clean"
    low, high = task.open(tmp_path / "data", tmp_path / "scratch").batches(batch=4, seed=1, steps=2)[1]
    assert (low.shape, high.shape) == ((4, 5, 3, 32, 32), (4, 1, 3, 32, 32))
    assert torch.equal(bicubic(task, low), high)  # nothing was done to them
    assert torch.equal(low[..., 1:, ::2, ::2].repeat_interleave(2, -1).repeat_interleave(2, -2), low[..., 1:, :, :])
    assert high[:, :, 1:].abs().amax() <= 0.5 < high[:, :, 0].amax() <= 1.1
    edges = (high[:, 0, 0].diff(dim=-1).abs().mean(), high[:, 0, 1].diff(dim=-1).abs().mean())
    assert min(edges) > 0


def test_windows_have_the_steps_that_their_decoder_told(tmp_path: Path) -> None:
    film(tmp_path / "data" / "film1", 14)
    film(tmp_path / "data" / "film2", 14, seed=1)
    task = replace(TINY, shares=Shares(compressed=1.0, everyday=1.0, twice=0), scale=1, told=True)
    low, high = task.open(tmp_path / "data", tmp_path / "scratch").batches(batch=40, seed=1, steps=1)[0]
    assert (low.shape, high.shape) == ((40, 5, 4, 16, 16), (40, 1, 3, 16, 16))
    steps = low[:, :, 3] * 255
    assert (steps == steps[..., :1, :1]).all()
    quantisers = 6 * (steps[:, :, 0, 0] / 0.625).log2()
    assert quantisers.min() > 5 and quantisers.max() < 51  # CRF 17 to 36, some of them mistold
    assert (low[:, :, :3].diff(dim=1).abs().mean() > 0).all()


@pytest.mark.parametrize(("name", "apart"), [("robust-x2", 0.5), ("clean", 3)])
def test_the_recipe_runs_and_begins_near_its_baseline(name: str, apart: float, tmp_path: Path) -> None:
    """Cleaning begins at a mean of denoised pictures."""
    for n in range(2):
        film(tmp_path / "data" / f"film{n}", 14, seed=n)
    recipe = RECIPES[name]
    task = replace(TINY, shares=Shares(compressed=1.0), scale=recipe.task.scale, told=recipe.task.told)
    args = {**recipe.args, "width": 8, "blocks": 1}
    recipe = replace(recipe, args=args, task=task, batch=2, validate_every=2)
    seen = []
    Training(recipe, tmp_path / "data", tmp_path / "run", steps=2, workers=0).run(seen.append)
    assert seen[-1].psnr == pytest.approx(seen[-1].baseline, abs=apart)
    assert (tmp_path / "run" / "best.safetensors").is_file()


def test_mismatch_and_activity_by_hand() -> None:
    picture = torch.rand(1, 1, 12, 16)
    others = torch.stack((picture[0, 0], picture[0, 0] + 0.25))[None]
    still = torch.zeros_like(others)
    _, found = compare(picture, others, still, still)
    assert found[0, 0].abs().max() < 1e-6
    assert torch.allclose(found[0, 1], torch.full((12, 16), 0.25), atol=1e-6)
    square = picture[0, 0, 2:11, 3:12].double().numpy()  # what activity at (6, 7) looks at: a mean's mean
    means = np.array([[square[y : y + 5, x : x + 5].mean() for x in range(5)] for y in range(5)])
    assert float(activity(picture)[0, 0, 6, 7]) == pytest.approx(np.abs(square[2:7, 2:7] - means).mean(), abs=1e-6)


def test_what_does_not_match_adds_nothing() -> None:
    """A neighbour of another scene is silenced; those that match are heard in full."""
    torch.manual_seed(1)
    texture = torch.nn.functional.avg_pool2d(torch.rand(1, 1, 68, 68), 5, 1)
    window = texture.repeat(1, 5, 1, 1)[:, :, None].clone()
    window[:, 1:2] = texture.roll(1, -1)[:, :, None]  # adds something
    told = torch.zeros_like(window)
    (all_match,) = Aligned(8, 1, told=True).prepare(torch.cat((window, told), 2))
    window[:, 0] = 0.2 * texture + 0.7  # another scene
    (facts,) = Aligned(8, 1, told=True).prepare(torch.cat((window, told), 2))
    heard, before = (each[0, 1:17].view(4, 4, 64, 64)[..., 24:40, 24:40] for each in (facts, all_match))
    differs = facts[0, 25:29, 24:40, 24:40]
    assert differs[1:].abs().max() < LEVELS < differs[0].mean()
    assert heard[:, 0].abs().mean() < 0.1 * differs[0].mean()
    torch.testing.assert_close(heard[:, 1:], before[:, 1:])


def test_evaluate_on_compressed_clips(tmp_path: Path) -> None:
    """Beside bicubic, of the same decoded frames: what is compressed worse scores worse."""
    film(tmp_path / "data" / "film", 8)

    def bicubic_mean(*words: str) -> float:
        run = CliRunner().invoke(
            app, ["evaluate", "espcn-x2", "--data", str(tmp_path / "data"), "--engine", "torch", "--json", *words]
        )
        assert run.exit_code == 0, run.output
        return float(json.loads(run.stdout)["mean"]["bicubic_psnr_y"])

    clean, good, bad = bicubic_mean(), bicubic_mean("--compress", "x264:20"), bicubic_mean("--compress", "x264:45")
    noisy = bicubic_mean("--noise", "25")
    assert clean >= good > bad + 0.5
    assert noisy < clean - 3


def test_compress_is_for_enlarging(tmp_path: Path) -> None:
    run = CliRunner().invoke(app, ["evaluate", "unblur", "--data", str(tmp_path), "--compress", "x264:28"])
    assert run.exit_code == 2
    run = CliRunner().invoke(app, ["evaluate", "espcn-x2", "--data", str(tmp_path), "--compress", "h264:28"])
    assert run.exit_code == 2


def test_drawings_are_the_same_each_time_and_hold_text_lines_and_areas(tmp_path: Path) -> None:
    first, again = (drawings(tmp_path / name, 12) for name in "ab")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in again]
    pictures = [read_picture(path) for path in first]
    assert len({picture.tobytes() for picture in pictures}) == 12
    flat = [float((np.diff(picture.astype(int), axis=1) == 0).all(2).mean()) for picture in pictures]
    assert min(flat) > 0.5 and max(flat) < 1  # flat areas with edges


def test_drawings_go_through_the_chain_where_no_still_lies(tmp_path: Path) -> None:
    for n in range(2):
        film(tmp_path / "film" / str(n), 14, seed=n)
    without, with_them = (replace(TINY, layered=3, drawn=drawn) for drawn in (0, 5))
    for task, count in ((without, 0), (with_them, 3)):
        task.open(tmp_path / "film", tmp_path / f"scratch{count}")
        assert len(list((tmp_path / f"scratch{count}" / "encoded").glob("layered-*.high.npy"))) == count


@pytest.mark.parametrize("text", ["x264:28", "x265:28", "mpeg4:6", "mpeg2:6", "mjpeg:6", "vp9:40"])
def test_every_encoder_leaves_steps_that_are_numbers(text: str) -> None:
    steps = compress(moving(6), parse(text)).steps
    assert len(steps) == 6
    assert all(2 < step < 120 for step in steps), steps
    if text.startswith("mpeg"):
        assert steps == [12] * 6
