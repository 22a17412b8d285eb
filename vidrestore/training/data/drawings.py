"""Drawn pictures: text, line drawings and flat cartoon areas, which neither stills nor footage hold enough of."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from .footage import named

SIDE = 640
"""Pixels of a drawing, both ways."""
LETTERS = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.,:;!?&()-/%")
HERSHEY = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_TRIPLEX,
    cv2.FONT_HERSHEY_SCRIPT_COMPLEX,
)
Picture = NDArray[np.uint8]
Colour = tuple[int, int, int]


def drawings(folder: Path, count: int) -> list[Path]:
    """`count` drawings as PNG files in `folder`, always the same ones; what lies there is not made again.

    Raises:
        ResourceError: the disk is full.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"drawing-{named(f'{SIDE} {number}'.encode())}.png" for number in range(count)]
    for number, path in enumerate(paths):
        if not path.is_file():
            Image.fromarray(drawing(np.random.default_rng([71, number]))).save(path)
    return paths


def drawing(rng: np.random.Generator) -> Picture:
    """One drawing: (SIDE, SIDE, 3), RGB."""
    picture = _ground(rng)
    draw: Callable[[Picture, np.random.Generator], Picture] = (_text, _lines, _areas)[int(rng.integers(3))]
    picture = draw(picture, rng)
    return _text(picture, rng, lines=2) if draw is _areas and rng.random() < 0.5 else picture


def _colour(rng: np.random.Generator) -> Colour:
    """Any colour; one in three is black, white or grey."""
    if rng.random() < 1 / 3:
        grey = int(rng.choice([0, 16, 128, 235, 255]))
        return grey, grey, grey
    red, green, blue = (int(n) for n in rng.integers(0, 256, 3))
    return red, green, blue


def _ground(rng: np.random.Generator) -> Picture:
    """One colour, or a gradient between two."""
    first, second = (np.array(_colour(rng), np.float32) for _ in range(2))
    if rng.random() < 0.6:
        second = first
    share = np.linspace(0, 1, SIDE, dtype=np.float32)[:, None, None]
    column = np.rint(first + (second - first) * share).astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(column, (SIDE, SIDE, 3)))


def _text(picture: Picture, rng: np.random.Generator, lines: int = 40) -> Picture:
    """Lines of random words, from small print to headlines; some with an outline, as subtitles have."""
    ink, edge = _colour(rng), _colour(rng)
    y = int(rng.integers(0, 40))
    for _ in range(lines):
        size = int(np.exp(rng.uniform(np.log(12), np.log(72))))
        if y + size > SIDE:
            break
        words = _words(rng, 2 * SIDE // size)
        outline = int(rng.integers(1, 4)) if rng.random() < 0.3 else 0
        x = int(rng.integers(0, 60))
        if rng.random() < 0.5:
            canvas = Image.fromarray(picture)
            font = ImageFont.load_default(size)
            ImageDraw.Draw(canvas).text((x, y), words, ink, font, stroke_width=outline, stroke_fill=edge)
            picture = np.array(canvas)
        else:
            face = HERSHEY[int(rng.integers(len(HERSHEY)))]
            thickness = int(rng.integers(1, 3))
            for colour, wide in ((edge, thickness + 2 * outline), (ink, thickness))[0 if outline else 1 :]:
                cv2.putText(picture, words, (x, y + size), face, size / 32, colour, wide, cv2.LINE_AA)
        y += int(size * rng.uniform(1.2, 2))
    return picture


def _words(rng: np.random.Generator, length: int) -> str:
    letters = rng.choice(np.array(LETTERS), length)
    letters[rng.random(length) < 0.15] = " "
    return "".join(letters)


def _lines(picture: Picture, rng: np.random.Generator) -> Picture:
    """Lines, curves and rings of one to four pixels."""
    for _ in range(int(rng.integers(20, 80))):
        width, colour = int(rng.integers(1, 5)), _colour(rng)
        if rng.random() < 0.4:
            middle = tuple(int(n) for n in rng.integers(0, SIDE, 2))
            axes = tuple(int(n) for n in rng.integers(4, SIDE // 4, 2))
            turn, end = float(rng.uniform(0, 180)), float(rng.uniform(60, 360))
            cv2.ellipse(picture, middle, axes, turn, 0, end, colour, width, cv2.LINE_AA)
        else:
            steps = rng.normal(0, SIDE / 12, (int(rng.integers(2, 9)), 2)).cumsum(0)
            points = (rng.uniform(0, SIDE, 2) + steps).astype(np.int32)
            cv2.polylines(picture, [points], bool(rng.integers(2)), colour, width, cv2.LINE_AA)
    return picture


def _areas(picture: Picture, rng: np.random.Generator) -> Picture:
    """Flat areas, most of them with a dark outline, as cartoons have."""
    outline = int(rng.integers(0, 5))
    for _ in range(int(rng.integers(8, 40))):
        corners = int(rng.integers(3, 40))
        angles = np.linspace(0, 2 * np.pi, corners, endpoint=False)
        reach = rng.uniform(0.02, 0.25) * SIDE * rng.uniform(0.6, 1.3, corners)
        edge = np.column_stack((np.cos(angles), np.sin(angles))) * reach[:, None]
        points = (rng.uniform(0, SIDE, 2) + edge).astype(np.int32)
        cv2.fillPoly(picture, [points], _colour(rng), cv2.LINE_AA)
        if outline:
            cv2.polylines(picture, [points], True, (20, 20, 20), outline, cv2.LINE_AA)
    return picture
