"""From the decoder's picture to tensors: zero copy where the format is planar, lossless where it is not."""

import torch
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter
from torch import Tensor
from torch.utils.dlpack import from_dlpack

from ..frame import Colour, Planes
from .pixel_format import planar_format, subsampling, without_alpha

# Without all four swscale is off by a code value on average.
ACCURATE = (
    Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT | Interpolation.FULL_CHR_H_INP
)


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
        if same and without_alpha(name) == self._target:
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
