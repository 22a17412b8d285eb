"""Opening files with a limit on the size of frames: FFmpeg decodes some to learn what there is."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import av
from av.codec.hwaccel import HWAccel
from av.container import InputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream

from ..tracks.metadata import NOT_UTF8

SMALL = 2**24
"""Pixels of a frame that any file may have: 128 MiB in the largest of FFmpeg's usual formats."""
PIXELS_PER_BYTE = {"png": 1032, "apng": 1032, "mjpeg": 1032, "gif": 2800}
"""What a frame beyond SMALL holds at most by these codecs: deflate, Huffman and LZW pack no closer."""
MOST_PER_BYTE = 2**18
"""The same of all others: a black frame of 8K is 235 bytes of AV1."""


def open_bounded(path: Path, options: Mapping[str, str], *, accelerator: HWAccel | None = None) -> InputContainer:
    """The container at `path`, whose decoders refuse frames beyond SMALL, unless their packets are large enough.

    Raises:
        FFmpegError: as `av.open`.
    """

    def opened(pixels: int) -> InputContainer:
        # Absolute, or FFmpeg takes a name such as "a:b.mp4" for a network protocol.
        return av.open(
            str(path.absolute()),
            metadata_errors=NOT_UTF8,
            hwaccel=accelerator,
            options={**options, "max_pixels": str(pixels)},
        )

    container = opened(SMALL)
    if not (large := list(_large(container))):
        return container
    most = max(SMALL, *(_most_pixels(container, stream) for stream in large))
    container.close()
    container = opened(most)
    for stream in container.streams.video:
        if stream.codec_context is not None:
            stream.codec_context.options = {"max_pixels": str(most)}
    return container


def _large(container: InputContainer) -> Iterator[VideoStream]:
    """Films beyond SMALL, and those of which FFmpeg has found out nothing."""
    for stream in container.streams.video:
        context = stream.codec_context
        if context is not None and (context.format is None or not 0 < context.width * context.height <= SMALL):
            yield stream


def _most_pixels(container: InputContainer, stream: VideoStream) -> int:
    """That a frame can have, by the size of the next packet."""
    with suppress(FFmpegError):
        first = next((packet.size for packet in container.demux(stream) if packet.size), 0)
        return min(2**31 - 1, first * PIXELS_PER_BYTE.get(stream.codec_context.name, MOST_PER_BYTE))
    return 0
