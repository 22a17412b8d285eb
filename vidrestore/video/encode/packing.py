"""Frames in the pixel format of the encoder."""

import av
import torch
from av.video.frame import PictureType
from av.video.reformatter import VideoReformatter
from torch import Tensor
from torch.utils.dlpack import from_dlpack

from ...errors import VidrestoreError
from ...frame.colour import change_depth, quantise, subsampled, to_planes, to_rgb
from ...frame.frame import Frame, Planes
from ..decode.pixel_format import ACCURATE, planar_yuv
from .formats import layout
from .target import Target


class Packer:
    """Turns frames into av.VideoFrame of a target's size and format. A frame nothing has changed is not copied."""

    def __init__(self, target: Target) -> None:
        found = layout(target.pix_fmt)
        assert found is not None
        self._target, self._layout = target, found
        # One for all frames: each holds a converter of several MB.
        self._reformatter = VideoReformatter()

    def pack(self, frame: Frame) -> av.VideoFrame:
        """The frame's picture, padded to the target's size, without its time."""
        target, native = self._target, frame.native
        (right, bottom), (height, width) = target.pad, frame.size
        planned = target.width - right, target.height - bottom
        if (width, height) != planned:
            raise VidrestoreError(
                f"the frame at {float(frame.pts):.3f} s is {width}x{height}, not the {planned[0]}x{planned[1]} planned"
            )
        packed = None
        if isinstance(native, av.VideoFrame) and not any(target.pad):
            # "yuvj420p" is copied rather than passed: PyAV would convert its range.
            same = (native.format.name, native.width, native.height) == (target.pix_fmt, target.width, target.height)
            packed = native if same else None
        if packed is None:
            packed = self._packed(frame.picture)
        # A decoded frame remembers its type, and x264 would obey.
        packed.pict_type = PictureType.NONE
        return packed

    def _packed(self, picture: Planes | Tensor) -> av.VideoFrame:
        to = self._layout
        whole = to_codes(picture, self._target)
        if to.rgb or not isinstance(whole, Planes):
            name, planes = to.name, _gbr(to_rgb(whole) if isinstance(whole, Planes) else whole, to.depth)
        elif whole.u is not None and whole.v is not None:
            name = planar_yuv(whole.subsample_x, whole.subsample_y, to.depth)
            planes = [whole.y, whole.u, whole.v]
        else:
            # A grey picture in a coloured format: one neutral value, which filling spreads over the plane.
            neutral = torch.full((1, 1), 1 << (to.depth - 1), dtype=whole.y.dtype)
            name, planes = to.name, [whole.y] if to.grey else [whole.y, neutral, neutral]
        filled = _filled(name, self._target, planes)
        return filled if name == self._target.pix_fmt else self._formatted(filled)

    def _formatted(self, filled: av.VideoFrame) -> av.VideoFrame:
        """Interleaved, or grey: swscale's work; matrix and range stay as they are."""
        matrix, limits = filled.colorspace, filled.color_range
        return self._reformatter.reformat(
            filled,
            format=self._target.pix_fmt,
            interpolation=ACCURATE,
            src_colorspace=matrix,
            dst_colorspace=matrix,
            src_color_range=limits,
            dst_color_range=limits,
            threads=1,
        )


def to_codes(picture: Planes | Tensor, target: Target) -> Planes | Tensor:
    """The code values that a picture has in a video, on the picture's device; as it is where RGB will be stored."""
    to = layout(target.pix_fmt)
    if to is None or to.rgb:
        return picture
    if isinstance(picture, Tensor):
        picture = to_planes(picture, target.colour, subsample_x=to.subsample_x, subsample_y=to.subsample_y)
    elif not to.grey:
        # swscale would take chroma for centred, whatever the tags say.
        picture = subsampled(picture, x=to.subsample_x, y=to.subsample_y)
    return quantise(change_depth(picture, to.depth))


def _gbr(rgb: Tensor, depth: int) -> list[Tensor]:
    top = (1 << depth) - 1
    whole = (rgb * top).round().clamp(0, top).to(torch.uint8 if depth == 8 else torch.uint16)
    return [whole[1], whole[2], whole[0]]


def _filled(name: str, target: Target, planes: list[Tensor]) -> av.VideoFrame:
    """A frame of the target's size; where a plane is smaller than its place, its last column and row repeat."""
    out = av.VideoFrame(target.width, target.height, name)
    out.colorspace, out.color_range = target.colour.tagged_matrix, 2 if target.colour.full_range else 1
    for place, plane in zip(out.planes, planes, strict=True):
        stored = from_dlpack(place)
        height, width = plane.shape
        stored[:height, :width].copy_(plane)
        stored[:height, width:] = stored[:height, width - 1 : width]
        stored[height:] = stored[height - 1 : height]
    return out
