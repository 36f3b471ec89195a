"""Letters become mails, byte for byte as they will be sent, and go into the outbox.

A mail is ASCII alone, in lines that every server takes. Its headers are encoded here: the standard
library would encode a long address of the web as if it were words, and decode what a hostile headline
has encoded. Nothing from outside can add a header, for line breaks and control characters become spaces
first. The same letter always makes the same mail, its boundaries and its name included.
"""

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from email.header import Header
from email.message import EmailMessage, MIMEPart
from email.policy import SMTP
from email.utils import format_datetime
from typing import Self
from urllib.parse import quote, urlsplit, urlunsplit

from sqlalchemy.orm import Session

from model.errors import InvalidValue
from service.addresses import Mailbox, ascii_domain, mailbox, one_line
from service.composition import Service
from service.letters import Letter
from storage.outbox import is_queued, queue

LONGEST_SUBJECT = 200
LONGEST_LINE = 998  # RFC 5322, 2.1.1
_LINE = 76
_POLICY = SMTP.clone(max_line_length=_LINE)
_SPECIALS = re.compile(r'["\\,;:<>@()\[\].]')
_QUOTED, _ESCAPED = re.compile(r'["\\]'), r"\\\g<0>"
_UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_CONTENT_ID = re.compile(r"[A-Za-z0-9._-]{1,64}(@[A-Za-z0-9.-]{1,64})?")


class _Written(str):
    """A header as it reads, which knows how it is written: in ASCII, folded already."""

    __slots__ = ("name", "written")

    name: str
    written: str

    def __new__(cls, name: str, text: str, written: str | None = None) -> Self:
        made = super().__new__(cls, text)
        made.name, made.written = name, text if written is None else written
        return made

    def fold(self, *, policy: object) -> str:
        """Answer with the header's lines, as the standard library asks of its own headers."""
        del policy  # every line ends as SMTP wants it
        return f"{self.name}: {self.written}\r\n"


def message(service: Service, letter: Letter, *, at: datetime) -> EmailMessage:
    """Make the mail of a letter; its ``as_bytes()`` is what will be sent.

    Parameters
    ----------
    at
        Its date.

    Raises
    ------
    InvalidValue
        No server would take it: an address that cannot be written in ASCII, an image without a proper id.
    """
    sender, recipient = mailbox(service.configuration.digest.sender), mailbox(letter.recipient)
    name = message_name(letter, recipient, sender.domain)
    mail = EmailMessage(policy=_POLICY)
    headers = [
        _mailbox("From", sender),
        _mailbox("To", recipient),
        _subject(letter.subject),
        _Written("Date", format_datetime(at)),
        _Written("Message-ID", name),
        _Written("Auto-Submitted", "auto-generated"),
        _Written("Precedence", "bulk"),
        *_list_headers(service.configuration.serve.public_url, sender, letter),
    ]
    for header in headers:
        mail[header.name] = header
    _fill(mail, letter, hashlib.sha256(name.encode()).hexdigest()[:24])
    return mail


def post(session: Session, service: Service, letter: Letter, *, at: datetime) -> bool:
    """Put a letter into the outbox; False where one of its kind, key and recipient is there already.

    Raises
    ------
    InvalidValue
        As `message`.
    """
    recipient = mailbox(letter.recipient).address.lower()
    if is_queued(session, letter.kind, letter.key, recipient):
        return False
    mail = message(service, letter, at=at)
    return queue(
        session,
        kind=letter.kind,
        key=letter.key,
        recipient=recipient,
        message_id=str(mail["Message-ID"]),
        subject=str(mail["Subject"]),
        document=letter.document,
        content=_content(mail),
        at=at,
    )


def message_name(letter: Letter, recipient: Mailbox, domain: str) -> str:
    """Name a mail by its kind, key and recipient, so that a repetition of it can be told as one."""
    named = "\0".join((letter.kind, letter.key, recipient.address.lower()))
    return (
        f"<{letter.kind}.{hashlib.sha256(named.encode(errors='backslashreplace')).hexdigest()[:32]}@{domain}>"
    )


