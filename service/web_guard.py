"""What every request passes through: the log, the limit of its body, and the headers of its answer."""

import asyncio
import secrets
import time
from collections.abc import Mapping
from types import MappingProxyType

import structlog
from fastapi import HTTPException
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service import logs
from service.web_problems import RETRY_SECONDS, SAFE_HEADERS, problem

HEAD = "posterity.head"  # in the scope of a request that wants no body
_OFTEN = ("/health/live", "/health/ready", "/metrics")
_API = "/api/v1"
_TOO_LARGE = "the body is larger than {} bytes"

_log = logs.get("web")


class Headless:
    """Answers HEAD as it would GET, without the body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a HEAD on as a GET."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        got = {**scope, "method": "GET", HEAD: True}
        try:
            await self._app(got, receive, send_head)
        finally:
            scope["route"] = got.get("route")  # for the log


class SafeHeaders:
    """Adds the headers that keep a browser from doing what no page of ours needs."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add those that the answer does not state itself."""

        async def send_safe(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SAFE_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_safe)


class BodyLimit:
    """Refuses bodies that are too large, as they announce themselves or while they come.

    Parameters
    ----------
    most
        Bytes.
    more
        Bytes that some paths may take instead.
    """

    def __init__(self, app: ASGIApp, *, most: int, more: Mapping[str, int] = MappingProxyType({})) -> None:
        self._app, self._most, self._more = app, most, more

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count what comes."""
        most = self._more.get(scope.get("path", ""), self._most)
        announced = Headers(scope=scope).get("content-length", "") if scope["type"] == "http" else ""
        if announced.isdecimal() and (len(announced) > 18 or int(announced) > most):
            refusal = problem(413, _TOO_LARGE.format(most), headers={"Connection": "close"})
            await refusal(scope, receive, send)
            return
        come = 0

        async def count() -> Message:
            nonlocal come
            message = await receive()
            come += len(message.get("body", b""))
            if come > most:
                raise HTTPException(413, _TOO_LARGE.format(most), {"Connection": "close"})
            return message

        await self._app(scope, count, send)


class CutShort:
    """Answers a request that is cut short because the process is to end."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Say so, if nothing has been said yet."""
        begun = False

        async def send_noting(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, send_noting)
        except asyncio.CancelledError:
            if not begun:
                again = {"Retry-After": str(RETRY_SECONDS)}
                await problem(503, "the service is stopping; try again later", headers=again)(
                    scope, receive, send
                )


class AccessLog:
    """Logs each request by its route, never by its path: a path may hold a reader's token or address."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Log a request when it has been answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, began = 500, time.perf_counter()

        async def send_noting(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        with structlog.contextvars.bound_contextvars(request=secrets.token_hex(6)):
            try:
                await self._app(scope, receive, send_noting)
            finally:
                _note(scope, status, time.perf_counter() - began)


def _note(scope: Scope, status: int, seconds: float) -> None:
    route = _route(scope)
    say = _log.debug if route in _OFTEN and status < 500 else _log.info
    say("request", method=scope["method"][:20], route=route, status=status, seconds=round(seconds, 4))


def _route(scope: Scope) -> str | None:
    """Name a route by its whole path: one of the API knows only what comes after the API's own."""
    own: str | None = getattr(scope.get("route"), "path", None)
    if own is None or own.startswith(_API) or not scope["path"].startswith(_API):
        return own
    return f"{_API}{own}"
