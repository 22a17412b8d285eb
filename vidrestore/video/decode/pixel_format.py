"""Pixel formats: what their names say, the planar format of the same samples, and how swscale converts exactly."""

from functools import lru_cache

from av.video.format import VideoFormat
from av.video.reformatter import Interpolation

SUBSAMPLING = {"444": (0, 0), "422": (1, 0), "420": (1, 1), "440": (0, 1), "411": (2, 0), "410": (2, 2)}
"""log2 of the luma samples per chroma sample, (x, y), by the digits of a format's name."""
_DIGITS = {steps: digits for digits, steps in SUBSAMPLING.items()}
# Without all four swscale is off by a code value on average.
ACCURATE = (
    Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT | Interpolation.FULL_CHR_H_INP
)


def _log2(whole: int, part: int) -> int:
    return (whole // part).bit_length() - 1


@lru_cache(maxsize=64)
def subsampling(name: str) -> tuple[int, int]:
    """log2 of the luma samples per chroma sample, (x, y), of a YUV format."""
    form = VideoFormat(name, 64, 64)
    return _log2(64, form.chroma_width()), _log2(64, form.chroma_height())


@lru_cache(maxsize=64)
def depth_of(name: str) -> int:
    """Bits per sample of a format."""
    return VideoFormat(name, 64, 64).components[0].bits


@lru_cache(maxsize=64)
def has_alpha(name: str) -> bool:
    """Whether a format has a plane or channel of opacity; palettes do not count."""
    form = VideoFormat(name, 64, 64)
    return not form.has_palette and any(component.is_alpha for component in form.components)


def without_alpha(name: str) -> str:
    """The same planar format without its plane of opacity."""
    return name.replace("yuva", "yuv").replace("gbra", "gbr")


@lru_cache(maxsize=64)
def planar_format(name: str) -> str:
    """The planar little-endian format, alpha aside, that holds every code value of format `name`.

    yuv*p, yuvj*p, gray* or gbrp*. A conversion to it only moves samples; the depth grows where no planar format
    is as shallow (RGB of 5 or 6 bits).
    """
    form = VideoFormat(name, 64, 64)
    if "yuvj" in name:
        return name
    bits = max(form.components[0].bits, 8)
    deep = "" if bits == 8 else f"{next(depth for depth in (9, 10, 12, 14, 16) if depth >= min(bits, 16))}le"
    if form.is_rgb or form.is_bayer or form.has_palette:
        return "gbrp" + deep
    if sum(not component.is_alpha for component in form.components) == 1:
        return "gray" + deep
    return f"yuv{_DIGITS[subsampling(name)]}p{deep}"


@lru_cache(maxsize=64)
def planar_yuv(x: int, y: int, depth: int) -> str:
    """The planar format of this subsampling and depth."""
    return f"yuv{_DIGITS[x, y]}p" + ("" if depth == 8 else f"{depth}le")
