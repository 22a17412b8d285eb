"""Flow interpolation: motion halves, stillness stays, and the network changes nothing before it is trained."""

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor

from vidrestore.engine import Settings, choose
from vidrestore.engine.infer import Inference
from vidrestore.models.networks.interpolation.fusion import Fusion
from vidrestore.restoration.interpolation.flow import FlowInterpolator
from vidrestore.restoration.interpolation.motion.moving_pair import MovingPair
from vidrestore.restoration.interpolation.motion.paths import at, find
from vidrestore.restoration.interpolation.motion.presets import PRESETS
from vidrestore.restoration.interpolation.motion.warp import warp

HALF = Fraction(1, 2)
SEARCH = PRESETS["balanced"].search


def texture(height: int, width: int, *, seed: int = 1) -> np.ndarray:
    """Smooth noise with detail down to about four pixels, in [0.1, 0.9]: (H, W, 3)."""
    noise = np.random.default_rng(seed).standard_normal((height, width, 3)).astype(np.float32)
    layers = [cv2.GaussianBlur(noise, (0, 0), sigma) * sigma for sigma in (1.5, 4, 12)]
    return np.clip(0.5 + sum(layers) * 0.35, 0.1, 0.9).astype(np.float32)


def shifted(image: np.ndarray, dx: float, dy: float) -> np.ndarray:
    matrix = np.float32([[1, 0, dx], [0, 1, dy]])
    size = image.shape[1], image.shape[0]
    return cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REFLECT)


def tensor(image: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))


def grey(image: np.ndarray) -> np.ndarray:
    return cv2.convertScaleAbs(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), alpha=255)


def untrained() -> Inference:
    settings = Settings(device="cpu", engine="torch", precision="fp32")
    return Inference(Fusion(), choose(settings), settings)


def test_the_evidence_has_the_same_bits_wherever_it_lies_in_memory():
    image = texture(40, 56)
    one, other = image, shifted(image, 2.5, -1)
    motion = find(grey(one), grey(other), SEARCH)
    first = list(MovingPair(one, other, motion).at(0.25).window())[-1]
    for n in range(40):
        blocks = [np.empty(1 + 977 * n + 16 * k, np.uint8) for k in range(40)]  # what comes next lies elsewhere
        assert np.array_equal(list(MovingPair(one.copy(), other.copy(), motion).at(0.25).window())[-1], first)
        del blocks


@pytest.mark.parametrize("quality", PRESETS)
@pytest.mark.parametrize("time", [HALF, Fraction(1, 5), Fraction(2, 3)])
def test_a_shift_gives_its_share(quality: str, time: Fraction):
    """Within a tenth of a pixel: no place so far off, in any direction, fits the result better."""
    still = texture(160, 200)
    dx, dy = 7.0, -3.0
    interpolate = FlowInterpolator(PRESETS[quality].search)
    (made,) = interpolate(tensor(still), tensor(shifted(still, dx, dy)), [time])
    inner = (slice(24, -24), slice(24, -24))

    def error(off: tuple[float, float]) -> float:
        there = shifted(still, float(dx * time) + off[0], float(dy * time) + off[1])
        return float(((made.permute(1, 2, 0).numpy() - there)[inner] ** 2).mean())

    assert all(error((0, 0)) < error(off) for off in ((0.1, 0), (-0.1, 0), (0, 0.1), (0, -0.1)))


def test_the_motion_of_a_shift_is_found_on_the_middle_grid():
    still = texture(128, 128)
    moved = shifted(still, 5, 2)
    paths = at(find(grey(still), grey(moved), SEARCH), still, moved, 0.5)
    for flow in paths:
        assert np.abs(flow[24:-24, 24:-24] - (5, 2)).mean() < 0.1


@pytest.mark.parametrize("fused", [False, True])
def test_equal_pictures_stay(fused: bool):
    picture = tensor(texture(40, 56))
    interpolate = FlowInterpolator(SEARCH, untrained() if fused else None)
    for made in interpolate(picture, picture.clone(), [Fraction(1, 3), HALF]):
        assert torch.equal(made, picture)


