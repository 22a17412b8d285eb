"""Opening the output: container, picture stream and encoder, as a Target says."""

import os
from io import BytesIO
from pathlib import Path
from typing import cast

import av
from av.codec.context import Flags
from av.container import OutputContainer
from av.video.stream import VideoStream

from .target import Target

# Two encoders that print on their own, past FFmpeg's log, on a stderr that is not theirs.
os.environ.setdefault("SVT_LOG", "1")
_QUIET = {"libx265": ("x265-params", "log-level=none")}
# Apple's players want parameter sets in the header alone, which is what this tag says.
_TAGS = {
    ("libx265", "mp4"): "hvc1",
    ("libx265", "mov"): "hvc1",
    ("hevc_nvenc", "mp4"): "hvc1",
    ("hevc_nvenc", "mov"): "hvc1",
}


EMPTY_TS = b"\x47\x1f\xff\x10" + b"\xff" * 184
"""A packet of MPEG-TS that holds nothing."""
LEAST_TS = 20
"""Packets; FFmpeg recognises none of 10 and all of 15."""


def open_output(target: Target, file: Path | BytesIO) -> OutputContainer:
    """Open `file` for writing and declare the picture stream; nothing is encoded or written before the header.

    Raises:
        av.error.FFmpegError, ValueError: the container does not take the codec, or the codec its size or options.
    """
    name = str(file.absolute()) if isinstance(file, Path) else file
    output = av.open(
        name,
        "w",
        format=target.container,
        container_options=_container_options(target),
    )
    options = dict(target.options)
    for key, value in filter(None, (_QUIET.get(target.codec), _same_everywhere(target))):
        options[key] = f"{value}:{options[key]}" if key in options else value
    if target.colour.tagged_siting:
        options["chroma_sample_location"] = str(target.colour.tagged_siting)
    stream = cast(VideoStream, output.add_stream(target.codec, rate=target.rate, options=options))
    _describe(stream, target)
    return output


def _same_everywhere(target: Target) -> tuple[str, str] | None:
    """What x264 needs to make the same of the same frames: its mb-tree for AVX-512 reads memory that nobody has set.

    Measured with PyAV 18 on such a CPU: a dozen runs gave nine results, and one with its code for AVX2.
    """
    if not target.threads or target.codec not in ("libx264", "libx264rgb"):
        return None
    import torch  # planning a run does without it

    return ("x264-params", "asm=avx2") if torch.backends.cpu.get_cpu_capability() == "AVX512" else None


def pad(file: Path, container: str) -> None:
    """Add empty packets to a finished MPEG-TS of a few, which programs would not recognise.

    Raises:
        OSError: as writing does.
    """
    packets = file.stat().st_size // len(EMPTY_TS)
    if container == "mpegts" and packets < LEAST_TS:
        with file.open("ab") as end:
            end.write(EMPTY_TS * (LEAST_TS - packets))


def _container_options(target: Target) -> dict[str, str]:
    # Twice the same is twice the same bytes: else Matroska and Ogg draw numbers by lot, which nobody needs.
    options = {"fflags": "+bitexact"}  # "+": FFmpeg's own flags stay
    if target.container not in ("mp4", "mov"):
        return options
    # Where the pictures begin and how long they last is written in this clock: 1 ms, unless told.
    ticks = target.time_base.denominator
    options["movie_timescale"] = str(ticks * -(-1000 // ticks))
    # Phones' tags, such as com.apple.quicktime.make, live in a list of their own; then all tags must.
    return options | {"movflags": "use_metadata_tags"} if target.free_tags else options


def _describe(stream: VideoStream, target: Target) -> None:
    context, colour = stream.codec_context, target.colour
    context.width, context.height, context.pix_fmt = target.width, target.height, target.pix_fmt
    context.time_base = stream.time_base = target.time_base
    context.framerate = target.rate
    context.flags |= Flags.frame_duration
    # PyAV's own choice is SLICE, which makes x264 cut each picture into slices: larger and slower.
    context.thread_type, context.thread_count = "AUTO", target.threads
    context.color_range, context.colorspace = colour.tagged_range, colour.tagged_matrix
    context.color_primaries, context.color_trc = colour.primaries, colour.transfer
    if target.sample_aspect_ratio is not None:
        context.sample_aspect_ratio = target.sample_aspect_ratio
        stream.sample_aspect_ratio = target.sample_aspect_ratio
    if target.display_matrix is not None:
        stream.set_display_matrix(target.display_matrix)
    if tag := _TAGS.get((target.codec, target.container)):
        context.codec_tag = tag
