"""A chart drawn by OpenCV: one picture with a panel per metric."""

import cv2
import numpy as np
from numpy.typing import NDArray

from .chart import Panel

WIDTH, HEIGHT = 1200, 260
"""Of one panel, in pixels."""
LEFT, RIGHT, TOP, BOTTOM = 90, 30, 46, 44
"""Margins, in pixels."""
FINE = 4
"""Bits behind the point of OpenCV's coordinates."""
INK, GRID, SCENE, LINE = (60, 60, 60), (225, 225, 225), (170, 200, 235), (180, 90, 30)  # blue first

Canvas = NDArray[np.uint8]


def draw(panels: list[Panel]) -> bytes:
    """A PNG file, 1200 pixels wide."""
    _, encoded = cv2.imencode(".png", np.concatenate([_panel(panel) for panel in panels]))
    return bytes(encoded)


def _panel(panel: Panel) -> Canvas:
    canvas = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    for y, label in panel.y_ticks:
        _line(canvas, [(0, y), (1, y)], GRID)
        width = _width(label, 0.45)
        _text(canvas, label, (LEFT - 10 - width, round(_y(y)) + 5), 0.45)
    for x, label in panel.x_ticks:
        if 0 <= x <= 1:
            _line(canvas, [(x, 0), (x, 1)], GRID)
            _text(canvas, label, (round(_x(x)) - _width(label, 0.45) // 2, HEIGHT - BOTTOM + 20), 0.45)
    for x in panel.scenes:
        _line(canvas, [(x, 0), (x, 1)], SCENE, thickness=2)
    for points in panel.lines:
        _line(canvas, [*points, points[-1]], LINE, thickness=2)
    _text(canvas, panel.title, (LEFT, TOP - 16), 0.6)
    _text(canvas, "frame", (WIDTH - RIGHT - _width("frame", 0.45), HEIGHT - 6), 0.45)
    return canvas


def _x(position: float) -> float:
    return LEFT + position * (WIDTH - LEFT - RIGHT)


def _y(position: float) -> float:
    return HEIGHT - BOTTOM - position * (HEIGHT - TOP - BOTTOM)


def _line(
    canvas: Canvas, points: list[tuple[float, float]], colour: tuple[int, int, int], *, thickness: int = 1
) -> None:
    corners = np.array([[(_x(x), _y(y)) for x, y in points]]) * 2**FINE
    cv2.polylines(canvas, [np.rint(corners).astype(np.int32)], False, colour, thickness, cv2.LINE_AA, FINE)


def _text(canvas: Canvas, text: str, where: tuple[int, int], size: float) -> None:
    cv2.putText(canvas, text.replace("²", "^2"), where, cv2.FONT_HERSHEY_SIMPLEX, size, INK, 1, cv2.LINE_AA)


def _width(text: str, size: float) -> int:
    (width, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, size, 1)
    return int(width)
