"""The tables of interpolation: pictures found, baselines whose answers are known, scores against naive ones."""

import json
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity
from torch import Tensor
from typer.testing import CliRunner

from tests.clips import make_clip
from vidrestore.cli import app
from vidrestore.errors import InputError
from vidrestore.training.evaluate.baselines import BASELINES
from vidrestore.training.evaluate.interpolation import evaluate_interpolation, means
from vidrestore.training.evaluate.triplets import Triplet, triplets
from vidrestore.video.facts.probe import probe
from vidrestore.video.reader import Reader

HALF = (Fraction(1, 2),)


def textured(height: int = 96, width: int = 128, *, shift: float = 0.0) -> Tensor:
    """RGB, many waves, moved `shift` pixels to the right; every shift is exact, for it is a formula."""
    y, x = np.mgrid[:height, :width].astype(np.float64)
    draws = np.random.default_rng(0).uniform(-1, 1, (24, 3))
    waves = [np.sin(0.6 * (a * (x - shift) + b * y) + 9 * c) for a, b, c in draws]
    return torch.from_numpy(0.5 + np.stack([sum(waves[k::3]) for k in range(3)]) / 10).float().clamp(0, 1)


def inner_psnr(a: Tensor, b: Tensor) -> float:
    cut = (..., slice(16, -16), slice(16, -16))
    return float(-10 * torch.log10(torch.mean((a[cut] - b[cut]).double() ** 2)))


@pytest.mark.parametrize("time", [Fraction(1, 2), Fraction(1, 4), Fraction(2, 3)])
def test_flow_baselines_move_a_shifted_picture_by_its_share(time: Fraction) -> None:
    """6 pixels of shift: at time t the picture lies 6t further, and far nearer to that than to any neighbour."""
    first, second = textured(), textured(shift=6)
    truth, plain = textured(shift=6 * float(time)), BASELINES["average"](first, second, (time,))[0]
    for name, least in (("dis", 30), ("minterpolate", 26)):
        (made,) = BASELINES[name](first, second, (time,))
        assert made.shape == truth.shape
        assert made.dtype == torch.float32
        assert inner_psnr(made, truth) > max(least, inner_psnr(plain, truth) + 3), name


def test_average_weighs_by_time() -> None:
    black, white = torch.zeros(3, 8, 8), torch.ones(3, 8, 8)
    early, late = BASELINES["average"](black, white, (Fraction(1, 4), Fraction(3, 4)))
    assert (early == 0.25).all()
    assert (late == 0.75).all()


def test_equal_pictures_stay() -> None:
    picture = (textured() * 255).round() / 255
    for name, most in (("average", 0), ("dis", 1e-6), ("minterpolate", 2.1 / 255)):
        (made,) = BASELINES[name](picture, picture, HALF)
        assert (made - picture).abs().max() <= most, name


def test_dis_is_the_half_warp_of_a_naive_loop() -> None:
    """Sample by sample: bicubic kernel (a = -0.75), the other picture's flow, edges repeated."""
    first, second = textured(72, 80), textured(72, 80, shift=3)
    grey = [
        cv2.cvtColor((x.permute(1, 2, 0).numpy() * 255).round().astype(np.uint8), cv2.COLOR_RGB2GRAY)
        for x in (first, second)
    ]
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    back, onward = dis.calc(grey[1], grey[0], None), dis.calc(grey[0], grey[1], None)

    def weight(d: float) -> float:
        d, a = abs(d), -0.75
        return (
            (a + 2) * d**3 - (a + 3) * d**2 + 1
            if d <= 1
            else a * d**3 - 5 * a * d**2 + 8 * a * d - 4 * a
            if d < 2
            else 0
        )

    def sample(picture: Tensor, y: float, x: float) -> float:
        h, w = picture.shape
        rows, columns = (int(np.floor(v)) for v in (y, x))
        return sum(
            weight(y - i) * weight(x - j) * float(picture[min(max(i, 0), h - 1), min(max(j, 0), w - 1)])
            for i in range(rows - 1, rows + 3)
            for j in range(columns - 1, columns + 3)
        )

    (made,) = BASELINES["dis"](first, second, HALF)
    for y, x in ((0, 0), (10, 20), (35, 40), (71, 79), (50, 3)):
        halves = [
            sample(picture[1], y + flow[y, x, 1] / 2, x + flow[y, x, 0] / 2)
            for picture, flow in ((first, back), (second, onward))
        ]
        assert float(made[1, y, x]) == pytest.approx(sum(halves) / 2, abs=0.01)  # OpenCV has 1/32 of a pixel


