"""Style and script that the preview and the page to work with share."""

from pathlib import Path


def part(name: str) -> str:
    """The text of a file in here."""
    return (Path(__file__).parent / name).read_text(encoding="utf-8")
