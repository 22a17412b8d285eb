"""The HTML report: tables, charts, and the worst frames under a wipe."""

import base64
import json
from html import escape
from pathlib import Path
from string import Template

from ...base.text import visible
from ..compare.results import Comparison, Kept
from .chart import panels
from .difference import AMPLIFIED, difference, png
from .plot import svg
from .tables import Table, number, scene_table, shown, summary_table

VIEWS = ("reference", "result", "difference")


def html_report(comparison: Comparison) -> str:
    """The page. It needs nothing else: pictures are inside it, as PNG, and so are its style and script.

    Its pictures are those that `compare` was told to keep.
    """
    template = Template((Path(__file__).parent / "report.html").read_text(encoding="utf-8"))
    title = f"{Path(comparison.distorted).name} against {Path(comparison.reference).name}"
    return template.substitute(
        title=_text(title),
        facts=_text(_facts(comparison)),
        warnings="".join(f'<p class="facts">Note: {_text(line)}</p>' for line in comparison.warnings),
        table=_rows(summary_table(comparison)),
        scenes="<h2>Means of scenes</h2>" + _rows(scene_table(comparison)) if comparison.scenes else "",
        charts="\n".join(svg(panel) for panel in panels(comparison)),
        worst="\n".join(_figure(kept) for kept in comparison.kept) or "<p>No frame differs.</p>",
        scores=_scores(comparison),
    )


def _text(text: str) -> str:
    return escape(visible(text))


def _facts(comparison: Comparison) -> str:
    luma = {"planes": "the decoded planes", "rgb": "RGB (BT.601, as MATLAB's)"}[comparison.luma]
    paired = {"pts": "by time stamp", "index": "by number"}[comparison.aligned]
    parts = [
        f"{len(comparison.rows)} frames of {comparison.width}x{comparison.height}",
        f"paired {paired}, offset {comparison.offset}",
        f"border {comparison.border}",
        f"luma from {luma}",
        "codes of 8 bits",
    ]
    return ", ".join(parts)


def _rows(table: Table) -> str:
    def line(cells: list[str], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{_text(cell)}</{tag}>" for cell in cells) + "</tr>"

    return "<table>" + line(table[0], "th") + "".join(line(row, "td") for row in table[1:]) + "</table>"


def _figure(kept: Kept) -> str:
    pictures = (kept.reference, kept.distorted, difference(kept))
    images = "".join(
        f'<img alt="{view}" src="data:image/png;base64,{base64.b64encode(png(picture)).decode()}">'
        for view, picture in zip(VIEWS, pictures, strict=True)
    )
    row = kept.row
    values = ", ".join(f"{name} {shown(score)}" for name, score in row.scores.items())
    caption = f"Frame {row.frame}{f', {row.name}' if row.name else ''}, {row.time:.3f} s: {values}"
    return (
        f'<figure class="pair"><figcaption>{_text(caption)}</figcaption>'
        f'<div class="wipe">{images}<div class="edge"></div></div>'
        f'<div class="controls">{_choice("left", "reference")}'
        f'<input type="range" min="0" max="100" step="0.1" value="50" aria-label="wipe">{_choice("right", "result")}'
        f"</div><figcaption>The difference is amplified {AMPLIFIED} times.</figcaption></figure>"
    )


def _choice(side: str, chosen: str) -> str:
    options = "".join(f"<option{' selected' if view == chosen else ''}>{view}</option>" for view in VIEWS)
    return f'<select aria-label="{side}">{options}</select>'


def _scores(comparison: Comparison) -> str:
    data = {
        "frames": [row.frame for row in comparison.rows],
        "metrics": {metric: [number(row.scores[metric]) for row in comparison.rows] for metric in comparison.metrics},
    }
    return json.dumps(data, allow_nan=False)