class Off:
    """An interpolator that is wrong by a known amount, and counts its calls."""

    def __init__(self, by: float) -> None:
        self.by, self.calls = by, 0

    def __call__(self, first: Tensor, second: Tensor, times: Sequence[Fraction]) -> list[Tensor]:
        self.calls += 1
        return [(first + second) / 2 + self.by for _ in times]


def test_scores_are_the_naive_ones_and_rounded_to_eight_bits() -> None:
    rng = np.random.default_rng(0)
    codes = torch.from_numpy(rng.integers(10, 245, (3, 20, 24))).float()
    triplet = Triplet("a", "0", codes / 255, codes / 255, codes / 255)
    noisy = (codes + torch.from_numpy(rng.normal(0, 4, codes.shape))).float() / 255
    methods = {
        "exact": Off(0.0),
        "a third off": Off(0.3 / 255),
        "two off": Off(2.2 / 255),
        "noisy": lambda *_: [noisy],
    }
    (row,) = evaluate_interpolation(methods, [triplet])
    assert row.scores["exact"].psnr == row.scores["a third off"].psnr == 100
    assert row.scores["exact"].ssim == pytest.approx(1)
    assert row.scores["two off"].psnr == pytest.approx(20 * np.log10(255 / 2))
    truth, made = (x.permute(1, 2, 0).numpy() for x in (codes, (noisy * 255).round().clamp(0, 255)))
    assert row.scores["noisy"].psnr == pytest.approx(10 * np.log10(255**2 / np.mean((truth - made) ** 2)))
    expected = structural_similarity(
        truth.astype(np.uint8), made.astype(np.uint8), channel_axis=2,
        gaussian_weights=True, sigma=1.5, use_sample_covariance=False,
    )  # fmt: skip
    assert row.scores["noisy"].ssim == pytest.approx(expected, abs=0.02)  # skimage counts the borders too


def test_means_go_by_set_and_only_the_first_of_a_size_is_made_twice() -> None:
    grey = torch.full((3, 16, 16), 100 / 255)
    method = Off(1 / 255)
    found = [
        Triplet("a", "0", grey, grey, grey.clone()),
        Triplet("a", "1", grey, grey + 3 / 255, grey.clone()),
        Triplet("b", "0", grey, grey, grey.clone()),
    ]
    rows = list(evaluate_interpolation({"off": method}, found))
    assert method.calls == 4
    first, second = means(rows)
    assert (first.set, second.set) == ("a", "b")
    expected = (20 * np.log10(255) + 20 * np.log10(255 / 2)) / 2
    assert first.scores["off"].psnr == pytest.approx(expected)
    assert first.scores["off"].ms > 0


def test_frames_of_one_gap_are_asked_for_at_once_and_each_at_its_time() -> None:
    first, second = torch.zeros(3, 16, 16), torch.ones(3, 16, 16)
    asked = []

    def blend(*pictures: object) -> list[Tensor]:
        asked.append(pictures[2])
        return BASELINES["average"](*pictures)

    gap = [Triplet("a", str(n), first, first + n / 3, second, Fraction(n, 3)) for n in (1, 2)]
    rows = list(evaluate_interpolation({"blend": blend}, gap))
    assert asked[1:] == [[Fraction(1, 3), Fraction(2, 3)]]
    assert [row.scores["blend"].psnr for row in rows] == [100, 100]


def write(path: Path, value: Sequence[int]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((16, 16, 3), value, np.uint8)[..., ::-1])


