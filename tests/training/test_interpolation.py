"""Training of interpolation: footage, triplets, the loss by features, and the loop with a network of two frames."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor, nn
from typer.testing import CliRunner

from tests.clips import make_clip
from tests.training.moving_scenes import SIDE, texture, write_scene
from vidrestore.cli import app
from vidrestore.errors import InputError, ModelError, UsageError
from vidrestore.models.networks import MODELS
from vidrestore.models.processor import Needs
from vidrestore.training.data.footage import Scene, Unpacked, scenes
from vidrestore.training.loop import Training, learning_rate
from vidrestore.training.losses import make_loss
from vidrestore.training.perceptual import WIDTHS, Features, Vgg
from vidrestore.training.recipes import RECIPES, Recipe
from vidrestore.training.tasks.triplets import TripletSamples, TripletTask, average, motion


@pytest.fixture
def footage(tmp_path: Path) -> Path:
    """Three moving scenes and a still one, as folders of frames."""
    for seed, step in enumerate(((3, 0), (0, -2), (-4, 4), (0, 0))):
        write_scene(tmp_path / "data" / f"scene{seed}", seed=seed, step=step)
    return tmp_path / "data"


def found(folder: Path, **asked: int) -> list[Scene]:
    return scenes(folder, folder.parent / "unpacked", **{"least": 3, "side": 64, **asked})


def batches(footage: list[Scene], **changed: int) -> TripletSamples:
    usual = {"patch": 48, "margin": 12, "choice": 3, "batch": 6, "seed": 1, "steps": 20}
    return TripletSamples(footage, **{**usual, **changed})


def test_folders_of_numbered_frames_are_scenes(footage: Path) -> None:
    (footage / "stills").mkdir()
    for name in ("frame_1.png", "frame_2.png", "frame_9.png"):
        cv2.imwrite(str(footage / "stills" / name), np.zeros((SIDE, SIDE, 3), np.uint8))
    write_scene(footage / "short", seed=1, step=(1, 1), frames=2)
    listed = found(footage)
    assert [len(scene) for scene in listed] == [5, 5, 5, 5]
    assert listed[0].size == (SIDE, SIDE)
    whole = cv2.cvtColor(cv2.imread(str(footage / "scene1/frame_00000003.png")), cv2.COLOR_BGR2RGB)
    assert (listed[1][2] == whole).all()
    with pytest.raises(InputError, match="no scene of 6 frames"):
        found(footage, least=6)
    with pytest.raises(InputError, match="161x161"):
        found(footage, side=161)
    cv2.imwrite(str(footage / "scene0/frame_00000004.png"), np.zeros((9, 9, 3), np.uint8))
    with pytest.raises(InputError, match=r"frame_00000004\.png is 9x9"):
        found(footage)[0][3]


def test_videos_are_unpacked_once_and_cut_at_their_cuts(tmp_path: Path) -> None:
    """Two shots of eight frames; the second opening reads what the first one wrote."""
    data = tmp_path / "data"
    data.mkdir()
    writer = cv2.VideoWriter(str(data / "two.avi"), cv2.VideoWriter_fourcc(*"FFV1"), 25, (SIDE, 120))
    pictures = [texture(shot, SIDE + 20)[i : i + 120, 2 * i : 2 * i + SIDE] for shot in (5, 6) for i in range(8)]
    for picture in pictures:
        writer.write(picture)
    writer.release()
    first, second = found(data)
    assert (len(first), len(second)) == (8, 8)
    assert isinstance(first, Unpacked)
    assert first.size == (120, SIDE)
    for number, picture in enumerate(pictures):
        kept = (first, second)[number // 8][number % 8]
        assert np.abs(kept[..., ::-1].astype(int) - picture).max() <= 6, number  # through 4:2:0 or RGB of the codec
    written = first.path.stat().st_mtime_ns
    assert found(data) == [first, second]
    assert first.path.stat().st_mtime_ns == written
    assert not list(first.path.parent.glob("*.part"))
    (data / "bad.mp4").write_bytes(b"no video")
    with pytest.raises(InputError, match=r"bad\.mp4"):
        found(data)


def test_first_middle_and_last_are_neighbours_from_one_place(footage: Path) -> None:
    """The middle frame moved by a step is the last, moved back the first; flips and swaps keep that."""
    listed = found(footage)[:3]
    steps = {(sx * x, sy * y) for x, y in ((3, 0), (0, -2), (-4, 4)) for sx in (-1, 1) for sy in (-1, 1)}
    around, between = batches(listed)[4]
    assert around.shape == (6, 2, 3, 48, 48)
    assert between.shape == (6, 1, 3, 48, 48)
    assert around.min() >= 0 and around.max() <= 1
    for pair, middle in zip(around, between[:, 0], strict=True):
        inner = (..., slice(8, -8), slice(8, -8))
        fits = [
            step
            for step in steps
            if all(
                torch.equal(middle[inner], picture.roll((sign * step[1], sign * step[0]), (-2, -1))[inner])
                for picture, sign in zip(pair, (1, -1), strict=True)
            )
        ]
        assert fits, "no step leads from the first over the middle to the last frame"


def test_every_flip_and_both_orders_of_time_occur(footage: Path) -> None:
    """Frames of a slope say which way they were turned: red grows with x, green with y, blue with time."""
    y, x = np.mgrid[:100, :100]
    scene = [np.uint8(np.dstack((x, y, np.full_like(x, 50 * t)))) for t in range(3)]
    noisy = [frame + np.random.default_rng(0).integers(0, 3, frame.shape, np.uint8) for frame in scene]

    class Slope(list[np.ndarray]):
        size = (100, 100)

    sees = set()
    dataset = TripletSamples([Slope(noisy)], patch=48, margin=12, choice=1, batch=1, seed=3, steps=64)
    dataset._moving = lambda rng: dataset._window(rng)  # type: ignore[method-assign]  # flow sees nothing in a slope
    for step in range(64):
        around, between = dataset[step]
        red, green = around[0, 0, 0], around[0, 0, 1]
        time = around[0, 1, 2].mean() > around[0, 0, 2].mean()
        sees.add((bool(red[0, 0] < red[0, -1]), bool(green[0, 0] < green[-1, 0]), bool(time)))
        assert between[0, 0, 2].mean() == pytest.approx(51 / 255, abs=0.005)
    assert len(sees) == 8


def test_still_windows_are_skipped_and_motion_is_preferred(footage: Path) -> None:
    listed = found(footage)
    for step in range(3):
        around, _ = batches(listed, batch=8)[step]
        assert all((first != last).any() for first, last in around), "a window of the still scene was taken"
    with pytest.raises(InputError, match="nothing moves"):
        batches([listed[3]])[0]
    slow, fast = listed[1], listed[2]

    def share_of_fast(choice: int) -> float:
        lengths = []
        for step in range(6):
            around, _ = batches([slow, fast], choice=choice, batch=8)[step]
            codes = np.uint8((around * 255).round().permute(0, 1, 3, 4, 2).numpy())
            lengths += [motion(first, last) for first, last in codes]
        return float(np.mean(np.array(lengths) > 7))  # 4 and 11.3 pixels in two steps

    assert share_of_fast(6) > share_of_fast(1) + 0.15


def test_motion_is_measured_in_pixels() -> None:
    big = texture(1, 200)
    assert motion(big[20:148, 20:148], big[20:148, 25:153]) == pytest.approx(5, abs=0.3)
    assert motion(big[:128, :128], big[:128, :128]) < 0.01


def test_batches_are_a_function_of_seed_and_step(footage: Path) -> None:
    listed = found(footage)
    one, again, other = batches(listed)[7], batches(listed)[7], batches(listed, seed=2)[7]
    assert torch.equal(one[0], again[0]) and torch.equal(one[1], again[1])
    assert not torch.equal(one[0], other[0])
    assert not torch.equal(one[0], batches(listed)[8][0])


def test_held_scenes_are_not_trained_on(footage: Path, tmp_path: Path) -> None:
    """Each scene has its own brightness, which says where a patch comes from."""
    levels = {}
    for number, folder in enumerate(sorted(footage.iterdir())[:3]):
        for path in folder.iterdir():
            picture = cv2.imread(str(path)) // 8 + np.uint8(60 * number)
            cv2.imwrite(str(path), picture)
            levels[number] = picture.mean() / 255
    material = TripletTask(patch=48, margin=12).open(footage, tmp_path / "unpacked")
    nearest: Callable[[Tensor], int] = lambda x: min(levels, key=lambda k: abs(levels[k] - float(x.mean())))  # noqa: E731
    held = {nearest(target) for _, target in material.held.pairs}
    made = material.batches(batch=8, seed=1, steps=9)
    trained = {nearest(target) for step in range(9) for target in made[step][1]}
    assert held and trained
    assert not held & trained
    for path in sorted(footage.iterdir())[1:]:
        for file in path.iterdir():
            file.unlink()
    with pytest.raises(InputError, match="one scene only"):
        TripletTask(patch=48, margin=12).open(footage, tmp_path / "unpacked")


def test_the_documents_schedule() -> None:
    """1e-3 for 20 of 50 epochs, then halved every ten; the paper's stays."""
    document, paper = RECIPES["sepconv-document"], RECIPES["sepconv-paper"]
    rates = [learning_rate(document, epoch * 100, 5000) for epoch in (0, 19, 20, 29, 30, 39, 40, 49)]
    assert rates == pytest.approx([1e-3, 1e-3, 5e-4, 5e-4, 2.5e-4, 2.5e-4, 1.25e-4, 1.25e-4])
    assert learning_rate(paper, 0, 5000) == learning_rate(paper, 4999, 5000) == 1e-3
    assert document.optimiser == paper.optimiser == "adamax"
    assert document.batch == paper.batch == 16


