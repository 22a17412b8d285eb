"""How large the file of a whole run will be, from short ones."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import islice
from statistics import mean

from ...restoration.job import Job
from ...video.container import demux, open_container, picture_stream
from ...video.encode.target import Target
from ...video.facts.info import VideoInfo
from ...video.time.timeline import packets

BETWEEN_KEYS = 250
"""Frames from one key frame to the next, as encoders have it by default."""
PACKETS = 3000
"""Of all tracks, by which those beside the pictures are measured."""


def forecast_size(job: Job, parts: Sequence[Target], frames: int) -> int:
    """Bytes: so many of key frames, the rest of others, and the other tracks as in the source."""
    if job.target.kind != "video":
        files = [file for part in parts for file in (part.path.glob("frame_*") if part.path.is_dir() else [part.path])]
        return round(mean(file.stat().st_size for file in files) * frames)
    sizes = [_sizes(part) for part in parts]
    key = mean(each[0] for each in sizes)
    others = [size for each in sizes for size in each[1:]]
    keys = -(-frames // BETWEEN_KEYS)
    pictures = keys * key + (frames - keys) * (mean(others) if others else key)
    beside = _bytes_a_second(job.info) * float(job.info.duration or 0) if job.target.tracks else 0.0
    return round(pictures + beside)


def _sizes(part: Target) -> list[int]:
    """Bytes of each packet of the pictures, the key frame's first."""
    with open_container(part.path) as container:
        stream = picture_stream(container, part.path)
        return [packet.size for packet in packets(container, stream) if packet.size]


def _bytes_a_second(info: VideoInfo) -> float:
    """Of the tracks beside the pictures."""
    size, last = 0, Fraction(0)
    with open_container(info.path, follow_references=info.follow_references) as container:
        first = Fraction(container.start_time or 0, 1_000_000)
        for packet in islice(demux(container), PACKETS):
            size += 0 if packet.stream_index == info.stream_index else packet.size
            if packet.pts is not None and packet.time_base is not None:
                last = max(last, packet.pts * packet.time_base - first)
    return size / float(last) if last > 0 else 0.0
