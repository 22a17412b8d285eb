"""How coarsely a frame was quantised when it was encoded, as its decoder or its own tables tell.

FFmpeg's decoders of H.264, of MPEG-1, 2 and 4 and their kin, and of VP9 export the quantiser of each frame and block
(libavutil/video_enc_params.h). Others, HEVC's and AV1's among them, do not.
"""

import struct
from collections.abc import Iterable
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import IO, cast

import numpy as np
from av.codec.context import CodecContext
from av.packet import Packet
from av.sidedata.sidedata import SideData, Type
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from .pixel_format import depth_of

EXPORT = {"export_side_data": "venc_params"}
HEAD = struct.Struct("@INNii")
"""Blocks, where they begin, bytes of each; the kind of quantiser; the frame's own."""
VP9, H264, MPEG = 0, 1, 2
LOWEST = 6
"""Of a JPEG's table, its mean apart: where hardly any of a picture is, the steps say little."""
DELTA = 4
"""Of the numbers of a block, x, y, w and h before it: what is added to the frame's quantiser."""
VP9_QUANTISERS, VP9_GROWTH, VP9_PARTS = 256, 1.01975, 8
"""VP9's step grows by a factor, and at least by one eighth, from each quantiser to the next."""


def ask_for_quantiser(context: CodecContext) -> None:
    """Have a decoder that is not open yet tell it."""
    context.options = {**context.options, **EXPORT}


def step_of(frame: VideoFrame) -> float | None:
    """The quantiser's step of luma, on average, in 8-bit codes of an orthonormal transform; None: it is not told."""
    data = next(
        (each for each in cast("Iterable[SideData]", frame.side_data) if each.type is Type.VIDEO_ENC_PARAMS), None
    )
    if data is None or len(raw := memoryview(data).cast("B")) < HEAD.size:
        return None
    count, first, size, kind, quantiser = HEAD.unpack_from(raw)
    value = float(quantiser)
    if count and size >= 4 * (DELTA + 1) and size % 4 == 0 and first + count * size <= len(raw):
        blocks = np.frombuffer(raw, np.int32, count * size // 4, first).reshape(count, size // 4)
        value += float(blocks[:, DELTA].mean())
    if kind == H264:
        return float(0.625 * 2 ** (value / 6 - (depth_of(frame.format.name) - 8)))
    if kind == MPEG:
        return value or None
    if kind == VP9:
        return _steps_of_vp9()[min(max(round(value), 0), VP9_QUANTISERS - 1)]
    return None


def step_of_packet(packet: "Packet[VideoStream]") -> float | None:
    """The same of motion JPEG, whose decoder does not tell it; None for all others."""
    return step_of_jpeg(BytesIO(packet)) if packet.stream.codec_context.codec.canonical_name == "mjpeg" else None


def step_of_picture(path: Path) -> float | None:
    """The same of a picture file; None of other kinds than JPEG."""
    with path.open("rb") as file:
        return step_of_jpeg(file)


def step_of_jpeg(file: IO[bytes]) -> float | None:
    """The mean of luma's steps of the lowest frequencies; None: it is no JPEG, or damaged."""
    try:
        with Image.open(file, formats=["JPEG"]) as picture:
            tables = getattr(picture, "quantization", {})
    except (OSError, ValueError, SyntaxError):  # what is damaged is said where it is decoded
        return None
    luma = list(tables.get(0, ()))[1 : 1 + LOWEST]
    return float(np.mean(luma)) if luma else None


@cache
def _steps_of_vp9() -> list[float]:
    steps, value = [VP9_PARTS // 2], VP9_PARTS
    while len(steps) < VP9_QUANTISERS:
        steps.append(value)
        value = max(value + 1, int(value * VP9_GROWTH))
    return [step / VP9_PARTS for step in steps]
