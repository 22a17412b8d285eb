"""Noise removed by a cosine transform: against patches one by one, both ways of computing, tiles, and noise itself."""

import cv2
import numpy as np
import pytest
import torch

from vidrestore.models.kernels import dct, dct_cpu
from vidrestore.models.kernels.dct_reference import HALO, LAMBDA, LEAST, MOST, SIDE, STRIDE, reference


def naive(frames: np.ndarray, middle: int, sigma: float) -> np.ndarray:
    """(F, H, W) -> (H, W), patch by patch with OpenCV's transform."""
    count, height, width = frames.shape
    padded = np.pad(frames.astype(np.float64), ((0, 0), (SIDE, SIDE), (SIDE, SIDE)), mode="edge")
    frequency, place = np.mgrid[:count, :count]
    in_time = np.cos(np.pi * (2 * place + 1) * frequency / (2 * count)) * np.sqrt(2 / count)
    in_time[0] /= np.sqrt(2)
    sums, weights = np.zeros(padded.shape[1:]), np.zeros(padded.shape[1:])
    for y in range(0, height + SIDE + 1, STRIDE):
        for x in range(0, width + SIDE + 1, STRIDE):
            patch = np.stack([cv2.dct(each[y : y + SIDE, x : x + SIDE]) for each in padded])
            found = np.einsum("kn,nuv->kuv", in_time, patch)
            share = np.clip((abs(found) / (LAMBDA * sigma) - LEAST) / (MOST - LEAST), 0, 1)
            share[0, 0, 0] = 1
            kept = cv2.idct(np.einsum("k,kuv->uv", in_time[:, middle], found * share))
            sums[y : y + SIDE, x : x + SIDE] += kept / share.sum()
            weights[y : y + SIDE, x : x + SIDE] += 1 / share.sum()
    return (sums / weights)[SIDE:-SIDE, SIDE:-SIDE]


@pytest.mark.parametrize("shape", [(5, 40, 64), (3, 34, 48), (5, 8, 10)])
def test_both_ways_are_the_sum_over_patches(shape: tuple[int, int, int]) -> None:
    frames = np.random.default_rng(0).random(shape).astype(np.float32)
    given = torch.from_numpy(np.stack((frames, frames[:, ::-1].copy())))
    sigmas = (0.05, 0.2)
    for way in (reference, dct_cpu.without_noise, dct.without_noise):
        found = way(given, 1, sigmas)
        assert found.shape == (2, 2, *shape[1:])
        for number, sigma in enumerate(sigmas):
            assert np.abs(found[0, number].numpy() - naive(frames, 1, sigma)).max() < 2e-6


@pytest.mark.parametrize("way", [reference, dct_cpu.without_noise])
def test_a_tile_is_the_whole_inside_its_halo(way) -> None:  # type: ignore[no-untyped-def]
    frames = torch.rand(1, 5, 80, 96, generator=torch.Generator().manual_seed(0))
    whole, part = way(frames, 2, (0.1,)), way(frames[..., 8:72, 16:80].contiguous(), 2, (0.1,))
    inner = slice(HALO, 64 - HALO)
    found, expected = part[..., inner, inner], whole[..., 8:72, 16:80][..., inner, inner]
    torch.testing.assert_close(found, expected, atol=0 if way is dct_cpu.without_noise else 2e-6, rtol=0)


def test_noise_goes_and_edges_stay() -> None:
    """Five still frames at noise 25: 13 dB better than one of them, and than the mean of all five by far."""
    picture = np.full((96, 96), 60, np.uint8)
    cv2.putText(picture, "Aa7", (4, 60), cv2.FONT_HERSHEY_SIMPLEX, 1.6, 200, 3, cv2.LINE_AA)
    truth = torch.from_numpy(picture).float() / 255
    noisy = truth + 25 / 255 * torch.randn(1, 5, 96, 96, generator=torch.Generator().manual_seed(0))
    found = dct.without_noise(noisy, 2, (25 / 255,))[0, 0]

    def gain(shown: torch.Tensor) -> float:
        return float(10 * torch.log10(((noisy[0, 2] - truth) ** 2).mean() / ((shown - truth) ** 2).mean()))

    assert gain(found) > 13 > gain(noisy[0].mean(0)) + 5


def test_gradients_flow_through_the_reference() -> None:
    frames = torch.rand(1, 3, 16, 16, requires_grad=True)
    dct.without_noise(frames, 1, (0.1,)).sum().backward()
    assert frames.grad is not None and frames.grad.abs().sum() > 0
