"""What moved a forecast within a week, and what is behind each of the largest causes."""

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote, urlsplit

from sqlalchemy.orm import Session

from model.domain import Event, Report
from model.errors import PosterityError, Unavailable
from model.evidence import Evidence
from service.accounts import Lines, evidence_of, movement_lines, stored_reasons
from service.digest_notices import Moment
from service.wording import strongest
from storage.events import event_reports
from storage.runs import StoredRun

_MOST_CAUSES, _MOST_SOURCES = 5, 4
_IN_ADDRESSES = ":/?#[]@!$&'()*+,;=%~"  # what may stand in an address beside letters and figures


def movement(session: Session, now: StoredRun, before: StoredRun | None, moment: Moment) -> dict[str, Any]:
    """Say what moved a forecast from one run to another, or from its prior where there is no earlier run.

    Returns
    -------
    dict
        The largest ``causes``, how many ``more`` there are, and in ``unsaid`` why it cannot be said.
    """
    try:
        evidence = evidence_of(session, now)
        lines = _lines(session, now, before, evidence)
    except Unavailable:
        raise
    except (PosterityError, ArithmeticError) as error:  # the probabilities stand all the same
        return {"causes": [], "more": 0, "unsaid": str(error)}
    causes = [_cause(session, one, evidence, moment) for one in lines[:_MOST_CAUSES]]
    return {"causes": causes, "more": len(lines) - len(causes), "unsaid": None}


def _lines(session: Session, now: StoredRun, before: StoredRun | None, evidence: Evidence) -> Lines:
    if before is None:
        return stored_reasons(now, evidence)
    return [] if before.run == now.run else movement_lines(evidence_of(session, before), evidence)


def _cause(session: Session, line: dict[str, Any], evidence: Evidence, moment: Moment) -> dict[str, Any]:
    event = line["event"] or _candidate(line, evidence)
    sources = list(_sources(session, event, evidence, moment)) if event else []
    return {
        "text": line["text"],
        "effect": strongest(line["bits"], evidence.forecast),
        "points": _points(line),
        "event": event,
        "sources": sources[:_MOST_SOURCES],
        "more_sources": len(sources[_MOST_SOURCES:]),
    }


def _points(line: dict[str, Any]) -> float | None:
    """Give the percentage points of the scenario that its bits moved the most."""
    known = {name: abs(bits) for name, bits in line["bits"].items() if bits is not None}
    return line["points"].get(max(known, key=lambda one: known[one])) if known else None


def _candidate(line: dict[str, Any], evidence: Evidence) -> str | None:
    """Give the event that a one-off's sentence names: its most credible candidate."""
    seen = (one for one in evidence.indicators if one.indicator.id == line["indicator"])
    counted: Sequence[Event] = next((one.counted for one in seen), ())
    if line["kind"] != "one-off" or not counted:
        return None
    return max(counted, key=lambda event: event.credibility).key


def _sources(
    session: Session, event: str, evidence: Evidence, moment: Moment
) -> Iterator[dict[str, str | None]]:
    """Name who reported an event by the cutoff, each once with the address of what they said."""
    named: set[tuple[str, str | None]] = set()
    for joined in event_reports(session, event, known_at=moment.known_at):
        report = joined.stored.report
        source = _name(report), _link(report.url)
        if joined.stored.retracted or report.published.first > evidence.as_of or source in named:
            continue
        named.add(source)
        yield {"name": source[0], "url": source[1]}


def _name(report: Report) -> str:
    name = report.publisher or _host(report.url) or report.id
    return f"{name} (denies it)" if report.denies else name


def _host(url: str | None) -> str | None:
    link = _link(url)
    return urlsplit(link).hostname if link else None


def _link(url: str | None) -> str | None:
    """Give an address that may become a link, in ASCII: one of the web that names no user."""
    try:
        parts = urlsplit(url or "")
        host = parts.hostname
    except ValueError:
        return None
    sound = parts.scheme in {"http", "https"} and host and "@" not in parts.netloc
    return quote(url, safe=_IN_ADDRESSES) if sound and url else None
