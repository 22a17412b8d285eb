"""The damage that real footage has: optics, scaling, sensor noise, sharpening, one or two encoders.

One draw holds for all frames of a clip, as in life. Inputs and outputs are 4:2:0 codes, uint8, one array
(H * 3 / 2, W) a frame: luma above, both chroma planes below, as PyAV's `to_ndarray` gives yuv420p.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from ...frame.resize import imresize
from ...video.encode import round_trip as codecs
from ...video.encode.round_trip import Codec, Codes, Decoded

Plane = NDArray[np.float32]
Kernel = Literal["matlab", "bicubic", "area", "bilinear", "lanczos"]
INTERPOLATIONS = {
    "bicubic": cv2.INTER_CUBIC,
    "area": cv2.INTER_AREA,
    "bilinear": cv2.INTER_LINEAR,
    "lanczos": cv2.INTER_LANCZOS4,
}
CRF = (15, 42)
"""Of x264 and x265, from hardly to badly compressed."""
EVERYDAY = (17, 36)
"""CRF of most of the H.264 that people bring."""
QUANTISER = (2, 20)
"""Of MPEG-4, MPEG-2 and MJPEG."""


@dataclass(frozen=True, slots=True)
class Shares:
    """How often each link of the chain is drawn."""

    blurred: float = 0.12
    other_kernel: float = 0.35
    """Scaled by another kernel than MATLAB's bicubic."""
    noisy: float = 0.15
    noisiest: float = 30.0
    """Standard deviation at most."""
    only_noisy: float = 0.0
    """Of the noisy: white Gaussian noise of luma and chroma, and nothing else."""
    sharpened: float = 0.06
    compressed: float = 0.9
    twice: float = 0.1
    """Of the compressed."""
    everyday: float = 0.0
    """Of the encoders: x264, preset medium, at a CRF of EVERYDAY."""


@dataclass(frozen=True, slots=True)
class Noise:
    """Of a sensor, in 8-bit codes: variance `gain` * luma + `floor`^2."""

    gain: float
    floor: float
    chroma: float
    """Standard deviation."""
    denoised: float
    """Sigma in pixels of the Gaussian by which the camera hides it; 0: not at all."""
    blotchy: bool = True
    """Chroma's in blotches two samples wide."""


@dataclass(frozen=True, slots=True)
class Damage:
    """One draw of the chain."""

    blur: float = 0.0
    """Gaussian sigma in pixels of the original."""
    kernel: Kernel = "matlab"
    noise: Noise | None = None
    halo: tuple[float, float] = (0.0, 1.0)
    """Amount and sigma of unsharp masking."""
    encoders: tuple[Codec, ...] = ()


def draw(rng: np.random.Generator, shares: Shares) -> Damage:
    """One damage at random."""
    noise = None
    if rng.random() < shares.noisy:
        sigma = float(np.exp(rng.uniform(np.log(1.5), np.log(shares.noisiest))))
        if rng.random() < shares.only_noisy:
            return Damage(noise=Noise(gain=0.0, floor=sigma, chroma=sigma, denoised=0.0, blotchy=False))
        noise = Noise(
            gain=float(rng.uniform(0, 0.5)) * sigma**2 / 128,
            floor=sigma * float(rng.uniform(0.6, 1)),
            chroma=sigma * float(rng.uniform(0, 0.7)),
            denoised=float(rng.choice([0, 0, 0.5, 0.8])),
        )
    encoders: tuple[Codec, ...] = ()
    if rng.random() < shares.compressed:
        times = 2 if rng.random() < shares.twice else 1
        encoders = tuple(_encoder(rng, shares.everyday) for _ in range(times))
    return Damage(
        blur=float(rng.uniform(0.3, 1.0)) if rng.random() < shares.blurred else 0.0,
        kernel=rng.choice(np.array(list(INTERPOLATIONS))) if rng.random() < shares.other_kernel else "matlab",
        noise=noise,
        halo=(float(rng.uniform(0.2, 0.8)), float(rng.uniform(0.7, 1.5)))
        if rng.random() < shares.sharpened
        else (0.0, 1.0),
        encoders=encoders,
    )


