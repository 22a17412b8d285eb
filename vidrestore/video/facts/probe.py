"""Probing a file: it is opened once, and its first few frames are decoded."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import islice
from pathlib import Path

from av.container import InputContainer
from av.stream import Disposition, Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from ...base.files import check_there
from ...base.settings import SLOWEST
from ...errors import InputError, UsageError
from ..container import is_cover, open_container, picture_stream
from ..decode.colour_tags import MATRICES, colour_of, guessed_matrix
from ..decode.pixel_format import has_alpha
from ..decode.siting import chroma_location
from ..pictures.folder import is_pictures, probe_animation, probe_pictures
from ..pictures.formats.header import is_animated_webp
from ..time.clock import start_of
from ..time.rate import average_rate
from ..time.timeline import decode_all, first_alone
from .info import StreamInfo, StreamKind, VideoInfo
from .sidedata import display_matrix, hdr10, lost_metadata

KINDS: dict[str, StreamKind] = {
    "video": "video",
    "audio": "audio",
    "subtitle": "subtitle",
    "attachment": "attachment",
}

LARGE = 2**23
"""Pixels of a frame beyond which one is looked at, and not three: more than UHD, which nobody interlaces."""
INTERLACED = "the video is flagged as interlaced: --deinterlace auto, frames or fields makes whole frames of it"


def probe(
    path: Path, *, rate: Fraction | None = None, times: Path | None = None, follow_references: bool = False
) -> VideoInfo:
    """Describe a video file, a folder of pictures or one picture.

    Args:
        rate: of pictures, per second; None: as their frames.csv says, and where there is none 25.
        times: a frames.csv that lies elsewhere.
        follow_references: the files that a video names may be opened too.

    Raises:
        UsageError: no such path, a rate for a video, times that are not those of the pictures, a file that opens
            others.
        InputError: no video or pictures in it, or not one frame of it can be decoded.
    """
    check_there(path)
    if is_pictures(path):
        return probe_pictures(path, rate=rate, times=times)
    if rate is not None:
        raise UsageError(f"{path} is a video and has a rate of its own; a rate ({rate}) is for pictures")
    if is_animated_webp(path):
        return probe_animation(path)
    with open_container(path, follow_references=follow_references) as container:
        stream = picture_stream(container, path)
        # Decoding changes it where the size changes inside the stream; players show the size of the file's header.
        size = (stream.codec_context.width, stream.codec_context.height)
        if size[0] * size[1] > LARGE:
            frames = list(islice(first_alone(container, stream), 1))
        else:
            frames = list(islice(decode_all(container, stream), 3))
        if not frames:
            raise InputError(f"{path}: not one picture of it can be decoded; it is damaged or encrypted")
        info = _describe(path, container, stream, frames, size=size)
        return replace(info, follow_references=follow_references)


def _describe(
    path: Path, container: InputContainer, stream: VideoStream, frames: list[VideoFrame], *, size: tuple[int, int]
) -> VideoInfo:
    first = frames[0]
    assert stream.time_base is not None
    if stream.time_base > 1 / SLOWEST:
        tick = f"{float(stream.time_base):.5g} s"
        raise InputError(f"{path}: its clock ticks once in {tick}, which is no rate of a video; its header is damaged")
    interlaced = any(frame.interlaced_frame for frame in frames)
    # VP9 and VP8 keep opacity in a second stream of the same packets, which FFmpeg's own decoders leave aside.
    alpha = has_alpha(first.format.name) or stream.metadata.get("alpha_mode") == "1"
    rate = average_rate(container, stream)
    return VideoInfo(
        path=path,
        kind="video",
        width=size[0] or first.width,
        height=size[1] or first.height,
        pix_fmt=first.format.name,
        colour=colour_of(first, chroma_location=chroma_location(stream)),
        time_base=stream.time_base,
        rate=rate,
        frames=stream.frames or None,
        duration=_duration(container, stream),
        start=start_of(container, frames, rate=rate),
        codec=_codec(stream),
        container=container.format.name,
        stream_index=stream.index,
        sample_aspect_ratio=stream.sample_aspect_ratio or None,
        display_matrix=display_matrix(first),
        rotation=first.rotation,
        interlaced=interlaced,
        alpha=alpha,
        hdr10=hdr10(first),
        streams=tuple(_stream_info(each) for each in container.streams),
        metadata=dict(container.metadata),
        chapters=len(container.chapters()),
        warnings=tuple(_warnings(container, stream, first, interlaced=interlaced, alpha=alpha)),
    )


def _duration(container: InputContainer, stream: VideoStream) -> Fraction | None:
    if stream.duration and stream.time_base:
        return stream.duration * stream.time_base
    return Fraction(container.duration, 1_000_000) if container.duration else None


def _codec(stream: Stream) -> str:
    context = stream.codec_context
    return "" if context is None else context.codec.canonical_name


def _stream_info(stream: Stream) -> StreamInfo:
    language = stream.language or ""
    return StreamInfo(
        index=stream.index,
        kind=KINDS.get(stream.type, "data"),
        codec=_codec(stream),
        language="" if language == "und" else language,
        title=stream.metadata.get("title", ""),
        default=bool(stream.disposition & Disposition.default),
        cover=isinstance(stream, VideoStream) and is_cover(stream),
    )


def _warnings(
    container: InputContainer, stream: VideoStream, first: VideoFrame, *, interlaced: bool, alpha: bool
) -> Iterator[str]:
    covers = [other.index for other in container.streams.video if is_cover(other)]
    others = [other.index for other in container.streams.video if other.index not in (*covers, stream.index)]
    if others:
        yield f"video track {stream.index} is used; of {len(others)} other video tracks nothing is kept"
    if interlaced:
        yield INTERLACED
    if alpha:
        yield "transparency is dropped"
    if first.colorspace not in (0, 2, *MATRICES) or first.colorspace in (10, 14):
        used = MATRICES.get(first.colorspace, guessed_matrix(first.height))
        yield f"colour matrix {first.colorspace} is not known here: read as {used}"
    yield from lost_metadata(first)
