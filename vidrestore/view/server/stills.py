"""Single pictures of a video for the page: thumbnails of its timeline, and one frame as it is."""

import base64
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from ...api.arrays import frames
from ...base.settings import Reading
from ...errors import UsageError
from ...video.facts.glances import Glance, glances, pairs
from ...video.facts.info import VideoInfo
from ...video.facts.probe import probe
from ...video.pictures.turn import turn_of, turn_upright
from ..preview.trial import of_eight_bits

PLACES, HEIGHT = 12, 72
"""Thumbnails of a video, and their pixels from top to bottom."""
SHORT = 600
"""Frames of a video that is decoded for its thumbnails."""
QUALITY = 92


def timeline(path: Path) -> dict[str, Any]:
    """How long a video is, and pictures of it: {"duration": seconds, "thumbs": [{"time", "picture"}]}.

    Raises:
        UsageError, InputError: as `probe`.
    """
    info = probe(path)
    turn = turn_of(info.display_matrix)
    thumbs: dict[float, str] = {}
    if info.kind == "video":
        for look in _looks(info):
            ratio = float(info.sample_aspect_ratio or 1) * info.width / info.height
            small = look.frames[0].reformat(width=max(2, round(HEIGHT * ratio)), height=HEIGHT, format="rgb24")
            thumbs[float(look.time)] = _address(turn_upright(small.to_ndarray(), turn), "JPEG")
    duration = None if info.duration is None else float(info.duration)
    shown = [{"time": time, "picture": picture} for time, picture in sorted(thumbs.items())]
    return {"duration": duration, "rate": float(info.rate), "thumbs": shown}


def _looks(info: VideoInfo) -> list[Glance]:
    """Key frames here and there; of a short video with few of them, any frames."""
    found = list(glances(info, places=PLACES, at_once=1))
    if len({look.time for look in found}) * 2 > PLACES:
        return found
    frames = round(info.duration * info.rate) if info.duration else SHORT
    return list(pairs(info, step=max(2, frames // PLACES), most=SHORT)) if frames <= SHORT else found


def still(path: Path, seconds: float) -> bytes:
    """The frame of a video at a moment, or its last one: a WebP.

    Raises:
        UsageError, InputError: as `frames`.
    """
    try:
        picture = next(iter(frames(path, reading=Reading(start=Fraction(seconds).limit_denominator(10_000)))))
    except UsageError:  # beyond the last one
        *_, picture = frames(path)
    rgb = of_eight_bits(picture.rgb)
    file = BytesIO()
    Image.fromarray(rgb).save(file, "WEBP", quality=QUALITY)
    return file.getvalue()


def _address(rgb: Any, form: str) -> str:  # noqa: ANN401 - an array of PyAV, which has no type
    file = BytesIO()
    Image.fromarray(rgb).save(file, form, quality=80)
    return f"data:image/{form.lower()};base64,{base64.b64encode(file.getvalue()).decode()}"
