"""Opening a video file and choosing its picture stream, or one line that says why that cannot be."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast

import av
import av.logging
from av.codec.hwaccel import HWAccel
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError
from av.format import Flags
from av.packet import Packet
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from ..base.memory import check_fits
from ..errors import InputError, ReferencesError, UsageError, exhaustion
from .decode.bounds import open_bounded
from .facts.references import FOLLOWING, REFUSING, list_format, refers

# FFmpeg shows any text file as a film of ANSI art.
TEXT_ART = {"ansi", "bintext", "xbin", "idf"}
# Names of the containers whose time stamps and durations are written down, as FFmpeg calls them.
MOV, MATROSKA, AVI, MPEGTS = "mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "avi", "mpegts"
MAX_PIXELS = 2**28
"""Width times height beyond this is refused: one float RGB picture would take 3 GiB."""
LEAST = 6
"""Bytes that a pixel of a decoded frame takes at least: its planes, and those that references stand on."""


@contextmanager
def open_container(
    path: Path, accelerator: HWAccel | None = None, *, follow_references: bool = False
) -> Iterator[InputContainer]:
    """The container at `path`, closed at the end, its videos decoded by `accelerator` where there is one.

    Args:
        follow_references: the files that it names may be opened too.

    Raises:
        UsageError: cannot be read, or is of a format that opens other files and may not.
        InputError: not a video.
        RuntimeError: the accelerator takes none of its videos.
    """
    if not path.is_file():
        raise UsageError(f"{path}: no such file; check the name")
    try:
        container = open_bounded(path, FOLLOWING if follow_references else REFUSING, accelerator=accelerator)
    except PermissionError as error:
        if os.access(path, os.R_OK):  # it was FFmpeg that refused its content
            raise InputError(f"{path} is encrypted or damaged; try the original file again") from error
        raise UsageError(f"{path}: permission denied; make it readable") from error
    except FFmpegError as error:
        # That memory does not suffice is said of sizes that a damaged file claims.
        if error.errno != errno.ENOMEM and (lacking := exhaustion(error.errno, path)) is not None:
            raise lacking from error
        kind = list_format(path)
        if follow_references and kind:
            raise InputError(f"{path} is {kind}; what it names cannot be read, or is not on this machine") from error
        if not follow_references and (kind := kind or _left_out(path)):
            raise _opens_others(path, kind) from None
        what = "is empty" if path.stat().st_size == 0 else f"is not a video, or is cut off ({_reason(error)})"
        raise InputError(f"{path} {what}; try the original file again") from error
    with container:
        if not follow_references and container.format.name == MOV and refers(path):
            raise _opens_others(path, "a MOV file whose data lies elsewhere (mov data references)")
        yield container


def _left_out(path: Path) -> str:
    """What FFmpeg takes a file for, where that is not among the formats it may read; else ""."""
    level = av.logging.get_level()
    av.logging.set_level(av.logging.ERROR)  # only then does it say so
    try:
        with av.logging.Capture() as said, suppress(FFmpegError):
            av.open(str(path.absolute()), options=REFUSING).close()
    finally:
        av.logging.set_level(level)
    return next((f"in the format {name}" for _, name, text in said if "not on whitelist" in text), "")


def _opens_others(path: Path, kind: str) -> ReferencesError:
    return ReferencesError(f"{path} is {kind}, which opens other files; give one of those")


def has_flag(container: InputContainer | OutputContainer, flag: Flags) -> bool:
    """Whether FFmpeg says so of the container's format."""
    return bool(container.format.flags & cast(int, flag.value))


def _reason(error: FFmpegError) -> str:
    # What FFmpeg's reader of Y4M says of a header it cannot follow.
    return "its header makes no sense" if error.errno == errno.EBUSY else error.strerror or str(error)


def is_cover(stream: VideoStream) -> bool:
    return bool(stream.disposition & Disposition.attached_pic)


def picture_stream(container: InputContainer, path: Path) -> VideoStream:
    """The stream to work on: FFmpeg's best one, but never a cover picture.

    InputError: there is none; ResourceError: its frames do not fit into memory.
    """
    films = [stream for stream in container.streams.video if not is_cover(stream)]
    if not films:
        only = "only a cover picture" if container.streams.video else "no video stream"
        raise InputError(f"{path} holds {only}; give a file with moving pictures")
    best = container.streams.best("video")
    default = [stream for stream in films if stream.disposition & Disposition.default]
    stream = best if best in films else (default or films)[0]
    assert isinstance(stream, VideoStream)
    context = stream.codec_context
    if context is None:
        raise InputError(f"{path}: no decoder for its video codec; convert it with another program first")
    if context.name in TEXT_ART:
        raise InputError(f"{path} is text, not a video; give a video file")
    if context.width * context.height > MAX_PIXELS:
        raise InputError(f"{path}: {context.width}x{context.height} is too large; at most {MAX_PIXELS} pixels are read")
    check_fits(LEAST * context.width * context.height, f"a frame of {path}, {context.width}x{context.height} pixels,")
    return stream


def demux(container: InputContainer, *streams: Stream) -> "Iterator[Packet[Any]]":
    """The packets of these streams, or of all, the empty ones at the end too.

    Streams that turn up only while the file is read (FLV, MPEG-TS) have none.

    Raises:
        FFmpegError: what comes after this cannot be reached.
    """
    found = container.demux(*streams)
    while True:
        try:
            packet = next(found, None)
        except IndexError:  # at the end PyAV wants to flush the streams that turned up, and does not know them
            return
        if packet is None:
            return
        yield packet


def stream_at(container: InputContainer, index: int) -> VideoStream:
    """The picture stream of a container that `picture_stream` chose when the file was probed."""
    stream = container.streams[index]
    assert isinstance(stream, VideoStream)
    return stream
