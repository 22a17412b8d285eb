"""Guard: who may speak with the server. Nobody but a page that was opened with the token, from this machine."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

HOSTS = ("127.0.0.1", "localhost")
SECURE = {
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
"""Headers of every answer; the address holds the token, and must reach no other page."""


class Guard:
    """Answers 403 to requests without the token, for another host (DNS rebinding), or from another origin."""

    def __init__(self, app: ASGIApp, *, token: str, port: int) -> None:
        self._app, self._token = app, token
        self._hosts = {f"{host}:{port}" for host in HOSTS}
        self._origins = {f"http://{host}" for host in self._hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        from starlette.datastructures import MutableHeaders
        from starlette.requests import Request
        from starlette.responses import PlainTextResponse

        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        refusal = self._refusal(Request(scope))

        async def secured(message: dict[str, object]) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURE.items():
                    headers.setdefault(name, value)
            await send(message)

        answer = PlainTextResponse(refusal, 403) if refusal else self._app
        await answer(scope, receive, secured)  # type: ignore[arg-type]

    def _refusal(self, request: Request) -> str:
        """Why a request is refused; empty where it is not."""
        if request.headers.get("host", "") not in self._hosts:
            return "another host: open the address that `vidrestore ui` said"
        if request.headers.get("origin") not in {None, *self._origins}:
            return "another origin"
        given = request.headers.get("x-token") or request.query_params.get("token") or ""
        if not secrets.compare_digest(given.encode(), self._token.encode()):
            return "no token, or another: open the address that `vidrestore ui` said"
        return ""


if TYPE_CHECKING:
    from starlette.requests import Request
