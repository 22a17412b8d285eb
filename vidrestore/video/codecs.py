"""Containers and encoders: which there are, their defaults, and whether what a user asks of them makes sense."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

import av
from av.codec.codec import UnknownCodecError
from av.codec.context import OptionFlags

from ..base.settings import Encoding
from ..errors import UsageError


@dataclass(frozen=True, slots=True)
class Container:
    """One kind of video file."""

    muxer: str
    codec: str
    """Default encoder for 8 bits per sample."""
    deep: str
    """Default encoder for more."""
    chapters: bool = False
    rotation: bool = False
    """Holds a display matrix."""
    constant_rate: bool = False
    """Time is counted in frames: every frame lasts 1/rate."""
    sound: str = "aac"
    """Encoder of sound that cannot be copied."""


_MP4 = Container("mp4", "libx264", "libx265", chapters=True, rotation=True)
_TS = Container("mpegts", "libx264", "libx265")

CONTAINERS: dict[str, Container] = {
    ".mp4": _MP4,
    ".m4v": _MP4,
    ".mov": Container("mov", "libx264", "libx265", chapters=True, rotation=True),
    ".mkv": Container("matroska", "libx264", "libx265", chapters=True, rotation=True),
    ".webm": Container("webm", "libvpx-vp9", "libsvtav1", chapters=True, rotation=True, sound="libopus"),
    ".avi": Container("avi", "libx264", "libx264", constant_rate=True, sound="libmp3lame"),
    ".ts": _TS,
    ".mts": _TS,
    ".flv": Container("flv", "libx264", "libx264"),
}
"""By suffix, lower case."""


@dataclass(frozen=True, slots=True)
class Codec:
    """What is known of an encoder beyond what FFmpeg tells; the defaults fit any other."""

    quality: str = ""
    """Name of its constant-quality option, where it has one."""
    crf: float = 0
    """Default of that option: visually lossless, for material that will be encoded again."""
    worst: float = 51
    """Largest value of that option."""
    presets: tuple[str, ...] = ()
    preset: str = ""
    """Default preset."""
    rivals: tuple[str, ...] = ()
    """Options that it would not look at beside the quality option; a user who gives one goes without that."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Options it always gets; a user's -e wins."""
    lossless: Mapping[str, str] | None = None
    """Options that replace the quality option under --lossless; None: it cannot."""
    odd: bool = False
    """Takes any width and height in a format with subsampled chroma."""


_PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow", "placebo")
_NVENC = Codec(
    "cq",
    19,
    presets=("p1", "p2", "p3", "p4", "p5", "p6", "p7"),
    preset="p5",
    settings={"rc": "vbr", "b": "0"},
    lossless={"tune": "lossless"},
)
# 118 units of global_quality are one step of qscale; without it these encoders aim at 200 kb/s.
_QSCALE = Codec(settings={"flags": "+qscale", "global_quality": str(2 * 118)}, odd=True)

_RIVALS = ("b", "qp")
_X264 = Codec("crf", 16, presets=_PRESETS, preset="medium", rivals=_RIVALS, lossless={"qp": "0"})

CODECS: dict[str, Codec] = {
    "libx264": _X264,
    "libx264rgb": _X264,
    "libx265": Codec(
        "crf", 18, presets=_PRESETS, preset="medium", rivals=_RIVALS, lossless={"x265-params": "lossless=1"}
    ),
    "libsvtav1": Codec(
        "crf",
        20,
        63,
        presets=tuple(str(n) for n in range(14)),
        preset="6",
        rivals=_RIVALS,
        lossless={"svtav1-params": "lossless=1"},
        odd=True,
    ),
    "libvpx-vp9": Codec(
        "crf", 20, 63, settings={"b": "0", "row-mt": "1", "cpu-used": "3"}, lossless={"lossless": "1"}, odd=True
    ),
    "ffv1": Codec(settings={"level": "3", "slicecrc": "1"}, lossless={}, odd=True),
    "ffvhuff": Codec(lossless={}, odd=True),
    "utvideo": Codec(lossless={}),
    "prores_ks": Codec(odd=True),
    "mpeg4": _QSCALE,
    "mpeg2video": _QSCALE,
    "mjpeg": _QSCALE,
    "h264_nvenc": _NVENC,
    "hevc_nvenc": _NVENC,
    "av1_nvenc": _NVENC,
}

