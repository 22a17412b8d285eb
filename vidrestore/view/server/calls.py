"""Runs commands of ours as processes of their own: what a file does to one does not touch the server."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from ...errors import InputError, VidrestoreError

DONE, SAVED = 0, InputError.exit_code
"""Exit codes; with SAVED what there was of a damaged file has been saved where there is a report."""
LINE = 1 << 20
"""Bytes of one line of a command's messages."""


def program(words: Sequence[str]) -> list[str]:
    """The same program as this one, with other words."""
    return [sys.executable, "-m", "vidrestore", *words]


async def answer(*words: str) -> dict[str, Any]:
    """What a command says with --json.

    Raises:
        VidrestoreError: what it says on failing, in its own words.
    """
    process = await asyncio.create_subprocess_exec(
        *program(words),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        process_group=0,  # Ctrl-C is for the server, which then asks once
    )
    try:
        out, said = await process.communicate()
    finally:
        if process.returncode is None:  # nobody waits for it any more
            stop(process)
    text = said.decode(errors="replace").strip()
    try:
        found = json.loads(out) if out.strip() else {}
    except ValueError:
        found = {}
    if process.returncode not in (DONE, SAVED) or not found:
        raise VidrestoreError(last_line(text) or f"{words[0]} ended with {process.returncode}")
    assert isinstance(found, dict)
    return found


async def follow(
    words: Sequence[str], begun: Callable[[asyncio.subprocess.Process], None], tell: Callable[[dict[str, Any]], None]
) -> tuple[int, dict[str, Any], str]:
    """Run a command with --progress json --json.

    Args:
        begun: gets the process, so that it can be stopped.
        tell: gets each progress.

    Returns:
        The exit code, the report, and the last line that was said.
    """
    process = await asyncio.create_subprocess_exec(
        *program(words),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        process_group=0,  # Ctrl-C is for the server, which then asks once
        limit=LINE,
    )
    begun(process)
    assert process.stdout is not None and process.stderr is not None
    reading = asyncio.create_task(process.stdout.read())
    said = ""
    try:
        async for raw in process.stderr:
            line = raw.decode(errors="replace").strip()
            found = _event(line)
            if found is not None:
                tell(found)
            elif line:
                said = line
        out = await reading
        code = await process.wait()
    except asyncio.CancelledError:
        stop(process)
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), 20)
        raise
    with suppress(ValueError):
        report = json.loads(out)
        return code, report if isinstance(report, dict) else {}, last_line(said)
    return code, {}, last_line(said)


def stop(process: asyncio.subprocess.Process) -> None:
    """Ask it to stop, as Ctrl-C does: what can be resumed is kept."""
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)


def last_line(text: str) -> str:
    """Of messages, without the program's name."""
    lines = text.splitlines()
    return lines[-1].removeprefix("vidrestore: ") if lines else ""


def _event(line: str) -> dict[str, Any] | None:
    if not line.startswith("{"):
        return None
    with suppress(ValueError):
        found = json.loads(line)
        if isinstance(found, dict) and found.get("event") == "progress":
            return found
    return None
