"""Decoded frames as tensors: no copy where the format is planar, and one size, format and colour for all."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from torch import Tensor
from torch.utils.dlpack import from_dlpack

from ...frame.colour import change_colour, quantise, subsampled, to_planes, to_rgb
from ...frame.frame import Colour, Planes
from .colour_tags import colour_of
from .pixel_format import ACCURATE, planar_format, subsampling, without_alpha

BLANK = 16
"""Pixels a side."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """Frames of one format, size and colour."""

    name: str
    """The planar format of their samples."""
    colour: Colour
    changed: bool
    """Another size or format than the first."""
    recoloured: bool
    relit: bool
    way: Literal["keep", "reformat", "recolour"]


class Unpacker:
    """Turns decoded frames into pictures of one size, format and colour: those of the first.

    changed     how many frames had another size or format and were converted
    recoloured  how many had another matrix or range, by their own tags, and were converted
    relit       how many had other primaries or another transfer, which is not converted
    """

    def __init__(self, *, width: int, height: int, pix_fmt: str, colour: Colour) -> None:
        self.changed = self.recoloured = self.relit = 0
        self._size, self._colour = (width, height), colour
        self._target = planar_format(pix_fmt)
        self._reformatter = VideoReformatter()
        self._kinds: dict[tuple[object, object], _Kind] = {}

    def uniform(self, frame: VideoFrame) -> VideoFrame:
        """The frame itself where it is planar already (with or without alpha), else converted.

        Without loss, if size, depth, matrix and range are those of the first.
        """
        shape = frame.format.name, frame.width, frame.height
        tags = frame.colorspace, frame.color_range, frame.color_primaries, frame.color_trc
        kind = self._kinds.get((shape, tags))
        if kind is None:
            kind = self._kinds[shape, tags] = self._kind(frame)
        self.changed += kind.changed
        self.recoloured += kind.recoloured
        self.relit += kind.relit
        if kind.way == "recolour":
            return self._recoloured(frame, kind.name, kind.colour)
        if kind.way == "reformat":
            return self._reformatted(frame, self._target, full=self._colour.full_range)
        return frame if kind.colour.depth == 8 else _clipped(frame, kind.colour)

    def _kind(self, frame: VideoFrame) -> _Kind:
        """What frames such as this are, and what becomes of them."""
        first = self._colour
        name, colour = planar_format(frame.format.name), colour_of(frame, like=first)
        same = (frame.width, frame.height) == self._size and _unmarked(name) == _unmarked(self._target)
        recoloured = (colour.matrix, colour.full_range) != (first.matrix, first.full_range)
        relit = (colour.primaries, colour.transfer) != (first.primaries, first.transfer)
        way: Literal["keep", "reformat", "recolour"] = "reformat"
        if recoloured or name[:3] != self._target[:3]:  # gbr, gray or yuv
            way = "recolour"
        elif same and without_alpha(frame.format.name) == self._target:
            way = "keep"
        return _Kind(name, colour, changed=not same, recoloured=recoloured, relit=relit, way=way)

    def picture(self, frame: VideoFrame, name: str | None = None, colour: Colour | None = None) -> Planes | Tensor:
        """A uniform frame as planes, uint8 or uint16 views of its memory, which they keep alive; or as RGB.

        RGB: (3, H, W) float32 in [0, 1].

        Args:
            name, colour: planar format and colour of a frame that is not uniform.
        """
        name, colour = name or self._target, colour or self._colour
        planes = [from_dlpack(plane) for plane in frame.planes[:3]]
        if name.startswith("gbr"):
            green, blue, red = planes
            return torch.stack((red, green, blue)).float().div_((1 << colour.depth) - 1)
        if name.startswith("gray"):
            return Planes(planes[0], None, None, colour, 0, 0)
        y, u, v = planes
        return Planes(y, u, v, colour, *subsampling(name))

    def blank(self) -> Planes | Tensor:
        """A small picture of zeros, where nobody looks at it."""
        frame = VideoFrame(BLANK, BLANK, self._target)
        for plane in frame.planes:
            from_dlpack(plane).zero_()
        return self.picture(frame)

    def _reformatted(self, frame: VideoFrame, name: str, *, full: bool) -> VideoFrame:
        """In this size and the format `name`, of the same matrix and range."""
        width, height = self._size
        limits = 2 if full else 1
        return self._reformatter.reformat(
            frame,
            width=width,
            height=height,
            format=name,
            interpolation=ACCURATE,
            src_color_range=limits,
            dst_color_range=limits,
            threads=1,
        )

    def _recoloured(self, frame: VideoFrame, name: str, colour: Colour) -> VideoFrame:
        """Converted in floating point and rounded once."""
        whole = (frame.width, frame.height) == self._size and without_alpha(frame.format.name) == name
        own = frame if whole else self._reformatted(frame, name, full=colour.full_range)
        picture = self.picture(own, name, colour)
        made = VideoFrame(*self._size, self._target)
        made.colorspace, made.color_range = self._colour.tagged_matrix, self._colour.tagged_range
        for place, plane in zip(made.planes, _codes(picture, self._target, self._colour), strict=True):
            from_dlpack(place).copy_(plane)
        return made


def _clipped(frame: VideoFrame, colour: Colour) -> VideoFrame:
    """The frame without codes beyond its depth, as decoders leave them where data is damaged: x264 aborts at them."""
    top = (1 << colour.depth) - 1
    planes = [from_dlpack(plane).numpy() for plane in frame.planes]
    if all(plane.dtype != np.uint16 or plane.max() <= top for plane in planes):
        return frame
    made = VideoFrame(frame.width, frame.height, frame.format.name)  # other frames may refer to that one
    made.colorspace, made.color_range = frame.colorspace, frame.color_range
    for place, plane in zip(made.planes, planes, strict=True):
        from_dlpack(place).copy_(torch.from_numpy(np.minimum(plane, top)))
    return made


def _unmarked(name: str) -> str:
    """The name of a format without the mark of full range."""
    return name.replace("yuvj", "yuv")


def _codes(picture: Planes | Tensor, name: str, colour: Colour) -> list[Tensor]:
    """A picture in whole code values of the planar format `name`, plane by plane."""
    if name.startswith("gbr"):
        rgb, top = picture if isinstance(picture, Tensor) else to_rgb(picture), (1 << colour.depth) - 1
        red, green, blue = (rgb * top).round().clamp(0, top)
        return [green, blue, red]
    x, y = (0, 0) if name.startswith("gray") else subsampling(name)
    if isinstance(picture, Tensor) or (picture.u is None) != name.startswith("gray"):
        rgb = picture if isinstance(picture, Tensor) else to_rgb(picture)
        planes = to_planes(rgb, colour, subsample_x=x, subsample_y=y)
    else:
        planes = change_colour(subsampled(picture, x=x, y=y), colour)
    planes = quantise(replace(planes, colour=colour))
    return (
        [planes.y]
        if name.startswith("gray")
        else [planes.y, *(plane for plane in (planes.u, planes.v) if plane is not None)]
    )