def _encoder(rng: np.random.Generator, everyday: float) -> Codec:
    if everyday and rng.random() < everyday:
        return codecs.x264(int(rng.integers(EVERYDAY[0], EVERYDAY[1] + 1)), "medium")
    kind = rng.choice(
        np.array(["x264", "x265", "mpeg4", "vp9", "mjpeg", "mpeg2"]), p=[0.6, 0.13, 0.08, 0.08, 0.08, 0.03]
    )
    crf = int(rng.integers(CRF[0], CRF[1] + 1))
    quantiser = round(float(np.exp(rng.uniform(*np.log(QUANTISER)))))
    if kind == "x264":
        return codecs.x264(crf, str(rng.choice(np.array(["veryfast", "medium", "medium", "slow"]))))
    if kind == "x265":
        return codecs.x265(crf, str(rng.choice(np.array(["veryfast", "medium"]))))
    if kind == "vp9":
        return codecs.vp9(min(60, crf + 14))
    return {"mpeg4": codecs.mpeg4, "mjpeg": codecs.mjpeg, "mpeg2": codecs.mpeg2}[str(kind)](quantiser)


def damaged(
    frames: Sequence[Codes], damage: Damage, *, scale: int, rng: np.random.Generator
) -> tuple[Decoded, list[Codes]]:
    """Frames as a user has them, their steps beside them, and as they were before noise and encoders.

    Args:
        frames: of one shot; after the division by `scale` their sides must be even.
        scale: 1 leaves the size alone; 2 halves it.
    """
    before = [_filmed(frame, damage, scale) for frame in frames]
    after = before
    if damage.noise is not None:
        after = [_noisy(frame, damage.noise, rng) for frame in after]
    if damage.halo[0]:
        amount, sigma = damage.halo
        after = [_sharpened(frame, amount, sigma) for frame in after]
    made = Decoded(after, [0.0] * len(after))
    for encoder in damage.encoders:
        made = codecs.compress(made.frames, encoder)
    return made, before


def planes(frame: Codes) -> tuple[Codes, Codes, Codes]:
    """Y (H, W), U and V (H / 2, W / 2) of 4:2:0 codes; views."""
    height, width = frame.shape[0] * 2 // 3, frame.shape[1]
    u, v = frame[height:].reshape(2, height // 2, width // 2)
    return frame[:height], u, v


def joined(y: Plane, u: Plane, v: Plane) -> Codes:
    """Planes of codes, rounded and clipped, as one array."""
    chroma = np.stack((u, v)).reshape(-1, y.shape[1])
    return np.clip(np.rint(np.concatenate((y, chroma))), 0, 255).astype(np.uint8)


def _filmed(frame: Codes, damage: Damage, scale: int) -> Codes:
    y, u, v = (plane.astype(np.float32) for plane in planes(frame))
    if damage.blur:
        y = np.asarray(cv2.GaussianBlur(y, (0, 0), damage.blur), np.float32)
    if scale == 1 and not damage.blur:
        return frame
    u, v = (_reduced(plane, "area", scale) for plane in (u, v))
    return joined(_reduced(y, damage.kernel, scale), u, v)


def _reduced(plane: Plane, kernel: Kernel, scale: int) -> Plane:
    if scale == 1:
        return plane
    if kernel == "matlab":
        return imresize(torch.from_numpy(plane)[None, None], 1 / scale)[0, 0].numpy()
    size = plane.shape[1] // scale, plane.shape[0] // scale
    return np.asarray(cv2.resize(plane, size, interpolation=INTERPOLATIONS[kernel]), np.float32)


def _noisy(frame: Codes, noise: Noise, rng: np.random.Generator) -> Codes:
    y, u, v = (plane.astype(np.float32) for plane in planes(frame))
    sigma = np.sqrt(noise.gain * y + noise.floor**2)
    y = y + sigma * _white(y.shape, rng)
    of_chroma = _blotches if noise.blotchy else _white
    u, v = (plane + noise.chroma * of_chroma(plane.shape, rng) for plane in (u, v))
    if noise.denoised:
        y, u, v = (np.asarray(cv2.GaussianBlur(p, (0, 0), noise.denoised), np.float32) for p in (y, u, v))
    return joined(y, u, v)


def _white(shape: tuple[int, ...], rng: np.random.Generator) -> Plane:
    return rng.standard_normal(shape, np.float32)


def _blotches(shape: tuple[int, ...], rng: np.random.Generator) -> Plane:
    """Noise of standard deviation one that is smooth over two samples."""
    smooth = np.asarray(cv2.GaussianBlur(_white(shape, rng), (0, 0), 0.8), np.float32)
    return smooth / max(1e-6, float(smooth.std()))


def _sharpened(frame: Codes, amount: float, sigma: float) -> Codes:
    y, u, v = (plane.astype(np.float32) for plane in planes(frame))
    return joined(y + amount * (y - np.asarray(cv2.GaussianBlur(y, (0, 0), sigma), np.float32)), u, v)
