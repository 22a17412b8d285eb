"""The tables of deblurring: pairs by their names, exposures of clips whose motion is known, and scores by hand."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torch import Tensor
from typer.testing import CliRunner

from tests.frames import FP32, MeanOf
from vidrestore.cli import app
from vidrestore.errors import InputError
from vidrestore.metrics.psnr import psnr
from vidrestore.models.networks.msresnet import MSResNet
from vidrestore.models.processor import Needs
from vidrestore.models.weights import files
from vidrestore.training.evaluate.blurred_pairs import BlurredPair, blurred_pairs
from vidrestore.training.evaluate.deblurring import evaluate_deblurring, mean, means

Codes = NDArray[np.uint8]
STEP, SIDE = 8, 96


def write(path: Path, codes: Codes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), codes[..., ::-1])
    return path


def flat(value: int, side: int = 16) -> Codes:
    return np.full((side, side, 3), (value, 20, 30), np.uint8)


def codes_of(picture: Tensor) -> Codes:
    return (picture * 255).round().byte().permute(1, 2, 0).numpy()


def test_pairs_go_by_the_names_of_files_or_folders(tmp_path: Path) -> None:
    names = {
        "a/Flower_blur1.png": "a/Flower_sharp1.png",
        "b/x_blurred.png": "b/x_sharp.png",
        "c/blurred/7.png": "c/sharp/7.png",
        "d/blur/000001.png": "d/sharp/000001.png",
        "d/blur/000002.png": "d/sharp/000002.png",
        "d/blur/000003.png": "d/sharp/000003.png",
    }
    for number, (blurred, sharp) in enumerate(names.items()):
        write(tmp_path / blurred, flat(10 + number))
        write(tmp_path / sharp, flat(100 + number))
    for alone in ("a/blur_only/srn_01.png", "a/blur_only/srn_02.png", "a/blur_only/srn_03.png", "e/kodim01.png"):
        write(tmp_path / alone, flat(50))
    found = list(blurred_pairs(tmp_path))
    assert [(pair.set, pair.name) for pair in found] == [
        ("a", "Flower_blur1"), ("b", "x_blurred"), ("c", "7"), ("d", "000001"), ("d", "000002"), ("d", "000003"),
    ]  # fmt: skip
    for number, pair in enumerate(found):
        assert np.array_equal(codes_of(pair.blurred), flat(10 + number))
        assert np.array_equal(codes_of(pair.sharp), flat(100 + number))
    write(tmp_path / "b/x_sharp.png", flat(1, side=17))
    with pytest.raises(InputError, match=r"x_blurred\.png and .*x_sharp\.png differ in size"):
        list(blurred_pairs(tmp_path))
    with pytest.raises(InputError, match="no pairs of blurred and sharp pictures"):
        list(blurred_pairs(tmp_path / "e"))


def test_names_are_read_as_words_and_what_is_no_clip_is_left_out(tmp_path: Path) -> None:
    for number in range(3):
        write(tmp_path / "deblur_clip" / f"frame_{number:08}.png", frame(number))
        write(tmp_path / "stills" / f"kodim{number}.png", flat(number, side=16 + number))
    write(tmp_path / "Blur" / "x_blur.png", flat(1))
    write(tmp_path / "Sharp" / "x_sharp.png", flat(2))
    write(tmp_path / "more" / "Blur" / "1.png", flat(3))
    write(tmp_path / "more" / "Sharp" / "1.png", flat(4))
    found = [(pair.set, pair.name) for pair in blurred_pairs(tmp_path)]
    assert set(found) == {
        (tmp_path.name, "x_blur"),
        ("more", "1"),
        *(("deblur_clip", f"0001 of {n}") for n in (5, 7, 9)),
    }


def test_pairs_that_cannot_be_compared_are_said(tmp_path: Path) -> None:
    write(tmp_path / "small_blur.png", flat(1, side=10))
    write(tmp_path / "small_sharp.png", flat(2, side=10))
    with pytest.raises(InputError, match=r"small_blur\.png is too small"):
        list(blurred_pairs(tmp_path))
    (tmp_path / "small_blur.png").write_bytes(b"")
    with pytest.raises(InputError, match=r"small_blur\.png cannot be read as a picture"):
        list(blurred_pairs(tmp_path))


def test_a_relative_folder_has_pairs_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "x_blur.png", flat(1))
    write(tmp_path / "x_sharp.png", flat(2))
    monkeypatch.chdir(tmp_path)
    (pair,) = blurred_pairs(Path())
    assert pair.set == tmp_path.name


def texture() -> NDArray[np.float32]:
    noise = np.random.default_rng(3).random((SIDE, SIDE + 12 * STEP, 3), np.float32)
    return np.asarray(cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 1.5), None, 0, 1, cv2.NORM_MINMAX), np.float32)


def seen_from(place: float) -> NDArray[np.float32]:
    """The texture, `place` pixels from its left: (SIDE, SIDE, 3)."""
    there = np.array([[1, 0, -place], [0, 1, 0]], np.float32)
    return np.asarray(cv2.warpAffine(texture(), there, (SIDE, SIDE), flags=cv2.INTER_CUBIC), np.float32)


def frame(number: int) -> Codes:
    return np.asarray((np.clip(seen_from(number * STEP), 0, 1) * 255).round(), np.uint8)


def test_a_clip_is_blurred_by_its_own_motion(tmp_path: Path) -> None:
    """A texture that moves by 8 pixels a frame: the mean, as light, of what is seen along the way."""
    for number in range(8):
        write(tmp_path / "moving" / f"frame_{number:08}.png", frame(number))
    found = list(blurred_pairs(tmp_path))
    assert [(pair.set, pair.name) for pair in found] == [
        ("moving", f"{centre:04} of {count}") for centre in (1, 5) for count in (5, 7, 9)
    ]
    inner = slice(STEP, -STEP)
    for pair, (centre, count) in zip(found, [(c, n) for c in (1, 5) for n in (5, 7, 9)], strict=True):
        assert np.array_equal(codes_of(pair.sharp), frame(centre))
        moments = [centre + offset / 8 for offset in range(-(count // 2), count // 2 + 1)]
        light = np.mean([np.clip(seen_from(moment * STEP), 0, 1) ** 2.2 for moment in moments], axis=0)
        expected = (light ** (1 / 2.2) * 255).round().astype(np.uint8)
        assert psnr(codes_of(pair.blurred)[:, inner], expected[:, inner]) > 38
        assert 22 <= psnr(codes_of(pair.blurred), frame(centre)) <= 32


def test_a_video_gives_what_its_frames_give_and_what_stands_still_nothing(tmp_path: Path) -> None:
    for number in range(3):
        write(tmp_path / "frames" / f"{number}.png", frame(number))
        write(tmp_path / "still" / f"{number}.png", frame(0))
    with av.open(str(tmp_path / "video.mkv"), "w") as output:
        stream = output.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = SIDE, SIDE, "bgr0"
        for number in range(3):
            output.mux(stream.encode(av.VideoFrame.from_ndarray(frame(number), "rgb24").reformat(format="bgr0")))
        output.mux(stream.encode(None))
    found = list(blurred_pairs(tmp_path))
    assert [(pair.set, pair.name) for pair in found] == [
        (name, f"0001 of {count}") for name in ("frames", "video") for count in (5, 7, 9)
    ]
    for one, other in zip(found[:3], found[3:], strict=True):
        assert torch.equal(one.blurred, other.blurred) and torch.equal(one.sharp, other.sharp)


@dataclass
class Off(MeanOf):
    """A processor that changes a picture by a known amount."""

    by: float = 0.0

    def finish(self, window: Tensor, *core_out: Tensor) -> Tensor:
        return window + self.by


def test_scores_are_the_naive_ones_and_rounded_to_eight_bits() -> None:
    rng = np.random.default_rng(0)
    sharp = rng.integers(20, 230, (20, 24, 3)).astype(np.uint8)
    blurred = cv2.GaussianBlur(sharp, (0, 0), 1)
    pair = BlurredPair("a", "0", *(torch.from_numpy(x).permute(2, 0, 1).float() / 255 for x in (blurred, sharp)))
    (score,) = evaluate_deblurring(Off(Needs(), by=2.3 / 255), [pair], settings=FP32)
    assert (score.set, score.name) == ("a", "0")
    for (found_psnr, found_ssim), made in (
        ((score.psnr, score.ssim), blurred + 2),
        ((score.blurred_psnr, score.blurred_ssim), blurred),
    ):
        assert found_psnr == pytest.approx(peak_signal_noise_ratio(sharp, made))
        expected = structural_similarity(
            sharp, made, channel_axis=2, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, full=True
        )[1][5:-5, 5:-5].mean()
        assert found_ssim == pytest.approx(expected, abs=1e-5)


def test_means_go_by_set_and_over_all() -> None:
    grey = torch.full((3, 16, 16), 100 / 255)
    found = [
        BlurredPair(name, str(i), grey + off / 255, grey)
        for i, (name, off) in enumerate((("a", 1), ("a", 3), ("b", 0)))
    ]
    scores = list(evaluate_deblurring(Off(Needs()), found, settings=FP32))
    one, other = means(scores)
    decibels = [20 * np.log10(255), 20 * np.log10(255 / 3), 100]  # 100 stands for no error at all
    assert (one.set, other.set) == ("a", "b")
    assert one.psnr == one.blurred_psnr == pytest.approx(np.mean(decibels[:2]))
    assert other.psnr == 100
    assert mean("all", scores).psnr == pytest.approx(np.mean(decibels))


@pytest.mark.parametrize("named", ["file", "manifest"])
def test_the_command_shows_the_network_beside_the_blurred_picture(
    named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network whose weights are zero makes every picture grey."""
    network = MSResNet(1, 0.0625)
    for parameter in network.parameters():
        parameter.data.zero_()
    model = tmp_path / "weights" / "grey.safetensors"
    model.parent.mkdir()
    content = files.written(network, task="deblur", model="msresnet", args={"blocks": 1, "width": 0.0625})
    model.write_bytes(content)
    if named == "manifest":
        texts = {"task": "deblur", "model": "msresnet", "file": model.name, "licence": "", "recipe": "", "data": ""}
        rows = [f'{key} = "{value}"' for key, value in texts.items()]
        rows += [
            f'sha256 = "{hashlib.sha256(content).hexdigest()}"',
            "steps = 0",
            "args = {blocks = 1, width = 0.0625}",
            f"parameters = {sum(parameter.numel() for parameter in network.parameters())}",
            "needs = {}",
        ]
        (model.parent / "manifest.toml").write_text("\n".join(["[grey]", *rows]))
        monkeypatch.setenv("VIDRESTORE_WEIGHTS", str(model.parent))
    write(tmp_path / "data/x_blur.png", flat(100))
    write(tmp_path / "data/x_sharp.png", flat(103))
    words = ["evaluate", "grey" if named == "manifest" else str(model), "--data", str(tmp_path / "data")]
    words += ["--quality", "balanced"]
    result = CliRunner().invoke(app, [*words, "--engine", "torch", "--precision", "fp32", "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found.keys() == {"model", "data", "mean", "sets", "pictures"}
    (picture,) = found["pictures"]
    errors = [10 * np.log10(255**2 / np.mean(np.square(off))) for off in ((25, 108, 98), (3, 0, 0))]
    assert (picture["set"], picture["name"]) == ("data", "x_blur")
    assert (picture["psnr"], picture["blurred_psnr"]) == pytest.approx(errors)
    assert found["mean"]["psnr"] == found["sets"][0]["psnr"] == picture["psnr"]
    shown = CliRunner().invoke(app, words, env={"COLUMNS": "160"}).stdout
    assert f"{errors[1]:.2f}" in shown and f"{errors[0] - errors[1]:+.2f}" in shown


def test_folders_without_pairs_are_one_line(tmp_path: Path) -> None:
    model = tmp_path / "tiny.safetensors"
    network = MSResNet(1, 0.0625)
    model.write_bytes(files.written(network, task="deblur", model="msresnet", args={"blocks": 1, "width": 0.0625}))
    (tmp_path / "empty").mkdir()
    result = CliRunner().invoke(app, ["evaluate", str(model), "--data", str(tmp_path / "empty")])
    assert result.exit_code == 3 and len(result.stderr.strip().splitlines()) == 1
    assert "no pairs of blurred and sharp pictures" in result.stderr
