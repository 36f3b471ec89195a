"""The server's process: where it listens, who it lets in there, and how it ends."""

import gc
import os
import signal
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import Any

import uvicorn
from fastapi import FastAPI

from model.errors import Unavailable, UsageError
from service import keys, logs
from service.composition import Service
from service.web import create_app
from service.web_access import is_loopback

_GRACE = 3  # seconds that requests have to end, once the process was told to
_PATIENCE = 6.0  # seconds after which it ends whatever hangs
_BACKLOG = 2048

type Address = tuple[socket.AddressFamily, tuple[Any, ...]]

_log = logs.get("web")


def serve(service: Service, *, host: str | None = None, port: int | None = None, log: str = "auto") -> None:
    """Listen and answer until told to stop.

    Parameters
    ----------
    host, port
        Where; by default as ``[serve]`` says. Port 0 is any that is free.
    log
        The form of its logs.

    Raises
    ------
    UsageError
        Others can reach the address, and there is no key; or logs have no such form.
    Unavailable
        It cannot be listened on.
    """
    configured = service.configuration.serve
    addresses = _addresses(host or configured.host, configured.port if port is None else port)
    local = all(is_loopback(str(address[0])) for _, address in addresses)
    if not local:
        _insist_on_keys(service, host or configured.host)
    with _listening(addresses) as sockets:
        logs.configure(log)
        _run(create_app(service, local=local), sockets)


def _run(app: FastAPI, sockets: list[socket.socket]) -> None:
    server = _Server(
        uvicorn.Config(
            app,
            loop="asyncio",
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,  # it would show paths, and with them the readers' tokens
            server_header=False,
            proxy_headers=False,
            workers=1,
            timeout_graceful_shutdown=_GRACE,
        )
    )
    gc.collect()
    gc.freeze()  # what lives as long as the process is not looked through again while somebody waits
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, server.handle_exit)  # also once the server has stopped and raises them again
    server.run(sockets)
    _log.info("stopped")


class _Server(uvicorn.Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Say where it listens, once it does."""
        await super().startup(sockets)
        _log.info("serving", at=[_url(one) for one in sockets or []])

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End soon, whatever hangs: a thread that waits for a database can not be told to stop."""
        super().handle_exit(sig, frame)
        last = threading.Timer(_PATIENCE, _give_up)
        last.daemon = True
        last.start()


def _give_up() -> None:
    _log.warning("stopped with requests unanswered: they did not end in time")
    os._exit(0)


def _insist_on_keys(service: Service, host: str) -> None:
    if not any(key.revoked_at is None for key in keys.keys(service)):
        raise UsageError(
            f"others can reach {host}, and there is no key yet by which to know who may read; make one with "
            "`posterity keys create NAME --scope read`, or listen on 127.0.0.1"
        )


def _addresses(host: str, port: int) -> list[Address]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "no name of a host"
        raise Unavailable(f"{host} cannot be listened on: {reason}; correct [serve] host") from None
    return list(dict.fromkeys((family, address) for family, _, _, _, address in found))


@contextmanager
def _listening(addresses: Sequence[Address]) -> Iterator[list[socket.socket]]:
    with ExitStack() as closing:
        yield [closing.enter_context(listener(family, address)) for family, address in addresses]


def listener(family: socket.AddressFamily, address: tuple[Any, ...]) -> socket.socket:
    """Make a socket that listens; what is sent over its connections waits for nothing.

    Raises
    ------
    Unavailable
        The address cannot be listened on.
    """
    try:
        listening = socket.create_server(address, family=family, backlog=_BACKLOG)
    except OSError as error:
        raise Unavailable(
            f"{address[0]} port {address[1]} cannot be listened on: {error.strerror}; end what listens "
            "there, or choose another with --port or [serve] port"
        ) from None
    # asyncio does so only where a socket says that it is of TCP, and this one's connections do not: a short
    # body then waited for the client to acknowledge the headers, which takes a kept connection 40 ms.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def _url(one: socket.socket) -> str:
    host, port = one.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
