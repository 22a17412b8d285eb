"""Asked: what the words of a restoring command mean; `runs` makes the command that does it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..api.wish import Wish
from .errors import shows_errors
from .groups import grouped
from .many.run import run_files
from .options import Restoring

if TYPE_CHECKING:
    from ..restoration.stage import Stage


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A source, what is to be done with it, and where the result goes."""

    source: Path
    target: Path | None
    wish: Wish
    ending: str
    """What the name of a result gets where it is not said."""
    restoring: Restoring

    def stages_of(self, source: Path) -> "tuple[Stage, ...]":
        """What is done to a source; as `Wish.stages_of`."""
        follow = self.restoring.decoding.follow_references
        return self.wish.stages_of(source, settings=self.restoring.compute.settings(), follow_references=follow)


def runs(ask: Callable[..., Asked]) -> Callable[..., None]:
    """The command that does what is asked for, with the options and the help of `ask`."""

    @wraps(ask)
    def command(**words: Any) -> None:  # noqa: ANN401 - as typer calls it
        asked = ask(**words)
        run_files(asked.source, asked.target, asked.stages_of, asked.restoring, ending=asked.ending)

    return shows_errors(grouped(command))
