"""Edges: the picture of flat parts and hard edges that a blur kernel fits to what was seen.

It keeps few differences between neighbours, and those at their full height: the L0 norm of the gradient, as Xu, Zheng
and Jia (2013) and Pan et al. (2014) use it. Such a picture is no restoration. It is what shows the kernel, since the
faint texture that would mislead it is gone.

NumPy, and not torch: the pictures are small, and threads that wait for each other at every step take longer.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Spectrum = NDArray[np.complex64]
STIFFEST, STIFFER = 1e5, 2.0
"""How firmly the differences are held to what was kept of them, at the end; and by how much more with each round."""
PRIMES = 2 * 3 * 5


def closed(picture: Floats, more: int) -> Floats:
    """A picture (H, W), continued below and right by `more` pixels or a few more so that it goes on at its other end.

    Fourier transforms see it go round; a jump there would be an edge.
    """
    for axis in (0, 1):
        size = picture.shape[axis]
        count = _fast(size + more) - size
        share = np.expand_dims(np.linspace(0, 1, count + 2, dtype=np.float32)[1:-1], 1 - axis)
        first, last = picture.take([0], axis), picture.take([size - 1], axis)
        picture = np.concatenate((picture, last * (1 - share) + first * share), axis)
    return picture


def differences(picture: Floats) -> Floats:
    """To the next pixel right and below, (2, H, W), of a picture that goes round."""
    return np.stack((np.roll(picture, -1, 1) - picture, np.roll(picture, -1, 0) - picture))


def transfer(kernel: Floats, size: tuple[int, int]) -> Spectrum:
    """Spectrum, as of `rfft2`, of a kernel (K, K), K odd, whose middle is where a pixel stays."""
    reach = len(kernel) // 2
    around = np.pad(kernel, [(0, n - len(kernel)) for n in size])
    return np.asarray(np.fft.rfft2(np.roll(around, (-reach, -reach), (0, 1))), np.complex64)


def edges(seen: Floats, kernel: Floats, weight: float) -> Floats:
    """The picture x that takes least of |kernel * x - seen|^2 + weight * (number of places where x is not flat).

    Found by half-quadratic splitting: differences that are too small to pay are set to 0, and x is moved towards what
    is left, more and more firmly.

    Args:
        seen: (H, W), that goes round.
        kernel: (K, K), K odd.
        weight: more than 0; a difference d pays from d^2 * firmness > weight on.
    """
    size = (seen.shape[0], seen.shape[1])
    spectra = _of_differences(size)
    blur = transfer(kernel, size)
    known, power = blur.conj() * np.fft.rfft2(seen), np.abs(blur) ** 2
    steep = (np.abs(spectra) ** 2).sum(0)
    out, firmness = seen, 2 * weight
    while firmness < STIFFEST:
        slopes = differences(out)
        slopes *= (slopes**2).sum(0) * np.float32(firmness) >= weight
        towards = (spectra.conj() * np.fft.rfft2(slopes)).sum(0)
        step = np.float32(firmness)
        out = np.asarray(np.fft.irfft2((known + step * towards) / (power + step * steep), s=size), np.float32)
        firmness *= STIFFER
    return out


def _of_differences(size: tuple[int, int]) -> Spectrum:
    """Spectra of `differences`, (2, H, W / 2 + 1)."""
    one = np.zeros(size, np.float32)
    one[0, 0] = 1
    return np.asarray(np.fft.rfft2(differences(one)), np.complex64)


def _fast(size: int) -> int:
    """The next even length without prime factors over 5, with which transforms are fast."""
    while size % 2 or PRIMES ** size.bit_length() % size:
        size += 1
    return size
