"""Pixel formats for encoders: which one is chosen, and its layout."""

import re
from dataclasses import dataclass
from functools import lru_cache

import av
from av.codec.codec import find_best_pix_fmt_of_list

from ...base.settings import Encoding
from ...errors import UsageError
from ..codecs import is_lossless
from ..decode.pixel_format import SUBSAMPLING, planar_format


@dataclass(frozen=True, slots=True)
class Layout:
    """A planar pixel format this program can fill."""

    name: str
    rgb: bool
    grey: bool
    subsample_x: int
    subsample_y: int
    depth: int


_PACKED = {"nv12": "yuv420p", "p010le": "yuv420p10le", "bgr0": "gbrp", "rgb24": "gbrp"}
"""Formats that hold the same samples interleaved: filled planar, then interleaved by swscale, exactly."""


@lru_cache(maxsize=64)
def layout(pix_fmt: str) -> Layout | None:
    """The format to fill for an encoder that takes `pix_fmt`; None where that cannot be written."""
    name = _PACKED.get(pix_fmt, pix_fmt)
    found = re.fullmatch(r"(gray|gbrp|yuv(4\d\d)p)(?:(\d+)le)?", name)
    if found is None:
        return None
    x, y = SUBSAMPLING[found[2]] if found[2] else (0, 0)
    return Layout(name, found[1] == "gbrp", found[1] == "gray", x, y, int(found[3] or 8))


def pixel_format(encoder: av.Codec, source: str, encoding: Encoding) -> str:
    """The format to encode in: as asked, or the source's, or the nearest the encoder takes.

    Grey and RGB sources become 4:2:0 where the encoder is lossy, since that is what players play.

    Raises:
        UsageError: the encoder does not take what is asked.
    """
    formats = [f.name for f in encoder.video_formats or () if layout(f.name)]
    if not formats:
        raise UsageError(f"{encoder.name} takes no pixel format this program writes; use libx264 or ffv1")
    if encoding.pix_fmt is not None:
        if encoding.pix_fmt not in formats:
            raise UsageError(f"{encoder.name} takes no --pix-fmt {encoding.pix_fmt}; it takes {', '.join(formats)}")
        return encoding.pix_fmt
    wanted = natural_format(source)
    holding = [name for name in (wanted, *_PACKED) if name in formats and _PACKED.get(name, name) == wanted]
    if holding and (wanted.startswith("yuv") or is_lossless(encoder.name, encoding)):
        return holding[0]
    if not wanted.startswith("yuv"):
        wanted = "yuv420p10le" if wanted.endswith("le") else "yuv420p"
    best, _ = find_best_pix_fmt_of_list(formats, wanted)
    assert best is not None
    return best.name


def natural_format(source: str) -> str:
    """The planar format of a source's samples; full range is a tag here, not a format of its own."""
    return planar_format(source).replace("yuvj", "yuv")
