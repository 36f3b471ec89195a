"""One attempt to get an answer: ask, follow redirects, read the body; whatever goes wrong is `Trouble`."""

import base64
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from functools import cache
from http import HTTPStatus

import httpcore
import httpx

from ingest.web.answers import Response, Trouble
from ingest.web.bodies import OFFERED, too_large, unpacked
from ingest.web.transport import Backend, Limits
from ingest.web.urls import asked, bare, followed, origin, shown

MOST_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PASSING = frozenset({429, *range(500, 600)})
_CLOSED_TO_US = frozenset({401, 403, 407})
_CONDITIONS = frozenset({"if-none-match", "if-modified-since"})
_FOR_ALL = _CONDITIONS | {"accept", "accept-language", "user-agent"}  # what another server may be told
_DATE = re.compile(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT")
_OWNER = "check the address, or tell its owner"

type Answer = Response | httpx.URL  # or where it redirects to


def exchange(url: str, headers: Mapping[str, str], limits: Limits, *, allow_private: bool) -> Response:
    """Ask once.

    Parameters
    ----------
    headers
        By their names in lower case.

    Raises
    ------
    Trouble
        There is no answer that can be used.
    """
    here = start = asked(url)
    backend = Backend(limits, allow_private=allow_private)
    for _ in range(MOST_REDIRECTS + 1):
        told = _headers(here, start, headers)
        with _placed(here, start), _explained(limits):
            answer = _ask(here, told, backend, limits)
        if isinstance(answer, Response):
            return answer
        here = answer if origin(answer) != origin(start) else answer.copy_with(userinfo=start.userinfo)
    raise Trouble(f"redirects more than {MOST_REDIRECTS} times; {_OWNER}")


def _ask(url: httpx.URL, headers: Mapping[str, str], backend: Backend, limits: Limits) -> Answer:
    limits.begin()
    context = _trust() if url.scheme == "https" else None
    target = httpcore.URL(scheme=url.scheme, host=url.raw_host, port=url.port, target=url.raw_path)
    sent = [(name.encode("ascii"), text.encode("ascii")) for name, text in headers.items()]
    with (
        httpcore.ConnectionPool(ssl_context=context, network_backend=backend) as pool,
        pool.stream("GET", target, headers=sent) as reply,
    ):
        limits.allow_body()
        received = _received(reply)
        if reply.status in _REDIRECTS:
            return _redirected(url, received)
        conditional = not _CONDITIONS.isdisjoint(headers)
        if reply.status != HTTPStatus.OK and (reply.status != HTTPStatus.NOT_MODIFIED or not conditional):
            raise _refused(reply.status, received)
        body = _body(reply, received, limits) if reply.status == HTTPStatus.OK else b""
        return Response(status=reply.status, url=bare(url), headers=received, body=body)


def _headers(url: httpx.URL, start: httpx.URL, own: Mapping[str, str]) -> dict[str, str]:
    """Headers for one server; one that we were sent to learns nothing that is meant for the first."""
    known = origin(url) == origin(start)
    sent = {name: text for name, text in own.items() if known or name in _FOR_ALL}
    sent |= {"host": url.netloc.decode("ascii"), "accept-encoding": OFFERED, "connection": "close"}
    if url.userinfo:  # never of a redirect's own
        login = base64.b64encode(f"{url.username}:{url.password}".encode())
        sent["authorization"] = f"Basic {login.decode('ascii')}"
    return sent


def _received(reply: httpcore.Response) -> dict[str, str]:
    found: dict[str, str] = {}
    for raw_name, raw in reply.headers:
        name, text = raw_name.decode("ascii").lower(), _text(raw)
        found[name] = f"{found[name]}, {text}" if name in found else text
    return found


def _text(raw: bytes) -> str:
    """Decode a header: UTF-8 where it is such, as of most that are not ASCII."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _redirected(url: httpx.URL, received: Mapping[str, str]) -> httpx.URL:
    location = received.get("location", "")
    if not location:
        raise Trouble(f"redirects, but does not say where to; {_OWNER}")
    there = followed(url, location)
    return there.copy_with(userinfo=b"", fragment=None)


def _refused(status: int, received: Mapping[str, str]) -> Trouble:
    words = f"answers {status}"
    if status in HTTPStatus:
        words += f" ({HTTPStatus(status).phrase})"
    after = _retry_after(received)
    if after is not None:
        words += f" and asks to be left alone for {after:.0f} s"
    if status in _CLOSED_TO_US:
        advice = "check the address, and whether it wants a login"
    else:
        advice = "try again later, or tell its owner" if status in _PASSING else "check the address"
    return Trouble(f"{words}; {advice}", passing=status in _PASSING, after=after)


def _retry_after(received: Mapping[str, str]) -> float | None:
    """Seconds to wait; a moment counts from the server's own present, if it tells that."""
    said, now = received.get("retry-after", ""), received.get("date", "")
    if re.fullmatch("[0-9]{1,9}", said):
        return float(said)
    if not _DATE.fullmatch(said) or not _DATE.fullmatch(now):
        return None
    try:
        wait = parsedate_to_datetime(said) - parsedate_to_datetime(now)
    except ValueError:
        return None
    return max(wait.total_seconds(), 0.0)


def _body(reply: httpcore.Response, received: Mapping[str, str], limits: Limits) -> bytes:
    length = received.get("content-length", "")
    if length.isdecimal() and int(length) > limits.most:
        raise too_large(limits.most)
    pieces = reply.iter_stream()
    return unpacked(pieces, received.get("content-encoding", ""), most=limits.most, check=limits.left)


@cache
def _trust() -> ssl.SSLContext:
    """Trust the authorities of this machine and Mozilla's; to read them takes a tenth of a second."""
    return httpcore.default_ssl_context()


@contextmanager
def _placed(here: httpx.URL, start: httpx.URL) -> Iterator[None]:
    """Say where trouble is, if a redirect led there."""
    try:
        yield
    except Trouble as trouble:
        trouble.asked = shown(str(start))
        if here != start:
            trouble.words = f"leads to {shown(str(here))}, which {trouble.words}"
        raise


@contextmanager
def _explained(limits: Limits) -> Iterator[None]:
    failures = (OSError, httpcore.ProtocolError, httpcore.NetworkError, UnicodeError)
    try:
        yield
    except failures as error:
        raise _told(error, limits) from None


def _told(error: Exception, limits: Limits) -> Trouble:
    """Say what an error means, without the words of the other side."""
    passing = True
    match error:
        case TimeoutError() if limits.rest() == 0:
            words = f"gives no whole answer within {limits.seconds:g} s; {_OWNER}"
        case ssl.SSLCertVerificationError():
            passing, words = (
                False,
                f"shows a certificate that is not trusted ({error.verify_message}); {_OWNER}",
            )
        case ssl.SSLError(reason=str(why)) if "EOF" not in why:
            passing, words = False, f"does not speak TLS with us ({why}); {_OWNER}"
        case socket.gaierror():
            passing, words = (
                error.errno == socket.EAI_AGAIN,
                f"has no address ({error.strerror}); check the name",
            )
        case UnicodeError() | httpcore.LocalProtocolError():
            passing, words = False, "cannot be asked with these headers; write plain ASCII"
        case httpcore.ProtocolError() if not limits.ended:
            passing, words = False, f"does not answer in HTTP; {_OWNER}"
        case TimeoutError() | OSError(strerror=str()):
            why = error.strerror or "no answer"
            words = f"is out of reach ({why}); check the address, or try again later"
        case _:
            words = "breaks off; try again later, or check the address"
    return Trouble(words, passing=passing)
