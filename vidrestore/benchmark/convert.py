"""Benchmark of colour conversion: 1920x1080 in 4:2:0, 8 bits."""

from collections.abc import Callable

from ..frame.colour import luma, quantise, to_planes, to_rgb, with_luma
from ..video.decode.rgb import rgb_rows
from .material import planes
from .row import Effort, Row, measure, per_frame

HEIGHT, WIDTH = 1080, 1920


def convert(effort: Effort) -> list[Row]:
    """ms per frame."""
    (picture,) = planes(1, height=HEIGHT, width=WIDTH)
    (small,) = planes(1, height=HEIGHT // 2, width=WIDTH // 2)
    rgb, brightness = to_rgb(picture), luma(picture)
    cases: dict[str, Callable[[], object]] = {
        "planes to luma": lambda: luma(picture),
        "luma x2 to code values, chroma enlarged": lambda: quantise(with_luma(small, brightness, scale=2)),
        "planes to RGB, by torch": lambda: to_rgb(picture),
        "planes to RGB, by rows": lambda: list(rgb_rows(picture, white=1.0)),
        "RGB to code values": lambda: quantise(to_planes(rgb, picture.colour, subsample_x=1, subsample_y=1)),
    }
    return per_frame("colour", measure(cases, repeats=effort.repeats))