def _content(mail: EmailMessage) -> str:
    content = mail.as_bytes().decode("ascii")
    if any(len(line) > LONGEST_LINE for line in content.split("\r\n")):
        raise InvalidValue("serve.public_url is too long for a mail; write a shorter address")
    return content


def _mailbox(header: str, of: Mailbox) -> _Written:
    if not of.name:
        return _Written(header, of.address)
    break_line = "\r\n" if len(f"{header}: {of.name} <{of.address}>") > _LINE or not of.name.isascii() else ""
    return _Written(
        header, f"{of.name} <{of.address}>", f"{_phrase(header, of.name)}{break_line} <{of.address}>"
    )


def _phrase(header: str, name: str) -> str:
    """Write a name as it may stand before an address."""
    if not name.isascii() or "=?" in name:
        return _encoded(header, name)
    return f'"{_QUOTED.sub(_ESCAPED, name)}"' if _SPECIALS.search(name) else name


def _subject(text: str) -> _Written:
    subject = one_line(text, LONGEST_SUBJECT)
    plain = subject.isascii() and "=?" not in subject and len(subject) < _LINE - len("Subject: ")
    return _Written("Subject", subject, subject if plain else _encoded("Subject", subject))


def _encoded(header: str, text: str) -> str:
    """Encode words as RFC 2047 does, over as many lines as they need."""
    return Header(text, "utf-8", maxlinelen=_LINE, header_name=header).encode(linesep="\r\n")


def _list_headers(public_url: str, sender: Mailbox, letter: Letter) -> list[_Written]:
    """Let mail programs offer to unsubscribe: in one click (RFC 8058) where we are reached safely."""
    if letter.unsubscribe is None:
        return []
    ways = [f"<mailto:{quote(sender.address, safe='@')}?subject=unsubscribe>"]
    if public_url:
        ways.insert(0, f"<{unsubscribe_link(public_url, letter.unsubscribe)}>")
    headers = [
        _Written("List-Id", f"<{letter.kind}.posterity.{sender.domain}>"),
        _Written("List-Unsubscribe", ", ".join(ways), ",\r\n ".join(ways)),
    ]
    if public_url.startswith("https://"):
        headers.append(_Written("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
    return headers


def unsubscribe_link(public_url: str, token: str) -> str:
    """Where a reader of this token unsubscribes, in ASCII."""
    parts = urlsplit(public_url)
    netloc = parts.netloc
    if not netloc.isascii():
        port = f":{parts.port}" if parts.port else ""
        netloc = f"{ascii_domain(parts.hostname or '')}{port}"
    path = f"{quote(parts.path, safe='/%')}/unsubscribe/{quote(token, safe='')}"
    return urlunsplit((parts.scheme, netloc, path, "", ""))


def _fill(mail: EmailMessage, letter: Letter, mark: str) -> None:
    """Put in the text, and beside it the page with its images; each boundary holds what no body can.

    Bodies are quoted-printable or base64, in which ``=_`` never occurs.
    """
    text, transfer = _body(letter.text)
    mail.set_content(text, cte=transfer)
    if letter.html is None:
        return
    html, transfer = _body(letter.html)
    mail.add_alternative(html, subtype="html", cte=transfer)
    mail.set_boundary(f"=_alternative_{mark}")
    *_, page = mail.iter_parts()
    if letter.images:
        _add_images(page, letter.images)
        page.set_boundary(f"=_related_{mark}")


def _add_images(page: MIMEPart, images: Mapping[str, bytes]) -> None:
    for identity, png in images.items():
        if not _CONTENT_ID.fullmatch(identity):
            raise InvalidValue(f"an image is called {identity!r}; ids are letters, digits, dots and hyphens")
        name = _Written("Content-ID", f"<{identity}>")
        page.add_related(
            png, "image", "png", cid=name, disposition="inline", filename=f"{identity.partition('@')[0]}.png"
        )


def _body(text: str) -> tuple[str, str]:
    """Make text one that can be sent, and choose the shorter way to encode it."""
    readable = _UNREADABLE.sub("\N{REPLACEMENT CHARACTER}", text)
    size, beyond = len(readable.encode()), sum(not letter.isascii() for letter in readable)
    return readable, "quoted-printable" if 12 * beyond < size else "base64"
