"""The colour of decoded frames, from FFmpeg's tags."""

from dataclasses import replace

from av.video.frame import VideoFrame

from ...frame.frame import Colour, Matrix, Siting
from .pixel_format import depth_of, planar_format

# AVColorSpace. 10 (constant luminance) and 14 (ICtCp) are not linear in RGB: read as the nearest that is.
MATRICES: dict[int, Matrix] = {
    1: "bt709",
    4: "fcc",
    5: "bt601",
    6: "bt601",
    7: "smpte240m",
    8: "ycgco",
    9: "bt2020",
    10: "bt2020",
    14: "bt2020",
}
# AVChromaLocation; 0 is left as H.264, HEVC and MPEG-2 say. Bottom sitings are nobody's.
SITINGS: dict[int, Siting] = {1: "left", 2: "center", 3: "topleft", 4: "center", 5: "left", 6: "center"}
FULL, LIMITED = 2, 1
UNTAGGED = (0, 2)
"""Of AVColorPrimaries and AVColorTransferCharacteristic: reserved and unspecified."""


def guessed_matrix(height: int) -> Matrix:
    """What an untagged picture of this height is taken for."""
    return "bt709" if height >= 720 else "bt601"


def colour_of(frame: VideoFrame, *, chroma_location: int = 0, like: Colour | None = None) -> Colour:
    """How to read a decoded frame: its tags where there are any, else what its height and format suggest.

    RGB pictures are full range and carry no matrix or range tag on, since neither is true of a YUV output.

    Args:
        like: the colour of the frames before, which holds for all that this frame does not say.
    """
    layout = planar_format(frame.format.name)
    rgb, grey = layout.startswith("gbr"), layout.startswith("gray")
    # swscale reads yuvj and, where nothing is said, grey as full range.
    full = "yuvj" in layout or (grey if like is None else like.full_range)
    # The tag is asked before the name: FFmpeg's H.264 decoder keeps the name when only the range changes.
    if frame.color_range in (FULL, LIMITED):
        full = frame.color_range == FULL
    matrix = MATRICES.get(frame.colorspace, guessed_matrix(frame.height) if like is None else like.matrix)
    own = Colour(
        matrix=like.matrix if like is not None and rgb else matrix,
        full_range=full or rgb,
        siting=SITINGS.get(chroma_location, "left"),
        depth=depth_of(layout),
        primaries=frame.color_primaries,
        transfer=frame.color_trc,
        tagged_matrix=2 if rgb else frame.colorspace,
        tagged_range=0 if rgb else frame.color_range,
        tagged_siting=chroma_location,
    )
    return own if like is None else _completed(own, like)


def _completed(own: Colour, like: Colour) -> Colour:
    """A frame's colour with what is not tagged in it taken from the frames before."""
    return replace(
        own,
        siting=like.siting,
        tagged_siting=like.tagged_siting,
        primaries=like.primaries if own.primaries in UNTAGGED else own.primaries,
        transfer=like.transfer if own.transfer in UNTAGGED else own.transfer,
    )
