"""The preview as one picture: a row for each moment, a column for each setting, whole and in detail."""

from collections.abc import Sequence
from fractions import Fraction
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ...base.text import visible
from .amounts import clock, megabytes
from .moments import Moment
from .page import BEFORE
from .setting import Tried

CELL, LINE, GAP = 480, 22, 8
"""Pixels: width of a picture, height of a line of text, space between."""
INK, SOFT, GROUND = "#1f2328", "#5c6570", "#ffffff"
Rgb8 = NDArray[np.uint8]


def sheet(
    title: str, moments: Sequence[Moment], before: Sequence[Rgb8], tried: Sequence[Tried], aspect: Fraction
) -> bytes:
    """A PNG file. Details are pixels as they are, of the source enlarged by bicubic interpolation.

    Args:
        before: the picture of each moment as it is.
        aspect: width over height, as the video is shown.
    """
    high, columns = round(CELL / aspect), 1 + len(tried)
    row = LINE + 2 * (high + GAP)
    top = LINE * 4 + GAP
    whole = Image.new("RGB", (columns * (CELL + GAP) + GAP, top + row * len(moments) + GAP), GROUND)
    draw, font = ImageDraw.Draw(whole), ImageFont.load_default(14)

    def write(x: int, y: int, text: str, ink: str = INK) -> None:
        line = visible(text)
        while draw.textlength(line, font) > CELL and len(line) > 4:
            line = line[:-4] + "..."
        draw.text((x, y), line, ink, font)

    write(GAP, GAP, title)
    for column, lines in enumerate([[BEFORE], *map(_heads, tried)]):
        for number, line in enumerate(lines, 1):
            write(GAP + column * (CELL + GAP), GAP + number * LINE, line, INK if number == 1 else SOFT)
    for number, moment in enumerate(moments):
        y = top + number * row
        write(GAP, y, f"{float(moment.time):.2f} s: {moment.why}", SOFT)
        pictures = [before[number], *(each.pictures[number] for each in tried)]
        size = max(picture.shape[1] for picture in pictures), max(picture.shape[0] for picture in pictures)
        grown = [Image.fromarray(picture).resize(size, Image.Resampling.BICUBIC) for picture in pictures]
        box = _detail(grown[-1], (CELL, high))
        for column, picture in enumerate(grown):
            x = GAP + column * (CELL + GAP)
            whole.paste(picture.resize((CELL, high), Image.Resampling.LANCZOS), (x, y + LINE))
            whole.paste(picture.crop(box), (x, y + LINE + high + GAP))
    file = BytesIO()
    whole.save(file, "PNG")
    return file.getvalue()


def _heads(tried: Tried) -> list[str]:
    forecast = tried.forecast
    parts = [f"{tried.width}x{tried.height}"]
    parts += [] if forecast.seconds is None else [f"about {clock(forecast.seconds)}"]
    parts += [] if forecast.size is None else [megabytes(forecast.size)]
    return [tried.setting.name, ", ".join(parts)]


def _detail(picture: Image.Image, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Where most detail is: left, top, right and bottom of a part of that size, or of all that there is."""
    grey = np.asarray(picture.convert("L"), np.float32)
    width, height = (min(each, there) for each, there in zip(size, picture.size, strict=True))
    edges = np.zeros_like(grey)
    edges[1:, 1:] = np.abs(np.diff(grey, axis=0))[:, 1:] + np.abs(np.diff(grey, axis=1))[1:]
    places = [
        (float(edges[y : y + height, x : x + width].mean()), x, y)
        for y in np.linspace(0, picture.height - height, 5).astype(int).tolist()
        for x in np.linspace(0, picture.width - width, 5).astype(int).tolist()
    ]
    _, x, y = max(places)
    return x, y, x + width, y + height
