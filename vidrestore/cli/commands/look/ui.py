"""vidrestore ui: the page to work with."""

from pathlib import Path
from typing import Annotated

import typer

from ... import show
from ...errors import shows_errors

PORT = 0
HIGHEST = 65535


@shows_errors
def ui(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="The page sees the files in here and nothing else.")
    ] = Path(),
    port: Annotated[
        int, typer.Option(min=0, max=HIGHEST, help="Of this machine.", show_default="any that is free")
    ] = PORT,
    no_open: Annotated[bool, typer.Option("--no-open", help="Do not open the browser; only say the address.")] = False,
) -> None:
    """Work in the browser: look at files, try settings, restore one after the other, compare.

    On this machine alone (127.0.0.1), with a token in the address. Ctrl-C ends it; jobs go on at the next start.

    Example: vidrestore ui films/
    """
    from ....view.server.serve import serve

    def ready(address: str) -> None:
        show.say("Ctrl-C ends this; what is not done then goes on at the next start.")
        show.tell(address)
        if not no_open:
            import webbrowser

            webbrowser.open(address)

    try:
        serve(folder, port=port, ready=ready)
    except KeyboardInterrupt:
        raise KeyboardInterrupt("jobs go on at the next start") from None