class Blend(nn.Module):
    """The average of both frames, and what a convolution adds: stands for any network between two frames."""

    def __init__(self) -> None:
        super().__init__()
        self.core = nn.Conv2d(6, 3, 9, padding=4)
        nn.init.zeros_(self.core.weight)
        nn.init.zeros_(self.core.bias)
        self.needs = Needs(after=1, times=(Fraction(1, 2),), halo=4)

    def prepare(self, window: Tensor) -> tuple[Tensor, ...]:
        return (window.flatten(1, 2),)

    def finish(self, window: Tensor, *core_out: Tensor) -> Tensor:
        return average(window) + core_out[0][:, None]


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> Recipe:
    monkeypatch.setitem(MODELS, "blend", Blend)
    return replace(
        RECIPES["sepconv-narrow"], model="blend", args={}, task=TripletTask(patch=48, margin=12, choice=2),
        batch=4, warmup=5, validate_every=10, precision="fp32", ema=0.9, learning_rate=1e-3,
    )  # fmt: skip


def test_the_loop_trains_a_network_between_frames_and_resumes(tmp_path: Path, tiny: Recipe) -> None:
    """All scenes move alike, which a convolution can learn: the frames' average is beaten. 20 + 10 steps are 30."""
    footage = tmp_path / "data"
    for seed in range(4):
        write_scene(footage / f"scene{seed}", seed=seed, step=(3, 0))
    seen = []
    straight = Training(tiny, footage, tmp_path / "a", steps=30, workers=0)
    straight.run(seen.append)
    assert [progress.step for progress in seen] == [10, 20, 30]
    assert seen[-1].psnr > seen[-1].baseline + 0.1
    assert seen[-1].loss < seen[0].loss

    class StopError(Exception):
        pass

    def stop(progress: object) -> None:
        if progress.step == 20:  # type: ignore[attr-defined]
            raise StopError

    with pytest.raises(StopError):
        Training(tiny, footage, tmp_path / "b", steps=30, workers=0).run(stop)
    second = Training(tiny, footage, tmp_path / "b", steps=30, workers=0)
    second.resume()
    second.run()
    assert (tmp_path / "a/best.safetensors").read_bytes() == (tmp_path / "b/best.safetensors").read_bytes()


