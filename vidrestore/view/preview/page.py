"""The preview as one HTML page that needs nothing else."""

import base64
from collections.abc import Sequence
from fractions import Fraction
from html import escape
from io import BytesIO
from pathlib import Path
from string import Template

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...base.text import visible
from ..parts import part
from .amounts import clock, megabytes
from .moments import Moment
from .setting import Tried

QUALITY = 95
BEFORE = "before"
Rgb8 = NDArray[np.uint8]


def html_page(
    title: str, facts: str, moments: Sequence[Moment], before: Sequence[Rgb8], tried: Sequence[Tried], aspect: Fraction
) -> str:
    """The page.

    Args:
        facts: what the source is, in one line.
        before: the picture of each moment as it is.
        aspect: width over height, as the video is shown.
    """
    template = Template((Path(__file__).parent / "page.html").read_text(encoding="utf-8"))
    figures = [
        _figure(moment, [before[number], *(each.pictures[number] for each in tried)], tried, aspect)
        for number, moment in enumerate(moments)
    ]
    return template.substitute(
        title=_text(title),
        facts=_text(facts),
        style=part("look.css"),
        script=part("wipe.js"),
        quality=QUALITY,
        settings="\n".join(map(_setting, tried)),
        moments="\n".join(figures),
    )


def _text(text: str) -> str:
    return escape(visible(text))


def _setting(tried: Tried) -> str:
    forecast = tried.forecast
    parts = [f"{tried.width}x{tried.height}", tried.model]
    if forecast.seconds is not None:
        parts.append(f"about {clock(forecast.seconds)} for the whole")
    parts.append(f"{1 / forecast.seconds_per_frame:.2f} frames a second" if forecast.seconds_per_frame else "")
    if forecast.size is not None:
        parts.append(f"about {megabytes(forecast.size)}")
    notes = "".join(f'<p class="soft">Note: {_text(note)}</p>' for note in tried.warnings)
    return (
        f'<div class="card"><strong>{_text(tried.setting.name)}</strong>'
        f'<p class="soft">{_text(", ".join(filter(None, parts)))}</p>'
        f'<div class="command"><code>{escape(tried.setting.command)}</code>'
        f'<button class="copy">Copy</button></div>{notes}</div>'
    )


def _figure(moment: Moment, pictures: Sequence[Rgb8], tried: Sequence[Tried], aspect: Fraction) -> str:
    names = [BEFORE, *(each.setting.name for each in tried)]
    layers = "".join(
        f'<div class="layer" data-name="{number}"><img alt="{_text(name)}" src="{_webp(rgb)}"></div>'
        for number, (name, rgb) in enumerate(zip(names, pictures, strict=True))
    )
    return (
        f'<figure tabindex="0"><figcaption>{_text(f"{float(moment.time):.2f} s: {moment.why}")}</figcaption>'
        f'<div class="wipe"><div class="plane" style="aspect-ratio: {float(aspect):.5f}">{layers}</div>'
        '<div class="edge"></div><span class="tag left"></span><span class="tag right"></span></div>'
        f'<div class="controls">{_choice("left", names, 0)}'
        '<input type="range" min="0" max="100" step="0.1" value="50" aria-label="wipe">'
        f"{_choice('right', names, 1)}"
        '<button class="zoom" data-by="1.5" aria-label="zoom in">+</button>'
        '<button class="zoom" data-by="0.6667" aria-label="zoom out">-</button><span class="zoomed soft"></span>'
        "</div></figure>"
    )


def _choice(side: str, names: Sequence[str], chosen: int) -> str:
    options = "".join(
        f'<option value="{number}"{" selected" if number == chosen else ""}>{_text(name)}</option>'
        for number, name in enumerate(names)
    )
    return f'<select class="{side}" aria-label="{side}">{options}</select>'


def _webp(rgb: Rgb8) -> str:
    file = BytesIO()
    Image.fromarray(rgb).save(file, "WEBP", quality=QUALITY)
    return f"data:image/webp;base64,{base64.b64encode(file.getvalue()).decode()}"
