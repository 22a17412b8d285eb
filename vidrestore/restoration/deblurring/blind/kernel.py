"""The kernel that fits a blurred picture to a sharp one, and what kernels of shaken cameras are like."""

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from .edges import Floats

ROUNDS = 30
ACCURACY = 1e-7
"""Share of the first square error of the equations that may remain."""
FAINT, SMALL = 0.1, 0.1
"""Share of the largest value below which a value is noise, and of the sum below which a spot apart is."""
SOFT = np.array([1, 4, 6, 4, 1], np.float32) / 16
"""By which kernels are smoothed before they are compared: a pixel more or less is no other kernel."""


def fitted(sharp: Floats, seen: Floats, start: Floats, damping: float) -> Floats:
    """The kernel k that takes least of |k * sharp - seen|^2 + damping * |k|^2, by conjugate gradients.

    Args:
        sharp, seen: differences (2, H, W) of pictures that go round, at least twice as large as the kernel.
        start: (K, K), K odd, near which it may be.

    Returns:
        (K, K), that may have values below 0.
    """
    side, size = len(start), seen.shape[-2:]
    spectrum = np.fft.rfft2(sharp)
    both = np.fft.irfft2((spectrum.conj() * np.fft.rfft2(seen)).sum(0), s=size)
    own = np.fft.irfft2((np.abs(spectrum) ** 2).sum(0), s=size)
    wanted = np.roll(both, (side // 2, side // 2), (0, 1))[:side, :side]
    # What the kernel is multiplied by is the same along each diagonal, so that small transforms do.
    around = np.roll(own, (side, side), (0, 1))[: 2 * side, : 2 * side]
    matrix = np.fft.rfft2(np.roll(around, (-side, -side), (0, 1)))

    def times(kernel: Floats) -> Floats:
        product = np.fft.irfft2(matrix * np.fft.rfft2(kernel, s=(2 * side, 2 * side)), s=(2 * side, 2 * side))
        return np.asarray(product[:side, :side] + damping * kernel, np.float32)

    kernel = start
    residual: Floats = np.asarray(wanted - times(kernel), np.float32)
    direction, left = residual, (residual**2).sum()
    first = left
    for _ in range(ROUNDS):
        if left <= ACCURACY * first:
            break
        change = times(direction)
        far = left / (direction * change).sum()
        kernel, residual = kernel + far * direction, residual - far * change
        before, left = left, (residual**2).sum()
        direction = residual + left / before * direction
    return kernel


def cleaned(kernel: Floats) -> Floats:
    """Without what is faint and without small spots apart; sum 1. Without anything above 0, the blur that is none."""
    kernel = np.where(kernel >= FAINT * kernel.max(), kernel, np.float32(0)).clip(0)
    if kernel.max() <= 0:
        return point(len(kernel))
    label = _spots(kernel > 0)
    shares = np.bincount(label.ravel(), kernel.ravel()) / kernel.sum()
    kernel = np.where(shares[label] >= SMALL, kernel, np.float32(0))
    return kernel / kernel.sum() if kernel.max() > 0 else point(len(kernel))


def point(side: int) -> Floats:
    """The kernel (side, side) that changes nothing."""
    kernel = np.zeros((side, side), np.float32)
    kernel[side // 2, side // 2] = 1
    return kernel


def centred(kernel: Floats) -> Floats:
    """Moved by whole pixels so that its centre of gravity lies in the middle; what would leave it is lost."""
    side = len(kernel)
    steps = np.arange(side) - side // 2
    down, right = (round(float(kernel.sum(1 - axis) @ steps / kernel.sum())) for axis in (0, 1))
    moved = np.pad(kernel, side)[side + down : 2 * side + down, side + right : 2 * side + right]
    return np.asarray(moved / moved.sum(), np.float32)


def resized(kernel: Floats, side: int) -> Floats:
    """The same for a picture larger or smaller by as much."""
    given = torch.from_numpy(kernel)[None, None]
    made = F.interpolate(given, (side, side), mode="bicubic", align_corners=False)[0, 0].clamp_min(0)
    return np.asarray((made / made.sum()).numpy(), np.float32)


def agreement(one: Floats, other: Floats) -> float:
    """How alike two kernels of one size are, wherever they lie: their largest correlation, 0 to 1."""
    size = (2 * len(one) + 8,) * 2
    soft = np.fft.rfft2(SOFT[:, None] * SOFT, s=size)
    first, second = (np.fft.irfft2(np.fft.rfft2(kernel, s=size) * soft, s=size) for kernel in (one, other))
    products = np.fft.irfft2(np.fft.rfft2(first) * np.fft.rfft2(second).conj(), s=size)
    return float(products.max() / np.sqrt((first**2).sum() * (second**2).sum()))


def _spots(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """A number for each True of (H, W), the same for those that touch, at their corners too; 0 elsewhere."""
    label = np.where(mask, np.arange(1, mask.size + 1).reshape(mask.shape), 0)
    while True:
        around = np.pad(label, 1)
        wider = np.lib.stride_tricks.sliding_window_view(around, (3, 3)).max((2, 3)) * mask
        if (wider == label).all():
            return label
        label = wider