_DICTIONARIES = ("x264-params", "x265-params", "svtav1-params")
"""Options that hold options, joined by colons: a user's are added to ours."""


def find_encoder(name: str) -> av.Codec:
    """The video encoder of that name, or FFmpeg's choice for a format's name such as "hevc".

    Raises:
        UsageError: there is none.
    """
    try:
        codec = av.Codec(name, "w")
    except UnknownCodecError:
        codec = None
    if codec is None or codec.type != "video":
        near = get_close_matches(name.removeprefix("lib"), CODECS) or list(CODECS)[:5]
        raise UsageError(f"no video encoder is called {name!r}; try {', '.join(near)}")
    return codec


def encoder_options(name: str, encoding: Encoding) -> dict[str, str]:
    """Everything the encoder `name` (FFmpeg's own name) is given, checked against what it takes.

    Raises:
        UsageError: crf out of range, unknown preset or option, or no lossless mode.
    """
    codec = CODECS.get(name, Codec())
    options = dict(codec.settings)
    if encoding.lossless:
        if codec.lossless is None:
            raise UsageError(f"{name} has no lossless mode; use libx264, libx265, libvpx-vp9 or ffv1")
        if encoding.crf is not None:
            raise UsageError(f"--lossless leaves no choice of --crf {encoding.crf:g}; give one of the two")
        options |= codec.lossless
    elif rival := next((key for key in codec.rivals if key in encoding.options), None):
        if encoding.crf is not None:
            raise UsageError(f"--crf {encoding.crf:g} and -e {rival}=... both set the quality; give one of the two")
    elif codec.quality:
        crf = codec.crf if encoding.crf is None else encoding.crf
        _check_quality(name, codec, f"--crf {crf:g}", crf)
        options[codec.quality] = f"{crf:g}"
    elif encoding.crf is not None:
        raise UsageError(f"{name} has no --crf; set its quality with -e, such as -e b=20M")
    if encoding.preset is not None and encoding.preset not in codec.presets:
        there = f"has {', '.join(codec.presets)}" if codec.presets else "has none"
        raise UsageError(f"{name} has no --preset {encoding.preset!r}; it {there}")
    if preset := encoding.preset or codec.preset:
        options["preset"] = preset
    given = _known(name, encoding.options)
    if codec.quality in given:
        _check_quality(name, codec, f"-e {codec.quality}={given[codec.quality]}", given[codec.quality])
    return _merged(options, given)


def _check_quality(name: str, codec: Codec, words: str, value: float | str) -> None:
    try:
        inside = 0 <= float(value) <= codec.worst
    except ValueError:
        inside = False
    if not inside:
        raise UsageError(f"{words} is outside what {name} takes: 0 (best) to {codec.worst:g}")


def _known(name: str, given: Mapping[str, str]) -> Mapping[str, str]:
    supported = av.CodecContext.create(name, "w").supported_options
    flags = OptionFlags.ENCODING_PARAM | OptionFlags.VIDEO_PARAM
    names = {option.name for option in (*supported.generic, *supported.private) if option.flags & flags == flags}
    for key in given:
        if key not in names:
            near = get_close_matches(key, names, n=1)
            raise UsageError(f"{name} has no option {key!r}{f'; did you mean {near[0]!r}?' if near else ''}")
    return given


def _merged(ours: dict[str, str], theirs: Mapping[str, str]) -> dict[str, str]:
    for key, value in theirs.items():
        # FFmpeg's parsers let the last of equal keys win: the user's.
        ours[key] = f"{ours[key]}:{value}" if key in _DICTIONARIES and key in ours else value
    return ours


def is_lossless(name: str, encoding: Encoding) -> bool:
    """Whether what the encoder `name` makes of a picture is that picture."""
    return encoding.lossless or CODECS.get(name, Codec()).lossless == {}
