"""Draws charts: a PNG with a panel per metric, and the same panel inside the page."""

import base64
from html import escape
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from .chart import Line, Panel

WIDTH, HEIGHT = 1200, 260
"""Of one panel, in pixels."""
LEFT, RIGHT, TOP, BOTTOM = 90, 1170, 46, 216
"""Sides of the area that the lines run in, in pixels."""
FINE = 3
"""Times as large as it is drawn first: reduced, its lines are smooth, and in a page it is sharp on any screen."""
INK, GRID, SCENE, LINE = "#3c3c3c", "#e1e1e1", "#ebc8aa", "#1e5ab4"


def draw(panels: list[Panel]) -> bytes:
    """A PNG file, 1200 pixels wide, with the panels one below the other."""
    whole = Image.new("RGB", (WIDTH, HEIGHT * len(panels)))
    for number, panel in enumerate(panels):
        whole.paste(_picture(panel).reduce(FINE), (0, HEIGHT * number))
    return _png(whole)


def svg(panel: Panel) -> str:
    """An <svg> element with the picture inside; the script of report.html moves the cursor over it."""
    picture = base64.b64encode(_png(_picture(panel))).decode()
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" data-left="{LEFT}" data-right="{RIGHT}" role="img">'
        f"<title>{escape(panel.title)}</title>"
        f'<image width="{WIDTH}" height="{HEIGHT}" href="data:image/png;base64,{picture}"/>'
        f'<line class="cursor" y1="{TOP}" y2="{BOTTOM}"/></svg>'
    )


def _png(picture: Image.Image) -> bytes:
    file = BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def _picture(panel: Panel) -> Image.Image:
    picture = Image.new("RGB", (WIDTH * FINE, HEIGHT * FINE), "white")
    drawing = ImageDraw.Draw(picture)
    small, large = (ImageFont.load_default(size * FINE) for size in (14, 18))

    def line(points: Line, colour: str, width: float = 1) -> None:
        corners = [(LEFT + x * (RIGHT - LEFT), BOTTOM - y * (BOTTOM - TOP)) for x, y in points]
        scaled = [(x * FINE, y * FINE) for x, y in corners]
        drawing.line([*scaled, scaled[-1]], colour, round(width * FINE), "curve")

    def text(said: str, x: float, y: float, anchor: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> None:
        drawing.text((x * FINE, y * FINE), said, INK, font, anchor)

    for y, label in panel.y_ticks:
        line(((0, y), (1, y)), GRID)
        text(label, LEFT - 10, BOTTOM - y * (BOTTOM - TOP), "rm", small)
    for x, label in panel.x_ticks:
        if 0 <= x <= 1:
            line(((x, 0), (x, 1)), GRID)
            text(label, LEFT + x * (RIGHT - LEFT), BOTTOM + 8, "mt", small)
    for x in panel.scenes:
        line(((x, 0), (x, 1)), SCENE, 2)
    for points in panel.lines:
        line(points, LINE, 2)
    text(panel.title.replace("²", "^2"), LEFT, TOP - 14, "ls", large)  # which the font lacks
    text("frame", RIGHT, HEIGHT - 4, "rs", small)
    return picture
