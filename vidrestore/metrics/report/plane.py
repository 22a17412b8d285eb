"""Draws perception-distortion planes: a PNG with a dot and a name for each method."""

from collections.abc import Mapping, Sequence
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

SIDE, EDGE, FINE = 640, 70, 3
"""Of the picture in pixels: its side, what lies around the plane, and how much larger it is drawn first."""
INK, LINE, DOT = "#3c3c3c", "#c8aa96", "#1e5ab4"
Named = tuple[str, float, float]
"""A method, how far from the original (across) and how unnatural (upwards) its pictures are."""


def draw(planes: Mapping[str, Sequence[Named]], regions: Sequence[float]) -> bytes:
    """A PNG file with planes side by side; left is nearer to the original, and lower looks better.

    Args:
        planes: what looks are measured by -> the methods.
        regions: where lines part each plane.
    """
    picture = Image.new("RGB", (SIDE * len(planes), SIDE))
    for number, (looks, methods) in enumerate(planes.items()):
        picture.paste(_plane(looks, methods, regions), (number * SIDE, 0))
    file = BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def _plane(looks: str, methods: Sequence[Named], regions: Sequence[float]) -> Image.Image:
    picture = Image.new("RGB", (SIDE * FINE, SIDE * FINE), "white")
    drawing, font = ImageDraw.Draw(picture), ImageFont.load_default(14 * FINE)
    left, right = _range([x for _, x, _ in methods])
    low, high = _range([y for *_, y in methods])

    def at(x: float, y: float) -> tuple[float, float]:
        across, down = (x - left) / (right - left), 1 - (y - low) / (high - low)
        return FINE * (EDGE + across * (SIDE - 2 * EDGE)), FINE * (EDGE + down * (SIDE - 2 * EDGE))

    def text(said: str, x: float, y: float, anchor: str) -> None:
        drawing.text((x, y), said, INK, font, anchor)

    drawing.rectangle((*at(left, high), *at(right, low)), outline=INK, width=FINE)
    for region in regions:
        if left < region < right:
            drawing.line((*at(region, low), *at(region, high)), LINE, FINE)
    for x in (left, right):
        text(f"{x:.1f}", at(x, low)[0], at(x, low)[1] + 8 * FINE, "mt")
    for y in (low, high):
        text(f"{y:.3g}", at(left, y)[0] - 8 * FINE, at(left, y)[1], "rm")
    text("RMSE", SIDE * FINE / 2, (SIDE - 20) * FINE, "mm")
    text(looks, EDGE * FINE, 40 * FINE, "mm")
    for method, x, y in methods:
        (across, down), size = at(x, y), 5 * FINE
        drawing.ellipse((across - size, down - size, across + size, down + size), DOT)
        to_left = across > SIDE * FINE * 0.6
        text(method, across + (-2 if to_left else 2) * size, down, "rm" if to_left else "lm")
    return picture.reduce(FINE)


def _range(values: list[float]) -> tuple[float, float]:
    """With a margin; of one value alone, too."""
    least, most = min(values, default=0), max(values, default=1)
    margin = 0.15 * (most - least) or 0.5
    return least - margin, most + margin
