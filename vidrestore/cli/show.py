"""Shows reports and tables: words on stderr, or one JSON object on stdout."""

import json
import sys
from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING

from ..base.text import visible
from ..restoration.report import Report
from .options import Shell

if TYPE_CHECKING:
    from rich.table import Column, Table


def say(text: str) -> None:
    """One line to the user, on stderr."""
    print(f"{visible(text)}\n", end="", file=sys.stderr)  # at once: files may be in several threads


def tell(text: str) -> None:
    """One line of a result, on stdout."""
    print(visible(text))


def table(header: Iterable["str | Column"], rows: Iterable[Iterable[str]], *, title: str | None = None) -> "Table":
    """What `tell_tables` prints."""
    from rich.table import Table

    made = Table(*header, box=None, title=title, title_justify="left")
    for row in rows:
        made.add_row(*map(visible, row))
    return made


def tell_tables(*tables: "Table", caption: str = "") -> None:
    """Tables whose cells are text as it is, not rich's markup, on stdout, and a line below them."""
    from rich.console import Console

    console = Console(markup=False, emoji=False, highlight=False)
    console.print(*tables, *filter(None, (visible(caption),)), sep="\n")


def say_table(table: "Table", caption: str) -> None:
    """As `tell_tables`, on stderr: a summary, and no result."""
    from rich.console import Console

    Console(stderr=True, markup=False, emoji=False, highlight=False).print(table, visible(caption), sep="\n")


def report(report: Report, shell: Shell, **more: object) -> None:
    """What a run did; `more` goes into the JSON object too."""
    if shell.as_json:
        print(json.dumps(asdict(report) | more))
    summary(report, shell)


def summary(report: Report, shell: Shell) -> None:
    """What a run did, in words: with --json its warnings, with -q nothing."""
    if shell.quiet:
        return
    for warning in report.warnings:
        say(f"note: {warning}")
    if shell.as_json:
        return
    network = f"; {report.model} on {report.engine} ({report.precision})" if report.model else ""
    codec = f", {report.codec}" if report.codec else ""
    frames = "1 frame" if report.frames_out == 1 else f"{report.frames_out} frames"
    frames += f" ({report.resumed} of them of the interrupted run)" if report.resumed else ""
    say(
        f"{report.output}: {frames} {report.width}x{report.height}, {report.duration_out:.3f} s{codec}{network}, "
        f"{report.fps:.1f} fps"
    )
    if blur := report.blur:
        kept = f"; {blur.untouched} of {len(blur.per_frame)} left as they were" if blur.untouched else ""
        say(f"  blur {blur.before:.3f} before, {blur.after:.3f} after{kept}")
    if confidence := report.confidence:
        say(f"  confidence {confidence.mean:.3f}, least {confidence.least:.3f}")
    if shell.verbose:
        for name, seconds in report.stages.items():
            say(f"  {name:10} {seconds:8.2f} s busy")
        for key in ("frames_in", "duration_in", "seconds", "device", "tile", "cuts", "damaged", "repaired"):
            say(f"  {key:10} {getattr(report, key)}")
