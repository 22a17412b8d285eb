"""From the decoder's picture to tensors: zero copy where the format is planar, lossless where it is not."""

from functools import lru_cache

import torch
from av.video.format import VideoFormat
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter
from torch import Tensor
from torch.utils.dlpack import from_dlpack

from ..frame import Colour, Planes

# Without all four swscale is off by a code value on average.
ACCURATE = (
    Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT | Interpolation.FULL_CHR_H_INP
)
_SUBSAMPLING = {(0, 0): "444", (1, 0): "422", (1, 1): "420", (0, 1): "440", (2, 0): "411", (2, 2): "410"}


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


def _without_alpha(name: str) -> str:
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
    return f"yuv{_SUBSAMPLING[subsampling(name)]}p{deep}"


class Unpacker:
    """Turns decoded frames into pictures of one size and format: those of the first.

    `changed`: how many frames had another size or format and were converted.
    """

    def __init__(self, *, width: int, height: int, pix_fmt: str, colour: Colour) -> None:
        self.changed = 0
        self._size, self._colour = (width, height), colour
        self._target = planar_format(pix_fmt)
        self._reformatter = VideoReformatter()

    def uniform(self, frame: VideoFrame) -> VideoFrame:
        """The frame itself where it is planar already (with or without alpha), else converted without loss."""
        name = frame.format.name
        same = (frame.width, frame.height) == self._size and planar_format(name) == self._target
        self.changed += not same
        if same and _without_alpha(name) == self._target:
            return frame
        width, height = self._size
        return self._reformatter.reformat(
            frame, width=width, height=height, format=self._target, interpolation=ACCURATE, threads=1
        )

    def picture(self, frame: VideoFrame) -> Planes | Tensor:
        """A uniform frame as planes, uint8 or uint16 views of its memory, which they keep alive; or as RGB.

        RGB: (3, H, W) float32 in [0, 1].
        """
        planes = [from_dlpack(plane) for plane in frame.planes[:3]]
        if self._target.startswith("gbr"):
            green, blue, red = planes
            return torch.stack((red, green, blue)).float().div_((1 << self._colour.depth) - 1)
        if self._target.startswith("gray"):
            return Planes(planes[0], None, None, self._colour, 0, 0)
        y, u, v = planes
        return Planes(y, u, v, self._colour, *subsampling(self._target))