def vgg_file(path: Path) -> dict[str, Tensor]:
    """Weights of VGG-19's shapes, made up, that keep activations near 1."""
    tensors, inputs, index = {}, 3, 0
    generator = torch.Generator().manual_seed(0)
    for widths in WIDTHS:
        for width in widths:
            scale = (2 / (9 * inputs)) ** 0.5
            tensors[f"features.{index}.weight"] = scale * torch.randn(width, inputs, 3, 3, generator=generator)
            tensors[f"features.{index}.bias"] = 0.1 * torch.randn(width, generator=generator)
            index, inputs = index + 2, width
        index += 1
    tensors["classifier.0.weight"] = torch.zeros(2, 2)
    torch.save(tensors, path)
    return tensors


@pytest.fixture(scope="module")
def vgg(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Tensor]]:
    path = tmp_path_factory.mktemp("vgg") / "vgg19.pth"
    return path, vgg_file(path)


@pytest.mark.parametrize("scale", ["caffe", "torchvision"])
def test_features_are_those_of_the_layers_by_their_numbers(vgg: tuple[Path, dict[str, Tensor]], scale: str) -> None:
    """A naive walk over torchvision's numbering; relu4_4 is number 26."""
    path, weights = vgg
    rgb = torch.rand(2, 3, 32, 40)
    if scale == "caffe":
        bgr = rgb[:, [2, 1, 0]] * 255
        x = torch.stack([bgr[:, c] - mean for c, mean in enumerate((103.939, 116.779, 123.68))], 1)
    else:
        mean, deviation = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
        x = torch.stack([(rgb[:, c] - mean[c]) / deviation[c] for c in range(3)], 1)
    for number in range(27):
        if number in (4, 9, 18):
            x = F.max_pool2d(x, 2)
        elif f"features.{number}.weight" in weights:
            x = F.relu(F.conv2d(x, weights[f"features.{number}.weight"], weights[f"features.{number}.bias"], padding=1))
    made = Features(Vgg(path, scale))(rgb)  # type: ignore[arg-type]
    assert made.shape == (2, 512, 4, 5)
    torch.testing.assert_close(made, x, rtol=1e-3, atol=1e-3)


