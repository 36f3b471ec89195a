"""The mailer: hands mails over to the server that takes them, several on one connection.

Whatever the server does, a mail holds us no longer than ``timeout_seconds`` to connect, and as long again
to hand it over.
"""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Literal, Self

from model.errors import Unavailable
from service.addresses import mailbox
from service.composition import Service
from service.sections import Smtp
from service.smtp_line import Line
from service.smtp_words import Words, reply_of

_PARTING = 5.0  # seconds to say goodbye
_CLOSING = 421
_TOO_LARGE = 552
_LOGIN_WANTED = frozenset({530, 534, 535, 538})

type Reply = tuple[int, bytes]
type Verdict = Literal["sent", "later", "dead", "lost"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What came of a mail.

    Parameters
    ----------
    verdict
        Taken by the server; refused for now; refused for good; or the connection was lost on the way,
        and nobody knows whether the server has it.
    words
        The server's own, or what happened.
    """

    verdict: Verdict
    words: str = ""


class Mailer:
    """A connection to the mail server, opened when it is first needed; close it, or use it in a `with`."""

    def __init__(self, settings: Smtp, *, sender: str, folder: Path) -> None:
        """Take note of what is needed to connect.

        Parameters
        ----------
        sender
            Where mails that cannot be delivered go back to.
        folder
            Where relative paths of the configuration start.
        """
        self._settings, self._folder = settings, folder
        self._sender = mailbox(sender).address
        self._words = Words(settings)
        self._line: Line | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def where(self) -> str:
        """Host and port."""
        return f"{self._settings.host}:{self._settings.port}"

    def send(self, recipient: str, content: bytes) -> Outcome:
        """Hand a mail over.

        Raises
        ------
        Unavailable
            The server is out of reach, or takes no mail of ours; this mail was not looked at.
        """
        try:
            code, words = self._dialogue(recipient, content)
        except OSError as error:  # those of smtplib and of TLS too
            self._drop()
            return Outcome(verdict="lost", words=self._words.told(error))
        verdict = _verdict(code)
        if verdict == "lost":
            self._drop()
        elif verdict != "sent":
            self._forget_envelope()
        return Outcome(verdict=verdict, words="" if verdict == "sent" else self._words.said(code, words))

    def check(self) -> str:
        """Connect, log in and say so, without sending anything.

        Raises
        ------
        Unavailable
            The server is out of reach, or does not let us in.
        """
        self._drop()
        with self._explained():
            line = self._line = self._open()
            code, words = line.noop()
            if code // 100 != 2:
                raise smtplib.SMTPResponseException(code, words)
            secured = line.sock.version() if isinstance(line.sock, ssl.SSLSocket) else None
        how = f"over {secured}" if secured else "unencrypted"
        return f"{self.where} answers, {how}" + (", and takes our login" if self._settings.username else "")

    def close(self) -> None:
        """Take leave of the server."""
        if self._line is not None:
            self._line.restart(_PARTING)
            with suppress(OSError):
                self._line.quit()
        self._drop()

    def _dialogue(self, recipient: str, content: bytes) -> Reply:
        """Say MAIL, RCPT and DATA as far as the server follows; answer with its last reply."""
        line, (code, words) = self._begin(len(content))
        if code // 100 == 5 and code != _TOO_LARGE:
            raise self._closed_to_us("takes no mail of ours", code, words, "check digest.sender")
        if code // 100 == 2:
            code, words = line.rcpt(recipient)
        if code // 100 == 2:
            code, words = _data(line, content)
        if code in _LOGIN_WANTED:
            raise self._closed_to_us("wants a login", code, words, "check digest.smtp.username and password")
        return code, words

    def _begin(self, size: int) -> tuple[Line, Reply]:
        """Open an envelope, on a new connection where the server has ended the old one meanwhile."""
        if self._line is not None:
            self._line.restart(self._settings.timeout_seconds)
            with suppress(OSError):
                reply = self._mail(self._line, size)
                if reply[0] != _CLOSING:
                    return self._line, reply
            self._drop()
        with self._explained():
            line = self._line = self._open()
        line.restart(self._settings.timeout_seconds)
        return line, self._mail(line, size)

    def _mail(self, line: Line, size: int) -> Reply:
        return line.mail(self._sender, [f"size={size}"] if line.has_extn("size") else [])

    def _forget_envelope(self) -> None:
        """Make ready for the next mail after one that was refused."""
        try:
            if self._line is not None and self._line.rset()[0] // 100 != 2:
                self._drop()
        except OSError:
            self._drop()

    def _open(self) -> Line:
        settings = self._settings
        context = None if settings.security == "none" else self._trust()
        implicit = context if settings.security == "tls" else None
        line = Line(settings.host, settings.port, seconds=settings.timeout_seconds, context=implicit)
        try:
            line.ehlo_or_helo_if_needed()
            if context is not None and implicit is None:
                line.secure(context)
            if settings.username:
                self._log_in(line)
        except BaseException:
            line.close()
            raise
        return line

    def _trust(self) -> ssl.SSLContext:
        """Trust the authorities that this machine trusts, or only the configured one."""
        own = self._settings.ca_file
        try:
            return ssl.create_default_context(cafile=None if own is None else self._folder / own)
        except OSError as error:  # those of TLS too
            why = "it holds no certificate" if isinstance(error, ssl.SSLError) else error.strerror
            raise Unavailable(f"{own} cannot be used ({why}); check digest.smtp.ca_file") from None

    def _log_in(self, line: Line) -> None:
        password = self._settings.password
        if password is None:
            variable = "POSTERITY__DIGEST__SMTP__PASSWORD"
            raise Unavailable(f"digest.smtp.username has no password beside it; set {variable}")
        if self._settings.security == "none" and not _is_here(line):
            raise Unavailable(
                f"the password for {self.where} would travel unencrypted; "
                'write security = "starttls" or "tls" in digest.smtp'
            )
        line.login(self._settings.username, password.get_secret_value())

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn whatever keeps us from connecting into one line."""
        try:
            yield
        except (OSError, UnicodeError) as error:
            self._drop()
            raise Unavailable(self._words.diagnosis(error)) from None

    def _closed_to_us(self, what: str, code: int, words: bytes, advice: str) -> Unavailable:
        self._drop()
        return Unavailable(f"the mail server {self.where} {what} ({self._words.said(code, words)}); {advice}")

    def _drop(self) -> None:
        if self._line is not None:
            self._line.close()
        self._line = None


def mailer(service: Service) -> Mailer:
    """Make the mailer of a service."""
    configuration = service.configuration
    return Mailer(configuration.digest.smtp, sender=configuration.digest.sender, folder=configuration.folder)


def check(service: Service) -> str:
    """Connect to the configured server and log in, without sending anything; say in one line how it went.

    Raises
    ------
    Unavailable
        The server is out of reach, or does not let us in.
    """
    with mailer(service) as own:
        return own.check()


def _verdict(code: int) -> Verdict:
    if code == _CLOSING:
        return "lost"
    verdicts: dict[int, Verdict] = {2: "sent", 4: "later", 5: "dead"}
    return verdicts.get(code // 100, "lost")


def _data(line: Line, content: bytes) -> Reply:
    try:
        return line.data(content)
    except smtplib.SMTPDataError as refusal:
        return reply_of(refusal)


def _is_here(line: Line) -> bool:
    """Whether the server is on this machine."""
    return ip_address(line.arm().getpeername()[0]).is_loopback
