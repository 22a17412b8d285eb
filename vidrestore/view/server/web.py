"""Web: uvicorn, whose stop signals are heard by stop.py."""

import asyncio
import socket
from collections.abc import Generator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from ...base import stop

LOOK = 0.2
"""Seconds between looks whether a stop was asked for."""


class Web(uvicorn.Server):
    """A server that leaves signals alone."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


async def run(app: ASGIApp, bound: socket.socket) -> None:
    """Answer what comes to a socket until the program is asked to stop."""
    # The token is in the addresses, and would be in a log of them.
    config = uvicorn.Config(app, access_log=False, log_level="error", timeout_graceful_shutdown=3)
    server = Web(config)
    serving = asyncio.create_task(server.serve([bound]))
    while not serving.done() and not stop.asked():
        await asyncio.wait([serving], timeout=LOOK)
    server.should_exit = True
    await serving
