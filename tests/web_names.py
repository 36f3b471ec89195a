"""An internet for tests: names that name servers know, and public addresses with sites of ours behind them.

What no machine has by itself is put in place of the system's: how names resolve, and where an address
leads. Sockets, TLS and HTTP are real.
"""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Self
from unittest.mock import patch

from ingest.web import exchange, transport
from tests.web_servers import Site

PUBLIC, ELSEWHERE = "93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"


class Internet:
    """What is out there; use it in a `with`.

    Parameters
    ----------
    names
        The addresses of each name: one list, or one for each time that it is asked for, whose last holds.
    leads
        The site behind each address; none answers behind others that are public.
    """

    def __init__(self, names: dict[str, list[str] | list[list[str]]], leads: dict[str, Site]) -> None:
        self.names, self.leads = names, leads
        self.resolved: list[str] = []
        self.reached: list[str] = []
        self.hush = threading.Event()  # the name servers say nothing until it is set
        self.hush.set()
        self._resolve, self._connect = socket.getaddrinfo, transport._connect
        self._patches: list[AbstractContextManager[object]] = [
            patch.object(socket, "getaddrinfo", self._found),
            patch.object(transport, "_connect", self._connected),
        ]

    def __enter__(self) -> Self:
        for one in self._patches:
            one.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.hush.set()
        for one in self._patches:
            one.__exit__(None, None, None)

    def _found(self, host: str, port: int, **more: Any) -> list[Any]:
        self.hush.wait()
        if host not in self.names:
            return self._resolve(host, port, flags=socket.AI_NUMERICHOST, **more)
        known = self.names[host]
        turn = self.resolved.count(host)
        self.resolved.append(host)
        now = known[min(turn, len(known) - 1)] if known and isinstance(known[0], list) else known
        return [one for address in now for one in self._resolve(str(address), port, **more)]

    def _connected(self, family: socket.AddressFamily, address: Any, seconds: float) -> socket.socket:
        self.reached.append(address[0])
        site = self.leads.get(address[0])
        if site is None:
            raise ConnectionRefusedError(111, "Connection refused")
        del family
        return self._connect(socket.AF_INET, (site.host, site.port), seconds)


@contextmanager
def trusting(certificate: Path) -> Iterator[None]:
    """Trust a certificate, as who runs the service would tell it to."""
    exchange._trust.cache_clear()
    try:
        with patch.dict(os.environ, {"SSL_CERT_FILE": str(certificate)}):
            yield
    finally:
        exchange._trust.cache_clear()
