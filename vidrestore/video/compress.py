"""One picture through x264 and back, in memory: what training uses to imitate compressed video."""

from fractions import Fraction

import av
import numpy as np
from numpy.typing import NDArray


def x264_still(picture: NDArray[np.uint8], *, crf: int) -> NDArray[np.uint8]:
    """Encode an (H, W, 1) luma picture as one key frame at `crf` and decode it; H and W must be even."""
    height, width, _ = picture.shape
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "gray"
    encoder.time_base = Fraction(1, 25)
    encoder.options = {"crf": str(crf), "preset": "veryfast"}
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture[..., 0]), format="gray")
    decoder = av.CodecContext.create("h264", "r")
    packets = [*encoder.encode(frame), *encoder.encode(None)]
    (decoded,) = [out for packet in [*packets, None] for out in decoder.decode(packet)]
    return decoded.to_ndarray(format="gray").astype(np.uint8)[..., None]
