"""Reports that a program hands in: one, or many as JSON lines, each answered; the same key twice is one."""

import hashlib
import io
import json
from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from ingest.records import MAX_LINE, Parsed, Refused, document, lines
from model.errors import InputRefused
from service.clustering import cluster
from service.composition import Service
from service.filing import filed, is_sure
from service.intake import latest_day, tagged
from service.judging import Judged, Sorted
from storage.database import FILING, exclusive
from storage.events import event_keys
from storage.reports import Filing, file_reports
from storage.submissions import answered, keep

MAX_BODY = 16_000_000  # bytes
MAX_REPORTS = 10_000

type Answer = Mapping[str, object]


def submit(
    service: Service, body: bytes, *, origin: str, many: bool, key: str | None = None
) -> Sequence[Answer]:
    """File what was handed in, whole or not at all; lines that make no sense are refused one by one.

    Parameters
    ----------
    body
        One JSON object or array; or, where `many`, one object a line.
    origin
        Who hands in, as it is kept with the reports.
    key
        The idempotency key: handed in again with the same body, the first answer is given again, and
        nothing is filed.

    Returns
    -------
    sequence of dict
        For each report in its order: line, id, outcome (accepted, amended, duplicate), version, event;
        or that it is waiting for an editor, or refused, and the reason.

    Raises
    ------
    InputRefused
        The body is too large, or holds no or too many reports.
    UsageError
        The key was used before with another body.
    """
    items = _items(service, body, many)
    content = hashlib.sha256(body).hexdigest()
    with service.database.session() as session:
        exclusive(session, FILING)
        before = answered(session, key, content) if key else None
        if before is not None:
            given: Sequence[Answer] = json.loads(before)
            return given
        answers = _filed(session, service, items, origin)
        if key:
            keep(session, key, content, json.dumps(answers), at=service.clock())
    return answers


def _items(service: Service, body: bytes, many: bool) -> list[Parsed | Refused | Judged]:
    if len(body) > MAX_BODY:
        raise InputRefused(f"the body is larger than {MAX_BODY // 1_000_000} MB; hand it in in parts")
    today = latest_day(service)
    items = list(lines(io.BytesIO(body), today=today) if many else document(body, today=today))
    if not items:
        raise InputRefused(
            f"the body holds no report; send one object, or one a line of at most {MAX_LINE:,}"
        )
    if len(items) > MAX_REPORTS:
        raise InputRefused(f"the body holds {len(items):,} reports; hand in at most {MAX_REPORTS:,} at once")
    return [_if_sure(service, item) for item in tagged(service, items)]


def _if_sure(service: Service, item: Parsed | Refused | Judged) -> Parsed | Refused | Judged:
    """Make a report of what rules are sure of."""
    if isinstance(item, Judged) and is_sure(service, item):
        return Parsed(line=item.line, report=item.report)
    return item


def _filed(
    session: Session, service: Service, items: Sequence[Parsed | Refused | Judged], origin: str
) -> list[Answer]:
    now, parsed = service.clock(), [item for item in items if isinstance(item, Parsed)]
    reports = [item.report for item in parsed]
    filings = file_reports(session, reports, at=now, origin=origin, lines=[item.line for item in parsed])
    pairs = list(zip(reports, filings, strict=True))
    cluster(session, service, [one for one, filing in pairs if filing.outcome != "duplicate"], at=now)
    events = event_keys(session, [one.id for one in reports])
    filed(session, service, origin, Sorted(judged=[item for item in items if isinstance(item, Judged)]))
    told = iter(filings)
    return [
        _answer(item, next(told), events) if isinstance(item, Parsed) else _otherwise(item) for item in items
    ]


def _answer(item: Parsed, filing: Filing, events: Mapping[str, str]) -> Answer:
    known = {"id": filing.report_id, "outcome": filing.outcome, "version": filing.version}
    return {"line": item.line, **known, "event": events.get(filing.report_id)}


def _otherwise(item: Refused | Judged) -> Answer:
    if isinstance(item, Refused):
        return {"line": item.line, "outcome": "refused", "reason": item.reason}
    return {"line": item.line, "id": item.report.id, "outcome": "waiting", "reason": item.why}
