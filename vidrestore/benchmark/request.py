"""Checks what a benchmark is asked for, before anything heavy is loaded."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..errors import UsageError

GROUPS = (
    "decode",
    "colour",
    "networks",
    "local-conv",
    "metrics",
    "encode",
    "pipeline",
    "start",
    "interpolation",
    "peers",
)


def check_groups(groups: Sequence[str]) -> None:
    """UsageError: a group there is not."""
    for group in groups:
        if group not in GROUPS:
            raise UsageError(f"nothing called {group!r} is measured; there are {', '.join(GROUPS)}")


def earlier_figures(path: Path) -> Mapping[str, float]:
    """What an earlier run measured, by `Row.key`.

    Raises:
        UsageError: not a file that --json made.
    """
    try:
        rows = json.loads(path.read_text())["rows"]
        return {f"{row['group']}: {row['name']}": float(row["value"]) for row in rows}
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise UsageError(f"--compare {path}: not what `benchmark --json` writes ({error})") from None
