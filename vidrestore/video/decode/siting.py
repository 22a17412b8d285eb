"""Chroma siting of a stream, a tag that PyAV does not show."""

from io import BytesIO

import av
from av.error import FFmpegError
from av.video.stream import VideoStream

# AVChromaLocation by ChromaSitingHorz and ChromaSitingVert of Matroska's Colour element.
_MATROSKA = {(1, 2): 1, (2, 2): 2, (1, 1): 3, (2, 1): 4, (1, 3): 5, (2, 3): 6}
_HORIZONTAL, _VERTICAL = b"\x55\xb7\x81", b"\x55\xb8\x81"  # element ID and a size of one byte
_Y4M = {b"C420mpeg2": 1, b"C420jpeg": 2, b"C420paldv": 3}


def chroma_location(stream: VideoStream) -> int:
    """AVChromaLocation of a stream; 0 (unspecified) where it is not known.

    FFmpeg knows it (from the SPS, the container or the decoder) and PyAV hides it, but a muxer writes it: so a
    header is made in memory, Matroska's or for raw video that of YUV4MPEG, and read back.
    """
    raw = stream.codec_context.name == "rawvideo"
    buffer = BytesIO()
    try:
        with av.open(buffer, "w", format="yuv4mpegpipe" if raw else "matroska") as output:
            output.add_stream_from_template(stream, opaque=True)
            output.start_encoding()
            header = buffer.getvalue()
    except (FFmpegError, ValueError):  # a codec that Matroska does not take: nothing to be learnt this way
        return 0
    if raw:
        return next((location for name, location in _Y4M.items() if name in header), 0)
    horizontal, vertical = header.find(_HORIZONTAL), header.find(_VERTICAL)
    if min(horizontal, vertical) < 0:
        return 0
    return _MATROSKA.get((header[horizontal + 3], header[vertical + 3]), 0)
