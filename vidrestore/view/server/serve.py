"""serve(): runs the server on this machine alone until the program is asked to stop."""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from ...base import stop
from ...errors import UsageError
from .offered import Offered

ADDRESS = "127.0.0.1"


def serve(folder: Path, *, port: int, ready: Callable[[str], None]) -> None:
    """Serve the page for the files of a folder.

    Args:
        port: 0 takes one that is free.
        ready: gets the page's address, which holds the token.

    Raises:
        UsageError: the packages of the extra are missing, the folder is none, or the port is taken.
        KeyboardInterrupt: the program was asked to stop.
    """
    try:
        from .app import Server
        from .web import run
    except ModuleNotFoundError as error:
        raise UsageError(f"the page needs {error.name}; install it with: pip install 'vidrestore[ui]'") from None
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder; give the folder of your videos")
    with TemporaryDirectory(prefix="vidrestore-ui-") as pages, _bound(port) as bound:
        token, there = secrets.token_urlsafe(24), bound.getsockname()[1]
        server = Server(Offered(folder.resolve()), Path(pages), token=token, port=there)
        ready(f"http://{ADDRESS}:{there}/?token={token}")
        asyncio.run(run(server.app, bound))
    stop.check()


def _bound(port: int) -> socket.socket:
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((ADDRESS, port))
        found.listen()  # so that a browser that is faster than the server waits
    except OSError as error:
        found.close()
        raise UsageError(f"--port {port}: {error.strerror}; give another, or 0 for any that is free") from None
    return found
