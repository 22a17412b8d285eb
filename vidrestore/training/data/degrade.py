"""Degradations of the literature: blur, reduction, noise, compression.

Document 004's degradation (Gaussian, then scipy's `decimate` per axis) is in spec/networks.md C.3, that of document
002 (Gaussian, then OpenCV's INTER_CUBIC) in D.1.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ...frame.resize import imresize


@dataclass(frozen=True, slots=True)
class Degradation:
    """How a high-resolution picture becomes the network's input."""

    scale: int = 2
    kind: Literal["bicubic", "decimate", "cubic"] = "bicubic"
    """bicubic: MATLAB's, antialiased, pixel centres aligned. decimate: Chebyshev filter and every scale-th sample,
    so that sample i lies on high-resolution sample scale*i (top-left aligned). cubic: OpenCV's INTER_CUBIC, not
    antialiased, pixel centres aligned."""
    blur_sigma: float = 0.0
    """Gaussian before the reduction, in high-resolution pixels."""
    noise_sigma: float = 0.0
    """Largest standard deviation of Gaussian noise after it, in 8-bit code values; each picture draws its own."""
    quality: tuple[int, int] | None = None
    """Range of JPEG qualities (or of x264 crf, by `codec`) that half of the pictures pass through."""
    codec: Literal["jpeg", "x264"] = "jpeg"
    snr: float | None = None
    """Gaussian noise behind all else, so many dB below the spread of the picture's values."""
    intra: int | None = None
    """QP of HEVC's intra pictures, 4:2:0, through which every RGB picture then passes: BPG is that too."""
    eight_bit: bool = True
    """Round to 8 bits, as decoded video is. The papers' figures are without."""

    @property
    def margin(self) -> int:
        """High-resolution pixels around a patch whose degraded value depends on what lies outside the patch."""
        reach = {"bicubic": 2 * self.scale, "decimate": 24 * self.scale, "cubic": 2}[self.kind] + round(
            4 * self.blur_sigma
        )
        return -(-reach // self.scale) * self.scale

    def reduced(self, x: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        """As `degrade`."""
        return degrade(x, self, generator=generator)

    @property
    def offset(self) -> tuple[float, float] | None:
        """The offset of `upsample` that undoes the sampling grid of this degradation; None where it is centred."""
        return (0.0, 0.0) if self.kind == "decimate" else None


def gaussian_blur(x: Tensor, sigma: float) -> Tensor:
    """Gaussian of (B, C, H, W), truncated at 4 sigma, edges replicated: what skimage's `gaussian` does by default."""
    radius = int(4 * sigma + 0.5)
    taps = torch.exp(-0.5 * (torch.arange(-radius, radius + 1, dtype=x.dtype, device=x.device) / sigma) ** 2)
    taps = taps / taps.sum()
    b, c, h, w = x.shape
    flat = F.pad(x.reshape(b * c, 1, h, w), (radius,) * 4, mode="replicate")
    return F.conv2d(F.conv2d(flat, taps[None, None, :, None]), taps[None, None, None, :]).reshape(b, c, h, w)


@lru_cache(maxsize=16)
def decimate_matrix(n: int, factor: int) -> Tensor:
    """scipy.signal.decimate of an axis of n samples as a matrix (ceil(n / factor), n), float64.

    Its gain at zero frequency is 0.98855 (a ripple of the Chebyshev filter, applied twice), so pictures darken by
    1.1 % per axis; kept, since the document's data had it. The axis needs at least 28 samples.
    """
    from scipy.signal import decimate

    return torch.from_numpy(np.ascontiguousarray(decimate(np.eye(n), factor, axis=0)))


def degrade(x: Tensor, degradation: Degradation, *, generator: torch.Generator | None = None) -> Tensor:
    """(B, C, H, W) in [0, 1] -> (B, C, H / scale, W / scale) in [0, 1]."""
    if degradation.blur_sigma:
        x = gaussian_blur(x, degradation.blur_sigma)
    if degradation.kind == "bicubic":
        x = imresize(x, 1 / degradation.scale) if degradation.scale > 1 else x
    elif degradation.kind == "cubic":
        x = F.interpolate(x, scale_factor=1 / degradation.scale, mode="bicubic")
    else:
        rows, columns = (decimate_matrix(n, degradation.scale).to(x) for n in x.shape[-2:])
        x = rows @ x @ columns.T
    if degradation.noise_sigma:
        sigma = torch.rand(len(x), 1, 1, 1, generator=generator) * degradation.noise_sigma / 255
        x = x + sigma * torch.randn(x.shape, generator=generator)
    if degradation.snr is not None:
        spread = x.std((1, 2, 3), keepdim=True) * 10 ** (-degradation.snr / 20)
        x = x + spread * torch.randn(x.shape, generator=generator)
    if degradation.intra is not None:
        return torch.stack([_intra(picture, degradation.intra) for picture in x])
    if not degradation.eight_bit and not degradation.quality:
        return x
    codes = (x * 255).round_().clamp_(0, 255)
    if degradation.quality:
        codes = torch.stack([_compress(picture, degradation, generator) for picture in codes])
    return codes / 255


def _compress(codes: Tensor, degradation: Degradation, generator: torch.Generator | None) -> Tensor:
    """One (C, H, W) picture of code values through a codec, or unchanged, with even chance."""
    assert degradation.quality is not None
    low, high = degradation.quality
    draw = torch.rand(2, generator=generator)
    if draw[0] < 0.5:
        return codes
    quality = low + int(draw[1] * (high - low + 1))
    picture = codes.to(torch.uint8).permute(1, 2, 0).contiguous().numpy()
    if degradation.codec == "x264":
        from ...video.encode.round_trip import x264_still

        return torch.from_numpy(x264_still(picture, crf=quality)).permute(2, 0, 1).float()
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = np.asarray(cv2.imdecode(data, cv2.IMREAD_UNCHANGED))
    return torch.from_numpy(decoded.reshape(picture.shape)).permute(2, 0, 1).float()


def _intra(picture: Tensor, qp: int) -> Tensor:
    """RGB (3, H, W) in [0, 1] through HEVC as one key frame, sides even."""
    from ...video.encode.round_trip import compress, x265_intra

    codes = (picture * 255).round().clamp(0, 255).byte().permute(1, 2, 0).contiguous().numpy()
    (decoded,) = compress([np.asarray(cv2.cvtColor(codes, cv2.COLOR_RGB2YUV_I420), np.uint8)], x265_intra(qp)).frames
    rgb = np.asarray(cv2.cvtColor(decoded, cv2.COLOR_YUV2RGB_I420), np.uint8)
    return torch.from_numpy(rgb).permute(2, 0, 1).float() / 255