def test_triplets_are_found_by_the_names_of_the_public_sets(tmp_path: Path) -> None:
    names = {
        "middlebury/Walking": ("frame10.png", "frame10i11.png", "frame11.png"),
        "davis/kart": ("frame10.png", "gt_frame10i11.png", "frame11.png"),
        "ucf/0001": ("frame_00.png", "frame_01_gt.png", "frame_02.png"),
        "vimeo/00001/0001": ("im1.png", "im2.png", "im3.png"),
    }
    for folder, files in names.items():
        for i, file in enumerate(files):
            write(tmp_path / folder / file, (10 + i, 20, 30))
    write(tmp_path / "set5" / "baby.png", (1, 2, 3))
    found = list(triplets(tmp_path))
    assert [(t.set, t.name) for t in found] == [
        ("davis", "kart"), ("middlebury", "Walking"), ("ucf", "0001"), ("00001", "0001"),
    ]  # fmt: skip
    for triplet in found:
        for i, picture in enumerate((triplet.first, triplet.truth, triplet.second)):
            assert picture.shape == (3, 16, 16)
            assert (picture[:, 0, 0] * 255).tolist() == pytest.approx([10 + i, 20, 30])
    (tmp_path / "ucf/0001/frame_02.png").write_text("no picture")
    with pytest.raises(InputError, match=r"frame_02\.png"):
        list(triplets(tmp_path))
    with pytest.raises(InputError, match="no video with frames evenly"):
        list(triplets(tmp_path / "set5"))


def test_every_second_frame_of_a_video_is_truth(tmp_path: Path) -> None:
    """Frames 1 and 3 of six; the even ones are what is given; a frame far from midway is no truth."""
    clip = make_clip(tmp_path / "six.mkv", frames=6)
    pictures = [frame.picture for frame in Reader(probe(clip))]
    found = list(triplets(tmp_path))
    assert [(t.set, t.name) for t in found] == [("six", "0001"), ("six", "0003")]
    for triplet, number in zip(found, (0, 2), strict=True):
        for made, planes in zip((triplet.first, triplet.truth, triplet.second), pictures[number:], strict=False):
            grey = (planes.y.float().mean() - 16) / 219
            assert float(made.mean()) == pytest.approx(float(grey), abs=0.15)
    two = list(triplets(tmp_path, every=3))
    assert [(t.name, t.time) for t in two] == [("0001", Fraction(1, 3)), ("0002", Fraction(2, 3))]
    assert two[0].first is two[1].first
    assert two[0].second is two[1].second
    clip.unlink()
    make_clip(tmp_path / "uneven.mkv", pts=[0, 10, 40, 70, 100], time_base=Fraction(1, 1000))
    assert [t.name for t in triplets(tmp_path)] == ["0003"]


def test_the_public_figures(shared_data: Path) -> None:
    """Of issue 4, in dB: frame average, DIS half-warp, minterpolate."""
    (davis,) = means(evaluate_interpolation(BASELINES, triplets(shared_data / "eval/davis_triplets")))
    scores = {name: score.psnr for name, score in davis.scores.items()}
    assert scores == pytest.approx({"average": 21.71, "dis": 25.65, "minterpolate": 24.69}, abs=0.02)


def test_the_command_prints_pictures_and_means(tmp_path: Path) -> None:
    for name, value in (("a", 100), ("b", 120)):
        for i, file in enumerate(("im1.png", "im2.png", "im3.png")):
            write(tmp_path / "set" / name / file, (value + i, value, value))
    result = CliRunner().invoke(app, ["evaluate", "average", "--data", str(tmp_path), "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert [picture["name"] for picture in found["pictures"]] == ["a", "b"]
    assert found["sets"]["set"]["average"]["psnr"] == 100
    assert set(found["sets"]["set"]) == set(BASELINES)
    shown = CliRunner().invoke(app, ["evaluate", "average", "--data", str(tmp_path)]).stdout
    assert "100.00 1.0000" in shown
    assert "minterpolate" in shown


def test_a_model_stands_before_the_baselines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `interpolate -m` takes is asked for by the same words."""
    asked = []

    def find(*args: object) -> SimpleNamespace:
        asked.append(args[:2])
        return SimpleNamespace(load=lambda: Off(2 / 255))

    monkeypatch.setattr("vidrestore.restoration.interpolation.choose.find", find)
    for file in ("im1.png", "im2.png", "im3.png"):
        write(tmp_path / "set" / "a" / file, (100, 100, 100))
    result = CliRunner().invoke(app, ["evaluate", "flow", "--data", str(tmp_path), "--quality", "fast", "--json"])
    assert asked == [("flow", "fast")]
    scores = json.loads(result.stdout)["sets"]["set"]
    assert list(scores) == ["flow", *BASELINES]
    assert scores["flow"]["psnr"] == pytest.approx(20 * np.log10(255 / 2))
