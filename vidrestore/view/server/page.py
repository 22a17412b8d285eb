"""The page to work with, put together from its parts."""

from html import escape
from pathlib import Path
from string import Template

from ...base.text import visible
from ..parts import part

SCRIPTS = ("server.js", "file.js", "jobs.js")
PARTS = Path(__file__).parent / "static"


def page(*, nonce: str, folder: str, version: str) -> str:
    """The page; its script asks the server for all else.

    Args:
        nonce: marks the script and the style that may run.
        folder: what is offered.
    """
    scripts = [part("wipe.js"), *((PARTS / name).read_text(encoding="utf-8") for name in SCRIPTS)]
    return Template((PARTS / "page.html").read_text(encoding="utf-8")).substitute(
        nonce=nonce,
        folder=escape(visible(folder)),
        version=escape(version),
        style=part("look.css") + (PARTS / "page.css").read_text(encoding="utf-8"),
        script="\n".join(scripts),
    )
