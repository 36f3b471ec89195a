"""Connections that lead only where they may, and that hold us no longer and no more than their limits."""

import socket
import ssl
import time
from collections.abc import Iterable
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

import httpcore

from ingest.web.addresses import is_public
from ingest.web.answers import Trouble

_HEAD = 192 * 1024  # bytes on the wire before the body; h11 bounds the headers themselves at 100 KiB
_MOST_ADDRESSES = 8
_LONGEST_TRY = 5.0  # seconds for an address that has another after it

type Address = tuple[Any, ...]  # what the system calls one, the host first
type Found = list[tuple[socket.AddressFamily, Address]]


class Limits:
    """What is left of the time and of the bytes, over all connections of one fetch."""

    def __init__(self, seconds: float, *, most: int) -> None:
        """Begin now.

        Parameters
        ----------
        most
            Bytes that a body may have.
        """
        self.seconds, self.most = seconds, most
        self.ended = False  # the other side has ended the connection
        self._deadline, self._bytes = time.monotonic() + seconds, _HEAD

    def rest(self) -> float:
        """Seconds that are left; 0 where none are."""
        return max(self._deadline - time.monotonic(), 0.0)

    def left(self) -> float:
        """Seconds that are left.

        Raises
        ------
        TimeoutError
            None are.
        """
        left = self.rest()
        if left == 0:
            raise TimeoutError
        return left

    def begin(self) -> None:
        """Allow what comes before a body, on a new connection."""
        self.ended, self._bytes = False, _HEAD

    def allow_body(self) -> None:
        """Allow a body of full size, and what carries it in pieces."""
        self._bytes = _HEAD + 2 * self.most

    def count(self, size: int) -> None:
        """Take note of bytes that came; none came where the connection has ended."""
        self.ended, self._bytes = size == 0, self._bytes - size
        if self._bytes < 0:
            raise Trouble("sends too much beside what was asked for; check the address, or tell its owner")


class Backend(httpcore.NetworkBackend):
    """Connects to the address that was checked, whatever the name stands for a moment later."""

    def __init__(self, limits: Limits, *, allow_private: bool) -> None:
        self._limits, self._allow_private = limits, allow_private

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Resolve, check and connect; the limits stand for the timeout."""
        del timeout, local_address, socket_options
        found = _resolved(host, port, self._limits)
        allowed = [one for one in found if self._allow_private or is_public(one[1][0])]
        if not allowed:
            raise Trouble(
                f"leads to {found[0][1][0]}, which is no address of the public internet; "
                "write allow_private = true for this source if that is meant"
            )
        return _Stream(_connected(allowed[:_MOST_ADDRESSES], self._limits), self._limits)


class _Stream(httpcore.NetworkStream):
    """A socket, each wait on which is for what is left of the time."""

    def __init__(self, made: socket.socket, limits: Limits) -> None:
        self._socket, self._limits = made, limits

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        del timeout
        received = self._armed().recv(max_bytes)
        self._limits.count(len(received))
        return received

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        del timeout
        rest = memoryview(buffer)
        while rest:
            try:
                rest = rest[self._armed().send(rest) :]
            except TimeoutError:
                raise
            except OSError as error:  # it may have answered before it closed: httpcore goes on to read
                raise httpcore.WriteError(error) from error

    def close(self) -> None:
        self._socket.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Shake hands with the host of the URL, which the certificate must name."""
        del timeout
        try:
            secured = ssl_context.wrap_socket(self._armed(), server_hostname=server_hostname)
        except BaseException:
            self.close()
            raise
        return _Stream(secured, self._limits)

    def _armed(self) -> socket.socket:
        self._socket.settimeout(self._limits.left())
        return self._socket


def _resolved(host: str, port: int, limits: Limits) -> Found:
    """Ask the system for a host's addresses, in a thread: it knows no time limit of ours."""
    answers: SimpleQueue[Found | OSError] = SimpleQueue()
    Thread(target=_resolve, args=(host, port, answers), daemon=True).start()
    try:
        answer = answers.get(timeout=limits.left())
    except Empty:
        raise TimeoutError from None
    if isinstance(answer, OSError):
        raise answer
    return answer


def _resolve(host: str, port: int, answers: "SimpleQueue[Found | OSError]") -> None:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        answers.put([(family, address) for family, _, _, _, address in found])
    except OSError as error:
        answers.put(error)


def _connected(addresses: Found, limits: Limits) -> socket.socket:
    """Try the addresses in turn."""
    *others, last = addresses
    for place, (family, address) in enumerate(others):
        share = limits.left() / (len(addresses) - place)
        try:
            return _connect(family, address, min(share, _LONGEST_TRY))
        except OSError:
            continue
    return _connect(*last, limits.left())


def _connect(family: socket.AddressFamily, address: Address, seconds: float) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.settimeout(seconds)
        made.connect(address)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        made.close()
        raise
    return made
