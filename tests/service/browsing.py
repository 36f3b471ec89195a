"""Asking the web application, without a server in between."""

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import Any

import httpx
from fastapi import FastAPI

from service import keys
from service.composition import Service
from service.web import create_app
from storage.keys import Scope

HERE = ("127.0.0.1", 50_000)
AFAR = ("203.0.113.7", 50_000)


class Browser:
    """Sends requests to an application, from this machine unless it is told otherwise."""

    def __init__(
        self, app: FastAPI, *, client: tuple[str, int] = HERE, url: str = "http://127.0.0.1:8000"
    ) -> None:
        self.app, self.client, self.url = app, client, url

    def asks(self, method: str, path: str, **options: Any) -> httpx.Response:
        return asyncio.run(self._ask(method, path, options))

    async def _ask(self, method: str, path: str, options: Mapping[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False, client=self.client)
        async with httpx.AsyncClient(transport=transport, base_url=self.url) as client:
            return await client.request(method, path, **options)

    def gets(self, path: str, **options: Any) -> httpx.Response:
        return self.asks("GET", path, **options)

    def posts(self, path: str, **options: Any) -> httpx.Response:
        return self.asks("POST", path, **options)


_built: deque[tuple[Service, bool, FastAPI]] = deque(maxlen=8)


def application(service: Service, *, local: bool) -> FastAPI:
    """The application of a service, built once, as in a real process: it takes a third of a second."""
    for known, near_only, app in _built:
        if known is service and near_only == local:
            return app
    _built.append((service, local, create_app(service, local=local)))
    return _built[-1][-1]


def near(service: Service) -> Browser:
    """A browser on the machine of a service that listens there only."""
    return Browser(application(service, local=True))


def afar(service: Service) -> Browser:
    """A browser somewhere, of a service that listens everywhere."""
    return Browser(application(service, local=False), client=AFAR, url="https://forecasts.example.org")


def bearer(service: Service, scope: Scope, name: str | None = None) -> dict[str, str]:
    """The header that presents a new key."""
    return {"Authorization": f"Bearer {keys.create(service, name or f'a-{scope}', scope)}"}


def problem(response: httpx.Response, status: int) -> Any:
    """The document of a request that failed, which must be one as RFC 9457 has it."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    document = response.json()
    assert (document["status"], document["type"]) == (status, "about:blank")
    assert document["title"]
    return document
