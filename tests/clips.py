"""Tiny clips for tests, made with PyAV: one call, one file."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import torch
from av.packet import Packet


def plane(index: int, height: int, width: int, *, depth: int = 8, which: int = 0) -> torch.Tensor:
    """What plane `which` of picture `index` holds: a moving slope, (height, width), uint8 or uint16."""
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    codes = 16 + (x * (2 + which) + y * 3 + 5 * index + 40 * which) % 200
    codes = (codes << (depth - 8)) + (x % (1 << (depth - 8)))
    return codes.to(torch.uint8 if depth == 8 else torch.uint16)


def picture(index: int, size: tuple[int, int], pix_fmt: str) -> av.VideoFrame:
    """Picture `index` of a clip, (width, height) large, in any planar format of 8 to 16 bits."""
    frame = av.VideoFrame(*size, pix_fmt)
    depth = frame.format.components[0].bits
    for which, target in enumerate(frame.planes):
        stored = torch.from_dlpack(target)
        stored.copy_(plane(index, *stored.shape, depth=depth, which=which))
    return frame


def make_clip(
    path: Path,
    *,
    frames: int = 30,
    size: tuple[int, int] = (64, 48),
    rate: Fraction = Fraction(30),
    pts: Sequence[int] | None = None,
    time_base: Fraction | None = None,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    options: Mapping[str, str] | None = None,
    colorspace: int = 2,
    color_range: int = 0,
    color_primaries: int = 2,
    color_trc: int = 2,
    sample_aspect_ratio: Fraction | None = None,
    rotation: int = 0,
    audio: int = 0,
    subtitles: int = 0,
    chapters: bool = False,
    metadata: Mapping[str, str] | None = None,
    container_options: Mapping[str, str] | None = None,
) -> Path:
    """Write `picture(0)`, `picture(1)`, ... to `path` and return it.

    `pts` are ticks of `time_base` (1/rate by default), one per frame. x264 makes B-frames unless options say
    {"bf": "0"}; {"qp": "0"} is lossless, and so is codec "ffv1". `audio` AAC tracks hold sines of 440, 880, ... Hz
    as long as the video; `subtitles` SubRip tracks (for .mkv) hold one line; languages are eng, fra, deu in turn.
    """
    base = time_base or 1 / Fraction(rate)
    ticks = list(range(frames)) if pts is None else list(pts)
    seconds = float((ticks[-1] + 1) * base)
    languages = ("eng", "fra", "deu")
    with av.open(str(path), "w", container_options=dict(container_options or {})) as output:
        output.metadata.update(metadata or {})
        video = output.add_stream(codec, rate=Fraction(rate), options=dict(options or {}))
        video.width, video.height = size
        video.pix_fmt = pix_fmt
        context = video.codec_context
        context.time_base = base
        context.colorspace, context.color_range = colorspace, color_range
        context.color_primaries, context.color_trc = color_primaries, color_trc
        if sample_aspect_ratio is not None:
            context.sample_aspect_ratio = sample_aspect_ratio
        if rotation:
            video.set_display_rotation(rotation)
        sounds = [output.add_stream("aac", rate=48000, layout="mono") for _ in range(audio)]
        texts = [output.add_mux_stream("subrip") for _ in range(subtitles)]
        for tracks in (sounds, texts):
            for number, track in enumerate(tracks):
                track.metadata["language"] = languages[number % 3]
        if chapters:
            half = int(seconds * 500)
            output.set_chapters(
                [
                    {"id": 1, "start": 0, "end": half, "time_base": Fraction(1, 1000), "metadata": {"title": "one"}},
                    {
                        "id": 2,
                        "start": half,
                        "end": 2 * half,
                        "time_base": Fraction(1, 1000),
                        "metadata": {"title": "two"},
                    },
                ]
            )
        for index, tick in enumerate(ticks):
            frame = picture(index, size, pix_fmt)
            frame.pts, frame.time_base = tick, base
            output.mux(video.encode(frame))
        output.mux(video.encode(None))
        for number, track in enumerate(sounds):
            _sine(output, track, 440 * (number + 1), seconds)
        for number, track in enumerate(texts):
            packet = Packet(f"line {number}".encode())
            packet.stream, packet.time_base = track, Fraction(1, 1000)
            packet.pts = packet.dts = 100
            packet.duration = 400
            output.mux(packet)
    return path


def _sine(output: av.container.OutputContainer, track: av.AudioStream, hertz: int, seconds: float) -> None:
    samples = np.sin(np.arange(int(48000 * seconds)) * (2 * np.pi * hertz / 48000)).astype(np.float32) / 4
    for start in range(0, len(samples), 1024):
        frame = av.AudioFrame.from_ndarray(samples[None, start : start + 1024], format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 48000, start, Fraction(1, 48000)
        output.mux(track.encode(frame))
    output.mux(track.encode(None))
