"""The server's answers: pages, files, previews and jobs."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from ... import __version__
from ...base.files import new_part, put_in_place
from ...base.schema import read_json
from ...errors import UsageError, VidrestoreError
from ..preview.amounts import clock
from ..words import command_line
from . import calls, stills
from .access import Guard
from .jobs import Queue
from .offered import Offered
from .page import page
from .wanted import Wanted

T = TypeVar("T")
BODY = 1 << 16
"""Bytes that a question of the page holds at most."""
GONE = 0.5
"""Seconds between looks whether the page still waits."""
Answer = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the page asks about a file."""

    path: str
    wanted: Wanted = Wanted()  # noqa: RUF009 - frozen
    at: float = 0.0
    reference: str = ""


class Server:
    """All answers; `app` is what a web server runs."""

    def __init__(self, offered: Offered, pages: Path, *, token: str, port: int) -> None:
        self._offered, self._pages = offered, pages
        self._queue = Queue(offered)
        self._token = token
        gets = {
            "/": self._page,
            "/api/files": self._files,
            "/api/jobs": self._jobs,
            "/api/file": self._file,
            "/api/still": self._still,
            "/api/page/{key}": self._made,
        }
        posts = {
            "/api/info": self._info,
            "/api/timeline": self._timeline,
            "/api/cuts": self._cuts,
            "/api/command": self._command,
            "/api/preview": self._preview,
            "/api/metrics": self._metrics,
            "/api/jobs": self._add,
            "/api/jobs/{key}/{what}": self._change,
        }
        self.app = Starlette(
            routes=[
                *(Route(path, _said(answer)) for path, answer in gets.items()),
                *(Route(path, _said(answer), methods=["POST"]) for path, answer in posts.items()),
                Route("/api/drop", _said(self._drop), methods=["PUT"]),
            ],
            middleware=[Middleware(Guard, token=token, port=port)],
            lifespan=self._working,
        )

    @asynccontextmanager
    async def _working(self, _: Starlette) -> AsyncIterator[None]:
        work = asyncio.create_task(self._queue.work())
        yield
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work

    async def _page(self, _: Request) -> Response:
        nonce = secrets.token_urlsafe(16)
        policy = (
            f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; "
            "img-src 'self' data:; media-src 'self'; connect-src 'self'; frame-src 'self'; base-uri 'none'; "
            "form-action 'none'; frame-ancestors 'none'"
        )
        text = page(nonce=nonce, folder=str(self._offered.root), version=__version__)
        return HTMLResponse(text, headers={"content-security-policy": policy})

    async def _files(self, request: Request) -> Response:
        folder = request.query_params.get("folder", "")
        return JSONResponse({"folder": folder, "entries": [asdict(each) for each in self._offered.entries(folder)]})

    async def _jobs(self, _: Request) -> Response:
        return JSONResponse({"jobs": self._queue.shown()})

    async def _file(self, request: Request) -> Response:
        path = self._offered.source(request.query_params.get("path", ""))
        if not path.is_file():
            raise UsageError("only files are played")
        return FileResponse(path)

    async def _still(self, request: Request) -> Response:
        path = self._offered.source(request.query_params.get("path", ""))
        try:
            at = min(max(0.0, float(request.query_params.get("at", "0"))), 1e7)
        except ValueError:
            raise UsageError("a moment is a number of seconds") from None
        return Response(await run_in_threadpool(stills.still, path, at), media_type="image/webp")

    async def _info(self, request: Request) -> Response:
        path = self._offered.source((await _asked(request)).path)
        return JSONResponse(await _while_there(request, calls.answer("info", str(path), "--json")))

    async def _timeline(self, request: Request) -> Response:
        path = self._offered.source((await _asked(request)).path)
        return JSONResponse(await run_in_threadpool(stills.timeline, path))

    async def _cuts(self, request: Request) -> Response:
        path = self._offered.source((await _asked(request)).path)
        found = await _while_there(request, calls.answer("split-scenes", str(path), "--list-only", "--json", "-q"))
        return JSONResponse({"cuts": [scene["start"] for scene in found["scenes"][1:]]})

    async def _command(self, request: Request) -> Response:
        asked = await _asked(request)
        path = Path(self._offered.word(self._offered.source(asked.path)))
        return JSONResponse({"command": command_line("restore", path, asked.wanted.words())})

    async def _preview(self, request: Request) -> Response:
        asked = await _asked(request)
        path, made = self._offered.source(asked.path), self._new_page()
        words = ["preview", str(path), "--at", f"{max(0.0, asked.at):.3f}", *asked.wanted.words()]
        found = await _while_there(request, calls.answer(*words, "--output", str(made), "--json", "-q"))
        (setting,) = found["settings"]
        seconds = setting["seconds"]
        time = None if seconds is None else clock(seconds)
        return JSONResponse({"page": made.stem, "time": time, "size": setting["size"], "model": setting["model"]})

    async def _metrics(self, request: Request) -> Response:
        asked = await _asked(request)
        result, reference = (self._offered.source(text) for text in (asked.path, asked.reference))
        made = self._new_page()
        words = ["metrics", str(reference), str(result), "--report", str(made), "--json", "-q"]
        found = await _while_there(request, calls.answer(*words))
        return JSONResponse({"page": made.stem, "frames": found["frames"], "metrics": found["metrics"]})

    def _new_page(self) -> Path:
        return self._pages / f"{secrets.token_hex(8)}.html"

    async def _made(self, request: Request) -> Response:
        """A page that a command wrote: it runs by itself, and may do nothing in the name of this one."""
        key = request.path_params["key"]
        if not (key.isalnum() and (path := self._pages / f"{key}.html").is_file()):
            raise UsageError("there is no such page any more")
        policy = (
            "sandbox allow-scripts; default-src 'none'; img-src data:; "
            "style-src 'unsafe-inline'; script-src 'unsafe-inline'"
        )
        return FileResponse(path, media_type="text/html", headers={"content-security-policy": policy})

    async def _add(self, request: Request) -> Response:
        asked = await _asked(request)
        return JSONResponse({"key": self._queue.add(asked.path, asked.wanted).key})

    async def _change(self, request: Request) -> Response:
        changes = {
            "pause": self._queue.pause,
            "go-on": self._queue.go_on,
            "cancel": self._queue.cancel,
            "forget": self._queue.forget,
        }
        what = request.path_params["what"]
        if what not in changes:
            raise UsageError("jobs can pause, go-on, cancel and forget")
        changes[what](request.path_params["key"])
        return JSONResponse({})

    async def _drop(self, request: Request) -> Response:
        """A file that was dropped on the page: copied into the folder, whole or not at all."""
        path = self._offered.new_name(request.query_params.get("name", ""))
        part = new_part(path)
        try:
            with part.open("wb") as file:
                async for chunk in request.stream():
                    await run_in_threadpool(file.write, chunk)
            put_in_place(part, path, overwrite=False)
        finally:
            part.unlink(missing_ok=True)
        return JSONResponse({"path": self._offered.word(path)})


async def _asked(request: Request) -> Asked:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY:
            raise UsageError("the question is too long")
    try:
        return read_json(Asked, body)
    except ValueError as error:
        raise UsageError(f"the question makes no sense: {error}") from None


async def _while_there(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """What a command says; it is stopped where the page does not wait for it any more. The question has been read."""
    task = asyncio.create_task(work)
    while not task.done():
        await asyncio.wait([task], timeout=GONE)
        if await request.is_disconnected():
            task.cancel()
    if task.cancelled():
        raise VidrestoreError("nobody waits for the answer")
    return task.result()


def _said(answer: Answer) -> Answer:
    """Errors of the user as words for the page."""

    async def guarded(request: Request) -> Response:
        try:
            return await answer(request)
        except VidrestoreError as error:
            return JSONResponse({"error": str(error)}, 400)
        except OSError as error:
            return JSONResponse({"error": f"{error.strerror or error}"}, 400)

    return guarded
