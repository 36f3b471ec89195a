"""A real mail server for tests, which misbehaves as it is told and remembers every mail that it has had."""

import asyncio
import email
import ssl
import subprocess
import threading
from collections import Counter
from collections.abc import Awaitable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

HOST = "127.0.0.1"
STALL, DROP = "stall", "drop"
ALWAYS = 1_000_000
_PATIENCE = 30.0

type Stage = Literal["greeting", "EHLO", "NOOP", "MAIL", "RCPT", "DATA", "taken"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """How the server misbehaves when a conversation comes to this stage.

    Parameters
    ----------
    at
        ``DATA`` is when it has the whole mail, ``taken`` when it has answered that it took it.
    does
        ``STALL``, ``DROP`` (of the connection), or what it answers.
    recipient
        Only for this one.
    times
        How often.
    """

    at: Stage
    does: str
    recipient: str | None = None
    times: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Received:
    """A mail that the server had, whether or not the other side learned so."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    connection: int
    secured: bool
    login: str | None

    @property
    def message(self) -> EmailMessage:
        parsed = email.message_from_bytes(self.content, policy=default)
        assert isinstance(parsed, EmailMessage)
        return parsed

    @property
    def message_id(self) -> str:
        return str(self.message["Message-ID"])


class Peer:
    """A server on a port of its own; use it in a `with`.

    Parameters
    ----------
    faults
        What it does wrong, the first that fits each time.
    tls
        Its certificate (see `certificate`), for STARTTLS.
    implicit
        TLS from the first byte on.
    login
        User and password, without which it takes nothing.
    dribble
        Seconds between the single bytes of its replies.
    delay
        Seconds that it takes to take a mail.
    most_a_connection
        Mails after which it closes a connection, as many servers do.
    host
        The address that it listens at.
    """

    def __init__(  # its traits, each of which some test needs
        self,
        *faults: Fault,
        tls: Path | None = None,
        implicit: bool = False,
        login: tuple[str, str] | None = None,
        dribble: float = 0,
        delay: float = 0,
        most_a_connection: int = ALWAYS,
        host: str = HOST,
    ) -> None:
        self.faults = list(faults)
        self.login, self.dribble, self.delay = login, dribble, delay
        self.most_a_connection = most_a_connection
        self.received: list[Received] = []
        self.connections = 0
        self.host, self.port = host, 0
        self._context = _context(tls) if tls else None
        self._implicit = implicit
        self._changed = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._server: asyncio.Server | None = None
        self._conversations: list[_Conversation] = []

    def __enter__(self) -> Self:
        self._thread.start()
        self.listen()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        del kind, error, trace
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_PATIENCE)
        self._loop.close()

    def listen(self) -> None:
        """Accept connections, always on the same port."""
        secured = self._context if self._implicit else None
        listening = self._loop.create_server(self._conversation, self.host, self.port, ssl=secured)
        self._server = self._run(listening)
        self.port = self._server.sockets[0].getsockname()[1]

    def refuse(self) -> None:
        """Refuse connections, until `listen` is called."""
        self._run(self._close())

    def settings(self, security: str = "none", host: str = "", **more: str | int) -> str:
        """The keys of ``[digest] smtp`` that lead here, as TOML."""
        keys = {
            "host": host or self.host,
            "port": self.port,
            "security": security,
            "timeout_seconds": 20,
            **more,
        }
        written = (
            f'{name} = "{one}"' if isinstance(one, str) else f"{name} = {one}" for name, one in keys.items()
        )
        return f"smtp = {{ {', '.join(written)} }}"

    @property
    def counts(self) -> Counter[tuple[str, str]]:
        """How often each recipient had each mail, by its Message-ID."""
        return Counter((each, one.message_id) for one in self.received for each in one.recipients)

    def wait_for(self, mails: int) -> None:
        """Wait until it has had so many."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.received) >= mails, _PATIENCE)

    def fault(self, stage: Stage, recipient: str | None = None) -> str | None:
        """Take the next fault of this stage."""
        for place, one in enumerate(self.faults):
            if one.at == stage and one.times > 0 and one.recipient in {None, recipient}:
                self.faults[place] = replace(one, times=one.times - 1)
                return one.does
        return None

    def remember(self, received: Received) -> None:
        with self._changed:
            self.received.append(received)
            self._changed.notify_all()

    def _conversation(self) -> "_Conversation":
        self.connections += 1
        starttls = None if self._implicit else self._context
        made = _Conversation(self, self.connections, loop=self._loop, tls_context=starttls)
        self._conversations.append(made)
        return made

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        self._server = None

    async def _end(self) -> None:
        """Close everything, and let what depends on it come to its end."""
        await self._close()
        for conversation in self._conversations:
            conversation.hang_up()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        for _ in range(5):
            await asyncio.sleep(0)

    def _run[Result](self, work: Awaitable[Result]) -> Result:
        async def done() -> Result:
            return await work

        future: Future[Result] = asyncio.run_coroutine_threadsafe(done(), self._loop)
        return future.result(_PATIENCE)


class _Conversation(SMTP):
    """One connection: aiosmtpd's own server, whose hooks are this object's."""

    def __init__(
        self, peer: Peer, number: int, *, loop: asyncio.AbstractEventLoop, tls_context: ssl.SSLContext | None
    ) -> None:
        self.peer, self.number = peer, number
        self.greeted, self.mails = False, 0
        self.recipient: str | None = None
        super().__init__(
            _Hooks(self),
            hostname="peer.test",
            enable_SMTPUTF8=True,  # so that its replies may hold any letter
            loop=loop,
            tls_context=tls_context,
            auth_require_tls=False,
            authenticator=self._authenticate_by_peer if peer.login else None,
            auth_exclude_mechanism=[] if peer.login else ["LOGIN", "PLAIN"],
        )

    async def push(self, status: Any) -> None:
        """Answer, or not, as the peer is told."""
        if not self.greeted:
            self.greeted = True
            status = await self.instead("greeting") or status
        if not self.peer.dribble:
            await super().push(status)
            return
        reply = (status.encode() if isinstance(status, str) else status) + b"\r\n"
        for byte in reply:
            self._writer.write(bytes([byte]))
            await self._writer.drain()
            await asyncio.sleep(self.peer.dribble)

    async def instead(self, stage: Stage) -> str | None:
        """What to answer instead of the usual."""
        return await self.suffer(self.peer.fault(stage, self.recipient))

    async def suffer(self, does: str | None) -> str | None:
        """Stall or drop, and never come back; or give the answer that the fault is."""
        if does == DROP:
            self.hang_up()
        if does in {STALL, DROP}:
            await asyncio.sleep(3600)  # ended when the connection is
        return does

    def hang_up(self) -> None:
        """Close the connection at once, whatever is still to be sent."""
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()

    def part(self) -> None:
        """Close the connection once everything is sent."""
        assert self.transport is not None
        self.transport.close()

    def _authenticate_by_peer(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, said: LoginPassword
    ) -> AuthResult:
        good = (said.login.decode(), said.password.decode()) == self.peer.login
        shown = said.password.decode()
        return AuthResult(
            success=good,
            handled=False,
            auth_data=said,
            message=None if good else f"535 5.7.8 no such login, password was {shown}",
        )


class _Hooks:
    """What aiosmtpd asks at each stage."""

    def __init__(self, conversation: _Conversation) -> None:
        self.own = conversation

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, replies: list[str]
    ) -> list[str]:
        session.host_name = hostname
        instead = await self.own.instead("EHLO")
        return [instead] if instead else replies

    async def handle_NOOP(self, _server: SMTP, _session: Session, _envelope: Envelope, _said: str) -> str:  # noqa: N802
        return await self.own.instead("NOOP") or "250 OK"

    async def handle_MAIL(  # noqa: N802
        self, _server: SMTP, session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self.own.peer.login and not session.authenticated:
            return "530 5.7.0 Authentication required"
        instead = await self.own.instead("MAIL")
        if instead:
            return instead
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        self.own.recipient = address
        instead = await self.own.instead("RCPT")
        if instead:
            return instead
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        own, peer = self.own, self.own.peer
        await asyncio.sleep(peer.delay)
        does = peer.fault("DATA", own.recipient)
        if does in {None, STALL, DROP}:
            peer.remember(self._received(session, envelope))
        refusal = await own.suffer(does)
        if refusal:
            return refusal
        own.mails += 1
        if own.mails == peer.most_a_connection or peer.fault("taken", own.recipient) == DROP:
            await own.push("250 OK")
            own.part()
            await asyncio.sleep(3600)
        return "250 OK"

    def _received(self, session: Session, envelope: Envelope) -> Received:
        content = envelope.content
        assert isinstance(content, bytes)
        said = session.auth_data
        login = said.login.decode() if isinstance(said, LoginPassword) else None
        return Received(
            sender=envelope.mail_from or "",
            recipients=tuple(one for one in envelope.rcpt_tos if one),
            content=content,
            connection=self.own.number,
            secured=session.ssl is not None or self.own.peer._implicit,
            login=login,
        )


def certificate(folder: Path) -> Path:
    """Make a certificate of localhost that nobody signed but itself; its key is in the same file."""
    path = folder / "peer.pem"
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    files = ["-keyout", f"{path}.key", "-out", f"{path}.crt"]
    subprocess.run(["openssl", "req", "-x509", *kind, *names, *files], check=True, capture_output=True)
    path.write_bytes(Path(f"{path}.key").read_bytes() + Path(f"{path}.crt").read_bytes())
    return path


def _context(path: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context