def test_what_stands_still_beside_motion_stays():
    """A still frame around a moving middle: bit for bit, away from the motion."""
    first = texture(128, 192)
    second = first.copy()
    second[40:88, 60:130] = shifted(first, 6, 0)[40:88, 60:130]
    (made,) = FlowInterpolator(SEARCH)(tensor(first), tensor(second), [HALF])
    assert (made - tensor(first))[:, :12].abs().max() < 1e-6
    assert (made - tensor(first))[:, -12:].abs().max() < 1e-6


def test_an_untrained_fusion_nearly_mixes_by_time():
    """Its prior: the two warped along the best motion, with a small share of the others."""
    still = texture(64, 72)
    first, second = tensor(still), tensor(shifted(still, 3, 1))
    times = [Fraction(1, 4), HALF]
    plain = FlowInterpolator(SEARCH)(first, second, times)
    fused = FlowInterpolator(SEARCH, untrained())(first, second, times)
    for one, other in zip(plain, fused, strict=True):
        assert (one - other).abs().mean() < 0.01


def test_reversed_time_gives_the_same_pictures():
    still = texture(96, 96)
    first, second = tensor(still), tensor(shifted(still, 4, 1))
    interpolate = FlowInterpolator(SEARCH, untrained())
    (there,) = interpolate(first, second, [Fraction(1, 4)])
    (back,) = interpolate(second, first, [Fraction(3, 4)])
    assert (there - back).abs().mean() < 1e-3


@pytest.mark.parametrize(("height", "width"), [(1, 1), (2, 7), (17, 33), (64, 5)])
def test_any_size(height: int, width: int):
    rng = torch.Generator().manual_seed(1)
    first, second = (torch.rand(3, height, width, generator=rng) for _ in range(2))
    for fusion in (None, untrained()):
        (made,) = FlowInterpolator(SEARCH, fusion)(first, second, [HALF])
        assert made.shape == first.shape and made.dtype == torch.float32
        assert made.isfinite().all()


def test_warp_against_a_naive_oracle():
    """Bilinear, sampled by hand, the edge going on beyond the picture."""
    rng = np.random.default_rng(1)
    image = rng.random((9, 11)).astype(np.float32)
    flow = rng.uniform(-4, 4, (9, 11, 2)).astype(np.float32)
    moved = warp(image, flow, 0.5, cv2.INTER_LINEAR)
    for y in range(9):
        for x in range(11):
            at_x, at_y = x + flow[y, x, 0] / 2, y + flow[y, x, 1] / 2
            x0, y0 = int(np.floor(at_x)), int(np.floor(at_y))
            value = sum(
                image[np.clip(y0 + j, 0, 8), np.clip(x0 + i, 0, 10)]
                * (1 - abs(at_x - x0 - i))
                * (1 - abs(at_y - y0 - j))
                for i in (0, 1)
                for j in (0, 1)
            )
            assert abs(moved[y, x] - value) < 0.04  # OpenCV places a sample on a grid of 1/32 pixel


@pytest.mark.parametrize("quality", PRESETS)
def test_better_than_plain_search_on_real_motion(shared_data: Path, quality: str):
    """Middlebury: the flow alone, without a network, beats both half warps of OpenCV's MEDIUM in the mean."""
    medium = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    gains = []
    for folder in sorted((shared_data / "eval/middlebury_other").iterdir()):
        first, truth, second = (
            cv2.cvtColor(cv2.imread(str(folder / name)), cv2.COLOR_BGR2RGB).astype(np.float32) / 255
            for name in ("frame10.png", "frame10i11.png", "frame11.png")
        )
        (made,) = FlowInterpolator(PRESETS[quality].search)(tensor(first), tensor(second), [HALF])
        there, back = medium.calc(grey(first), grey(second), None), medium.calc(grey(second), grey(first), None)
        plain = (warp(first, -there, 0.5, cv2.INTER_CUBIC) + warp(second, -back, 0.5, cv2.INTER_CUBIC)) / 2
        gains.append(psnr(truth, made.permute(1, 2, 0).numpy()) - psnr(truth, plain))
    assert np.mean(gains) > 0.4


def psnr(truth: np.ndarray, picture: np.ndarray) -> float:
    return float(-10 * np.log10(np.mean((truth - picture) ** 2)))
