"""What operators are told of an alert, in plain text: what, since when, where, and what to do."""

import socket
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Literal

from service.composition import Service
from service.finding import Finding, lasting
from service.letters import Letter
from storage.alerts import StoredAlert

type Word = Literal["raised", "ended", "back", "settled", "reminder"]

MANUAL = "docs/operations.md"
# Kinds of alerts, and their headings in the manual.
KINDS: Mapping[str, str] = MappingProxyType(
    {
        "scheduler": "No scheduler is running",
        "night": "A night failed, was held, or is overdue",
        "forecast": "A forecast is stale",
        "outbox": "Mail is not delivered",
        "digest": "The digest was not sent",
        "disk": "A disk is nearly full",
        "inbox": "No reports come in",
        "source": "A source fails or is silent",
    }
)
UNREACHABLE = "The database is out of reach"
_BEFORE: Mapping[Word, str] = MappingProxyType(
    {"raised": "", "ended": "ended: ", "back": "is back: ", "settled": "stays away: ", "reminder": "still: "}
)
_NEXT: Mapping[Word, str] = MappingProxyType(
    {
        "raised": "You will hear when it ends, and once a week until then.",
        "ended": "If it comes back within a day you will be told so once.",
        "back": "It comes and goes: you will hear when it has stayed away for a day.",
        "settled": "It has stayed away for a day.",
        "reminder": "You will hear when it ends, and once a week until then.",
    }
)


def letter(  # noqa: PLR0913 - what the letter is about, and what it is called
    service: Service, alert: StoredAlert, finding: Finding | None, word: Word, *, key: str, recipient: str
) -> Letter:
    """Write to an operator about an alert.

    Parameters
    ----------
    finding
        What is found now; None where nothing is any more.
    word
        What is to be said of it.
    """
    subject = f"{KINDS[alert.kind]}{f': {alert.subject}' if alert.subject else ''}"
    facts = {
        "What": finding.text if finding else alert.text,
        "Since": _moment(alert.raised_at),
        "Until": _moment(alert.ended_at) if alert.ended_at else "",
        "To do": finding.advice if finding else "",
    }
    return Letter(
        kind="alert",
        key=key,
        recipient=recipient,
        subject=f"Posterity: {_BEFORE[word]}{subject}",
        text=_text(service, subject, facts, section=KINDS[alert.kind], further=_NEXT[word]),
        document={"alert": alert.id, "kind": alert.kind, "subject": alert.subject, "word": word, **facts},
    )


def cry_letter(service: Service, text: str, lasted: timedelta, *, recipient: str) -> Letter:
    """Write to an operator what could not be kept in the store."""
    now = service.clock()
    facts = {"What": text, "Since": f"{_moment(now - lasted)}, for {lasting(lasted)}"}
    further = "This mail was sent directly, because the store may be out of reach. The next comes in an hour."
    return Letter(
        kind="alert",
        key=f"cry-{now:%Y%m%dT%H%M%S}",
        recipient=recipient,
        subject=f"Posterity cannot work: {text}",
        text=_text(service, "Posterity cannot work", facts, section=UNREACHABLE, further=further),
    )


def _text(service: Service, title: str, facts: Mapping[str, str], *, section: str, further: str) -> str:
    where = f"{socket.gethostname()}, database {service.database.where}"
    told = {**facts, "Where": where}
    lines = (f"{name:<6} {' '.join(fact.split())}" for name, fact in told.items() if fact)
    manual = f'What it means, and what to do: {MANUAL}, "{section}".'
    return "\n".join([title, "", *lines, "", manual, further, ""])


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
