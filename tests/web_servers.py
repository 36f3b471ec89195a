"""Real web servers for tests, which answer as they are told and misbehave as they are told."""

import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Self

LOCALHOST = "127.0.0.1"
_PATIENCE = 30.0
_LARGEST_HEAD = 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A request that a site had.

    Parameters
    ----------
    target
        Path and query, as they came.
    headers
        By their names in lower case.
    connection
        On which it came, from 1.
    at
        When, on the monotonic clock.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    connection: int
    at: float

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


class Wire:
    """The server's end of a connection, for what misbehaves."""

    def __init__(self, made: socket.socket, closing: threading.Event) -> None:
        self.socket, self.closing = made, closing

    def send(self, content: bytes) -> None:
        self.socket.sendall(content)

    def wait(self, seconds: float = 3600.0) -> None:
        """Let time pass, but never after the site closes or the other side hangs up."""
        if self.closing.wait(seconds):
            raise ConnectionAbortedError

    def hang_up(self) -> None:
        """Close without a word, so that the other side sees its connection reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()


type Reply = tuple[int, Mapping[str, str], bytes]
type Misbehaviour = Callable[[Wire, Asked], None]
type Answer = Reply | Misbehaviour
type Route = Answer | list[Answer]


class Site:
    """A web server on a port of its own; use it in a `with`.

    Parameters
    ----------
    routes
        What it answers at each path: (status, headers, body), to which Content-Length is added; a
        misbehaviour of this module; a `replying` function; or a list of these, one for each request,
        whose last holds on. Other paths answer 404. The route ``"*"`` takes what has none.
    tls
        Its certificate (see `certificate`).
    host
        The address that it listens at.
    port
        0 for any that is free.
    """

    def __init__(
        self,
        routes: Mapping[str, Route] | None = None,
        *,
        tls: Path | None = None,
        host: str = LOCALHOST,
        port: int = 0,
    ) -> None:
        self.routes: dict[str, Route] = dict(routes or {})
        self.asked: list[Asked] = []
        self.connections = 0
        self.host, self.port = host, port
        self._secured = None if tls is None else _context(tls)
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listening: socket.socket | None = None

    def __enter__(self) -> Self:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        self._listening = socket.create_server((self.host, self.port), family=family, backlog=128)
        self.port = self._listening.getsockname()[1]
        self._start(self._accept, self._listening)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        del kind, error, trace
        self._closing.set()
        assert self._listening is not None
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        with self._lock:
            for one in self._open:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(_PATIENCE)

    def url(self, path: str = "/", *, name: str | None = None, login: str = "") -> str:
        """Write the URL of a path, by another name of this machine if one is given."""
        host = name or (f"[{self.host}]" if ":" in self.host else self.host)
        return f"http{'s' if self._secured else ''}://{login}{host}:{self.port}{path}"

    def paths(self) -> list[str]:
        """Say which paths were asked for, in order."""
        return [one.path for one in self.asked]

    def _start(self, does: Callable[..., None], *with_: object) -> None:
        thread = threading.Thread(target=does, args=with_, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listening: socket.socket) -> None:
        with suppress(OSError):  # closed by __exit__
            while True:
                made, _ = listening.accept()
                self.connections += 1
                self._start(self._serve, made, self.connections)

    def _serve(self, plain: socket.socket, number: int) -> None:
        with suppress(OSError), self._kept(plain):  # the other side went, or the site closes
            plain.settimeout(_PATIENCE)
            made = plain if self._secured is None else self._secured.wrap_socket(plain, server_side=True)
            with self._kept(made):
                asked = _read(made, number)
                if asked is None:
                    made.sendall(head(400))
                else:
                    self._answer(asked)(Wire(made, self._closing), asked)
                made.shutdown(socket.SHUT_WR)
                made.recv(1)  # until the other side has read it all and closes

    @contextmanager
    def _kept(self, made: socket.socket) -> Iterator[None]:
        """Let `__exit__` wake whoever waits for this connection."""
        with self._lock:
            self._open.add(made)
        try:
            yield
        finally:
            with self._lock:
                self._open.discard(made)
            made.close()

    def _answer(self, asked: Asked) -> Misbehaviour:
        with self._lock:
            self.asked.append(asked)
            before = sum(one.path == asked.path for one in self.asked) - 1
        route = self.routes.get(asked.path, self.routes.get("*", (404, {}, b"")))
        if isinstance(route, list):
            route = route[min(before, len(route) - 1)]
        return reply(*route) if isinstance(route, tuple) else route


def reply(status: int, headers: Mapping[str, str], body: bytes) -> Misbehaviour:
    """Answer as one should."""
    return raw(head(status, {"Content-Length": str(len(body)), **headers}) + body)


def replying(answer: Callable[[Asked], Reply]) -> Misbehaviour:
    """Answer as the request deserves."""
    return lambda wire, asked: reply(*answer(asked))(wire, asked)


def redirect(location: str, status: int = 302) -> Reply:
    """Send elsewhere."""
    return status, {"Location": location}, b""


def head(status: int = 200, headers: Mapping[str, str] | None = None) -> bytes:
    """Write what comes before a body."""
    phrase = HTTPStatus(status).phrase if status in HTTPStatus else "?"
    lines = [f"HTTP/1.1 {status} {phrase}", *(f"{name}: {text}" for name, text in (headers or {}).items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def raw(content: bytes) -> Misbehaviour:
    """Send these bytes, whatever they are."""
    return lambda wire, _: wire.send(content)


def stalling(content: bytes = b"") -> Misbehaviour:
    """Send these bytes, then nothing more, and never end."""

    def does(wire: Wire, _: Asked) -> None:
        wire.send(content)
        wire.wait()

    return does


def dribbling(content: bytes, *, first: bytes = b"", seconds: float = 0.05) -> Misbehaviour:
    """Send byte by byte with a pause after each, again and again from the start."""

    def does(wire: Wire, _: Asked) -> None:
        wire.send(first)
        while True:
            for byte in content:
                wire.send(bytes([byte]))
                wire.wait(seconds)

    return does


def endless(first: bytes, again: bytes) -> Misbehaviour:
    """Send something, then something else for ever, as fast as it is taken."""

    def does(wire: Wire, _: Asked) -> None:
        wire.send(first)
        while not wire.closing.is_set():
            wire.send(again)

    return does


def dropping(content: bytes = b"") -> Misbehaviour:
    """Send these bytes, then reset the connection."""

    def does(wire: Wire, _: Asked) -> None:
        wire.send(content)
        wire.hang_up()

    return does


def certificate(folder: Path, name: str = "localhost") -> Path:
    """Make a certificate of a host that nobody signed but itself; its key is in the same file.

    Who is to trust it is given ``SSL_CERT_FILE=<file>``.
    """
    key, path = folder / f"{name}.key", folder / f"{name}.pem"
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    names = ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"]
    uses = ["-addext", "keyUsage=critical,digitalSignature,keyCertSign"]
    files = ["-keyout", str(key), "-out", str(path)]
    subprocess.run(["openssl", "req", "-x509", *kind, *names, *uses, *files], check=True, capture_output=True)
    with path.open("ab") as both:
        both.write(key.read_bytes())
    return path


def _context(path: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def _read(made: socket.socket, number: int) -> Asked | None:
    """Read the head of a request; None where what comes is none."""
    received = b""
    while b"\r\n\r\n" not in received:
        part = made.recv(65_536)
        received += part
        if not part or not received[:1].isupper() or len(received) > _LARGEST_HEAD:
            return None
    first, *lines = received.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    pairs = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): text.strip() for name, _, text in pairs}
    return Asked(method=method, target=target, headers=headers, connection=number, at=time.monotonic())