def test_the_loss_is_l1_and_weighted_features(vgg: tuple[Path, dict[str, Tensor]]) -> None:
    path, _ = vgg
    out, target = torch.rand(2, 1, 3, 32, 32, requires_grad=True), torch.rand(2, 1, 3, 32, 32)
    l1 = (out - target).abs().mean()
    for scale in ("caffe", "torchvision"):
        features = Features(Vgg(path, scale))  # type: ignore[arg-type]
        difference = ((features(out[:, 0]) - features(target[:, 0])) ** 2).mean()
        loss = make_loss("l1+vgg", vgg=Vgg(path, scale), device=torch.device("cpu"))  # type: ignore[arg-type]
        value = loss(out, target)
        expected = l1 + 1e-4 * difference if scale == "caffe" else l1 * 9.5
        assert value.item() == pytest.approx(expected.item(), rel=1e-4)
        (grad,) = torch.autograd.grad(value, out)
        assert grad.abs().max() > 0
        assert list(loss.state_dict()) == ["weight"], "VGG must not be in checkpoints"
        assert not list(loss.parameters())
        again = make_loss("l1+vgg", vgg=Vgg(path, scale), device=torch.device("cpu"))  # type: ignore[arg-type]
        again.load_state_dict(loss.state_dict())
        nearer = (out.detach() + target) / 2
        assert again(nearer, target).item() == pytest.approx(loss(nearer, target).item())


def test_training_with_features_keeps_their_weight(
    footage: Path, tmp_path: Path, tiny: Recipe, vgg: tuple[Path, dict[str, Tensor]]
) -> None:
    recipe = replace(tiny, loss="l1+vgg", batch=2, validate_every=2)
    first = Training(recipe, footage, tmp_path / "run", steps=2, workers=0, vgg=Vgg(vgg[0]))
    first.run()
    second = Training(recipe, footage, tmp_path / "run", steps=4, workers=0, vgg=Vgg(vgg[0]))
    assert second.loss.weight.isnan()
    second.resume()
    assert second.loss.weight == first.loss.weight > 0
    assert (tmp_path / "run/last.pt").stat().st_size < 1e6


def test_vgg_files_that_will_not_do_are_refused(tmp_path: Path, vgg: tuple[Path, dict[str, Tensor]]) -> None:
    def refused(error: type[Exception], says: str, path: Path | None) -> None:
        with pytest.raises(error, match=says):
            make_loss("l1+vgg", vgg=path and Vgg(path), device=torch.device("cpu"))

    refused(UsageError, "--vgg", None)
    refused(ModelError, "no VGG-19 weights", tmp_path / "none.pth")
    for name, content in (
        ("text.pth", b"hello"),
        ("empty.pth", b""),
        ("text.safetensors", b"hello"),
        ("zip.pth", b"PK"),
    ):
        (tmp_path / name).write_bytes(content)
        refused(ModelError, name, tmp_path / name)
    _, weights = vgg
    torch.save({k: v for k, v in weights.items() if "features.25" not in k}, tmp_path / "vgg16.pth")
    refused(ModelError, r"features\.25\.weight is missing", tmp_path / "vgg16.pth")
    torch.save({**weights, "features.2.bias": torch.zeros(3)}, tmp_path / "shape.pth")
    refused(ModelError, r"features\.2\.bias is \(3,\), not \(64,\)", tmp_path / "shape.pth")
    torch.save(nn.Conv2d(1, 1, 1), tmp_path / "module.pth")
    refused(ModelError, r"module\.pth", tmp_path / "module.pth")
    torch.save([1, 2], tmp_path / "list.pth")
    refused(ModelError, "holds a list", tmp_path / "list.pth")
    save_file({k: v.contiguous() for k, v in weights.items()}, tmp_path / "good.safetensors")
    make_loss("l1+vgg", vgg=Vgg(tmp_path / "good.safetensors"), device=torch.device("cpu"))


def test_the_command_names_the_missing_vgg_file(tmp_path: Path) -> None:
    make_clip(tmp_path / "clip.mp4", frames=6, size=(160, 160))
    result = CliRunner().invoke(
        app, ["train", "sepconv-document-features", "--data", str(tmp_path), "--out", str(tmp_path / "run")]
    )
    assert "--vgg" in result.stderr
    assert result.exit_code == 2


def test_training_needs_no_pyav() -> None:
    """A machine with a GPU and no network may have only torch, numpy and OpenCV."""
    code = "import sys; sys.modules['av'] = None; import vidrestore.training.log, vidrestore.training.loop"
    subprocess.run([sys.executable, "-c", code], check=True)
