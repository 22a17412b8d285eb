"""A chart as SVG, for the page; `plot.py` draws the same as a picture."""

from collections.abc import Iterator
from html import escape

from .chart import Line, Panel

WIDTH, HEIGHT = 1060, 190
"""Of a panel, in its own units."""
LEFT, RIGHT, TOP, BOTTOM = 60, 15, 28, 26


def svg(panel: Panel) -> str:
    """An <svg> element; the script of report.html moves its cursor."""
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" data-left="{LEFT}" data-right="{WIDTH - RIGHT}" role="img">'
        f"<title>{escape(panel.title)}</title>"
        f'<text class="title" x="{LEFT}" y="16">{escape(panel.title)}</text>' + "".join(_marks(panel)) + "</svg>"
    )


def _marks(panel: Panel) -> Iterator[str]:
    for y, label in panel.y_ticks:
        yield _polyline(((0, y), (1, y)), "grid")
        yield f'<text x="{LEFT - 6}" y="{_y(y) + 4:.1f}" text-anchor="end">{label}</text>'
    for x, label in panel.x_ticks:
        if 0 <= x <= 1:
            yield _polyline(((x, 0), (x, 1)), "grid")
            yield f'<text x="{_x(x):.1f}" y="{HEIGHT - BOTTOM + 15}" text-anchor="middle">{label}</text>'
    for x in panel.scenes:
        yield _polyline(((x, 0), (x, 1)), "scene")
    for points in panel.lines:
        yield _polyline((*points, points[-1]), "line")
    yield f'<line class="cursor" y1="{_y(1)}" y2="{_y(0)}"/>'


def _polyline(points: Line, kind: str) -> str:
    return f'<polyline class="{kind}" points="{" ".join(f"{_x(x):.1f},{_y(y):.1f}" for x, y in points)}"/>'


def _x(position: float) -> float:
    return LEFT + position * (WIDTH - LEFT - RIGHT)


def _y(position: float) -> float:
    return HEIGHT - BOTTOM - position * (HEIGHT - TOP - BOTTOM)
