"""One conversation with a mail server that cannot hold us longer than a limit, however it behaves."""

import io
import smtplib
import socket
import ssl
import time
from collections.abc import Buffer

_CHUNK = 16_384
_LEAST = 0.001  # seconds: a timeout of 0 would mean not to wait for a connection at all


class Line(smtplib.SMTP):
    """A connection of the standard library's, with one limit over all waits together.

    The library's own timeout starts anew with every byte, so that a server which sends a byte now and
    then would hold it for hours. Here each wait is for what is left of the time that `restart` gave.
    """

    def __init__(self, host: str, port: int, *, seconds: float, context: ssl.SSLContext | None) -> None:
        """Connect, over TLS where a context is given, and read the greeting."""
        self._context = context
        self.restart(seconds)
        super().__init__(host, port, local_hostname="localhost", timeout=seconds)
        self.local_hostname = self._own_name()

    def restart(self, seconds: float) -> None:
        """Give what follows so much time."""
        self._seconds, self._deadline = seconds, time.monotonic() + seconds

    def left(self) -> float:
        """Seconds that are left.

        Raises
        ------
        TimeoutError
            None are.
        """
        left = self._rest()
        if left == _LEAST:
            raise TimeoutError(f"no answer within {self._seconds:g} seconds")
        return left

    def arm(self) -> socket.socket:
        """Let the next wait be for what is left, and answer with the socket."""
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("the connection is closed")
        self.sock.settimeout(self.left())
        return self.sock

    def secure(self, context: ssl.SSLContext) -> None:
        """Go over to TLS.

        Raises
        ------
        smtplib.SMTPException
            The server does not offer it, or refuses.
        """
        self.starttls(context=context)
        self.ehlo_or_helo_if_needed()

    def getreply(self) -> tuple[int, bytes]:
        """Read a reply within what is left of the time."""
        if self.file is None:
            self.file = io.BufferedReader(_Reader(self))
        reply = super().getreply()
        if self.sock is not None:
            self.sock.settimeout(self._rest())  # STARTTLS shakes hands next, and knows no limit of ours
        return reply

    def send(self, s: Buffer | str) -> None:
        """Send within what is left of the time."""
        content = memoryview(s.encode("ascii") if isinstance(s, str) else s)
        for start in range(0, len(content), _CHUNK):
            try:
                self.arm()
            except TimeoutError:
                self.close()
                raise
            super().send(content[start : start + _CHUNK])

    def _rest(self) -> float:
        return max(self._deadline - time.monotonic(), _LEAST)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        """Try the host's addresses in turn, each for its share of the time."""
        del timeout
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        for place, (*_, address) in enumerate(found, start=1):
            share = self.left() / (len(found) - place + 1)
            try:
                plain = socket.create_connection((str(address[0]), port), share)
            except OSError:
                if place == len(found):
                    raise
            else:
                break
        if self._context is None:
            return plain
        plain.settimeout(self._rest())
        return self._context.wrap_socket(plain, server_hostname=host)

    def _own_name(self) -> str:
        """Our name for EHLO: the machine's where it is a full one, else its address (RFC 5321, 4.1.4)."""
        name = socket.gethostname()
        if "." in name and name.isascii():
            return name
        address = self.arm().getsockname()[0]
        return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


class _Reader(io.RawIOBase):
    """What the server says, each wait for what is left of the time."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        try:
            return self._line.arm().recv_into(buffer)
        except TimeoutError:
            self._line.left()
            raise
