"""From FFmpeg's colour tags to what the numbers of a picture mean."""

from av.video.frame import VideoFrame

from ..frame import Colour, Matrix, Siting
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


def guessed_matrix(height: int) -> Matrix:
    """What an untagged picture of this height is taken for."""
    return "bt709" if height >= 720 else "bt601"


def colour_of(frame: VideoFrame, *, chroma_location: int) -> Colour:
    """How to read a decoded frame: its tags where there are any, else what its height and format suggest.

    RGB pictures are full range and carry no matrix or range tag on, since neither is true of a YUV output.
    """
    layout = planar_format(frame.format.name)
    rgb, grey = layout.startswith("gbr"), layout.startswith("gray")
    # swscale reads yuvj and, where nothing is said, grey as full range.
    full = frame.color_range == FULL or "yuvj" in layout or rgb or (grey and frame.color_range != LIMITED)
    return Colour(
        matrix=MATRICES.get(frame.colorspace, guessed_matrix(frame.height)),
        full_range=full,
        siting=SITINGS.get(chroma_location, "left"),
        depth=depth_of(layout),
        primaries=frame.color_primaries,
        transfer=frame.color_trc,
        tagged_matrix=2 if rgb else frame.colorspace,
        tagged_range=0 if rgb else frame.color_range,
        tagged_siting=chroma_location,
    )
