"""Pictures as the encoder takes them."""

import av
import torch
from av.video.frame import PictureType
from av.video.reformatter import Interpolation, VideoReformatter
from torch import Tensor
from torch.utils.dlpack import from_dlpack

from ...errors import VidrestoreError
from ...frame.colour import change_depth, quantise, subsampled, to_planes, to_rgb
from ...frame.frame import Frame, Planes
from .formats import Layout, layout
from .target import Target

# swscale's default flags shift luma by a code value on average; these give it back exactly.
EXACT = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT | Interpolation.FULL_CHR_H_INP


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
        self._check(frame)
        packed = self._native(frame)
        if packed is None:
            packed = self._packed(frame.picture)
        # A decoded frame remembers its type, and x264 would obey.
        packed.pict_type = PictureType.NONE
        return packed

    def _check(self, frame: Frame) -> None:
        (right, bottom), (height, width) = self._target.pad, frame.size
        planned = self._target.width - right, self._target.height - bottom
        if (width, height) != planned:
            raise VidrestoreError(
                f"the frame at {float(frame.pts):.3f} s is {width}x{height}, not the {planned[0]}x{planned[1]} planned"
            )

    def _native(self, frame: Frame) -> av.VideoFrame | None:
        native, target = frame.native, self._target
        if not isinstance(native, av.VideoFrame) or any(target.pad):
            return None
        # "yuvj420p" is copied rather than passed: PyAV would convert its range.
        same = (native.format.name, native.width, native.height) == (target.pix_fmt, target.width, target.height)
        return native if same else None

    def _packed(self, picture: Planes | Tensor) -> av.VideoFrame:
        to = self._layout
        if to.rgb:
            rgb = to_rgb(picture) if isinstance(picture, Planes) else picture
            return self._formatted(_fill(to.name, self._target, _gbr(rgb, to.depth)))
        planes = rounded(picture, self._target)
        assert isinstance(planes, Planes)
        return self._formatted(_fill(_format_of(planes, to), self._target, _stored(planes, to)))

    def _formatted(self, filled: av.VideoFrame) -> av.VideoFrame:
        """Interleaved, or grey: swscale's work; matrix and range stay as they are."""
        if filled.format.name == self._target.pix_fmt:
            return filled
        matrix, limits = filled.colorspace, filled.color_range
        return self._reformatter.reformat(
            filled,
            format=self._target.pix_fmt,
            interpolation=EXACT,
            src_colorspace=matrix,
            dst_colorspace=matrix,
            src_color_range=limits,
            dst_color_range=limits,
            threads=1,
        )


def rounded(picture: Planes | Tensor, target: Target) -> Planes | Tensor:
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


def _format_of(planes: Planes, to: Layout) -> str:
    """FFmpeg's name for the planes as they are, in the depth of `to`."""
    if planes.u is None:
        return to.name
    names = {(1, 1): "420", (1, 0): "422", (0, 0): "444", (0, 1): "440", (2, 0): "411", (2, 2): "410"}
    end = "" if to.depth == 8 else f"{to.depth}le"
    return f"yuv{names[planes.subsample_x, planes.subsample_y]}p{end}"


def _stored(planes: Planes, to: Layout) -> list[Tensor]:
    if planes.u is None or planes.v is None:
        # A grey picture in a coloured format: one neutral value, which filling spreads over the plane.
        neutral = torch.full((1, 1), 1 << (to.depth - 1), dtype=planes.y.dtype)
        return [planes.y] if to.grey else [planes.y, neutral, neutral]
    return [planes.y, planes.u, planes.v]


def _fill(name: str, target: Target, planes: list[Tensor]) -> av.VideoFrame:
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
