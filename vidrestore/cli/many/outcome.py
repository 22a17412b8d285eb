"""What became of each of many files, as words, a table or JSON."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ...base.text import visible
from .. import show
from ..options import Shell
from .inputs import Work


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file."""

    work: Work
    status: Literal["done", "done before", "planned", "failed"]
    facts: dict[str, Any] = field(default_factory=dict)
    """Its report, or plan."""
    exit_code: int = 0
    """What the command would have ended with, had it been the only one."""
    error: str = ""

    def as_json(self) -> dict[str, Any]:
        """As --json gives it."""
        paths = {"input": str(self.work.source), "output": str(self.work.target)}
        said = {"status": self.status, "exit_code": self.exit_code} | ({"error": self.error} if self.error else {})
        return paths | self.facts | said


def tell(outcomes: Sequence[Outcome], passed_over: Sequence[Path], folder: Path, shell: Shell) -> None:
    """All of them: one JSON object on stdout, or a table on stderr, but with -q nothing."""
    failed = sum(each.status == "failed" for each in outcomes)
    if shell.as_json:
        files = [each.as_json() for each in outcomes]
        print(json.dumps({"files": files, "failed": failed, "passed_over": [str(path) for path in passed_over]}))
    elif not shell.quiet:
        from rich.table import Column

        counts = Counter(each.status for each in outcomes)
        caption = ", ".join(f"{number} {status}" for status, number in counts.items())
        rows = (_row(each, folder) for each in outcomes)
        names = Column("input", overflow="fold"), Column(f"in {visible(folder)}", overflow="fold")
        show.say_table(show.table((names[0], "", "frames", "seconds", names[1]), rows), caption)


def _row(outcome: Outcome, folder: Path) -> list[str]:
    frames = outcome.facts.get("frames_out", outcome.facts.get("frames"))
    seconds = outcome.facts.get("seconds")
    status = f"{outcome.status}, exit code {outcome.exit_code}" if outcome.exit_code else outcome.status
    return [
        str(outcome.work.source),
        status,
        "" if frames is None else str(frames),
        f"{seconds:.1f}" if isinstance(seconds, (int, float)) else "",
        "" if outcome.status == "failed" else str(outcome.work.target.relative_to(folder)),
    ]
