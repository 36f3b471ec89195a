"""Taking reports in: from named files, and from the inbox."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import batched
from pathlib import Path

from sqlalchemy.orm import Session

from ingest.cluster import Candidate, Clustering, Decision, assign_all
from ingest.files import Reading, read
from ingest.inbox import pending, settle, stamp
from ingest.records import Parsed, Refused
from model.domain import Report
from model.errors import Unavailable
from service.composition import Service
from storage.events import Membership, candidates, event_keys, join_events
from storage.reports import file_reports

BATCH = 1000
DONE = "done"
_FARTHEST_EAST = timedelta(hours=14)


@dataclass(kw_only=True, slots=True)
class Taken:
    """What became of one file's reports.

    Parameters
    ----------
    outcomes
        How many were accepted, amended, or duplicate.
    refused
        Lines that could not be taken, with the reason.
    moved_to
        Where the file now is, if it came from the inbox.
    """

    path: Path
    notes: tuple[str, ...] = ()
    outcomes: Counter[str] = field(default_factory=Counter)
    refused: list[Refused] = field(default_factory=list)
    moved_to: Path | None = None

    def document(self) -> dict[str, object]:
        """Give the result as JSON holds it."""
        return {
            "file": _readable(self.path),
            "accepted": self.outcomes["accepted"],
            "amended": self.outcomes["amended"],
            "duplicate": self.outcomes["duplicate"],
            "waiting": 0,
            "refused": [{"line": one.line, "reason": one.reason} for one in self.refused],
            "notes": list(self.notes),
            "moved_to": _readable(self.moved_to) if self.moved_to else None,
        }


def _readable(path: Path | str) -> str:
    """Name a file in text that can be stored and sent, even where its name is no text."""
    return os.fsencode(path).decode(errors="replace")


def take_files(service: Service, paths: Sequence[Path]) -> Iterator[Taken]:
    """Take in named files; they stay where they are."""
    for path in paths:
        yield _take(service, read(path, today=_latest_day(service)))


def take_inbox(service: Service) -> Iterator[Taken]:
    """Take in what waits in the inbox; taken files move to ``done/``, refused lines beside them.

    Raises
    ------
    Unavailable
        The inbox is missing, or something in it cannot be read or moved.
    """
    inbox = service.configuration.ingest.drop_folder
    for path in pending(inbox):
        taken = _take_waiting(service, path, inbox / DONE)
        if taken is not None:
            yield taken


def _take_waiting(service: Service, path: Path, done: Path) -> Taken | None:
    """Take in a file of the inbox and put it away; None where another process has just done so."""
    try:
        seen = stamp(path)
        taken = _take(service, read(path, today=_latest_day(service)))
        taken.moved_to = settle(path, taken.refused, done, seen=seen)
    except Unavailable:
        if _is_gone(path):
            return None
        raise
    return taken


def _is_gone(path: Path) -> bool:
    try:
        path.stat()
    except FileNotFoundError:
        return path.parent.is_dir()
    except OSError:
        return False
    return False


def _latest_day(service: Service) -> date:
    """Today, wherever on Earth it is latest: a report from there is not from the future."""
    return (service.clock() + _FARTHEST_EAST).date()


def _take(service: Service, reading: Reading) -> Taken:
    taken = Taken(path=reading.path, notes=reading.notes)
    for batch in batched(reading.items, BATCH):
        taken.refused += (item for item in batch if isinstance(item, Refused))
        parsed = [item for item in batch if isinstance(item, Parsed)]
        with service.database.session() as session:
            taken.outcomes += _store(session, service, _readable(reading.path.name), parsed)
    return taken


def _store(session: Session, service: Service, origin: str, parsed: Sequence[Parsed]) -> Counter[str]:
    """File the reports, and decide the events of those that say something new."""
    now = service.clock()
    reports = [item.report for item in parsed]
    filings = file_reports(session, reports, at=now, origin=origin, lines=[item.line for item in parsed])
    fresh = [
        report
        for report, filing in zip(reports, filings, strict=True)
        if filing.outcome in {"accepted", "amended"}
    ]
    _cluster(session, service, fresh, now)
    return Counter(filing.outcome for filing in filings)


def _cluster(session: Session, service: Service, reports: Sequence[Report], now: datetime) -> None:
    ingest = service.configuration.ingest
    settings = Clustering(cluster_days=ingest.cluster_days, tag_families=ingest.tag_families)
    decisions = assign_all(reports, list(_candidates(session, reports, settings)), settings)
    standing = event_keys(session, {report.id for report in reports})
    moves = []
    for report, decision in zip(reports, decisions, strict=True):
        if standing.get(report.id) != decision.key:
            moves.append(_membership(report, decision))
            standing[report.id] = decision.key
    join_events(session, moves, at=now)


def _candidates(session: Session, reports: Iterable[Report], settings: Clustering) -> Iterator[Candidate]:
    """Earlier reports near the new ones, read neighbourhood by neighbourhood."""
    by_tag: dict[str, list[Report]] = {}
    for report in reports:
        by_tag.setdefault(settings.family(report.tag), []).append(report)
    for tag, alike in by_tag.items():
        family = next((tags for tags in settings.tag_families if tag in tags), (tag,))
        countries = {report.country for report in alike}
        for first, last in _spans(alike, timedelta(days=2 * settings.cluster_days)):
            for key, report in candidates(session, family, countries, first, last):
                yield Candidate(key=key, report=report, decided=report.event is not None)


def _spans(reports: Iterable[Report], margin: timedelta) -> Iterator[tuple[date, date]]:
    """Spans of days that the reports speak of, widened by a margin and joined where they overlap."""
    spans = sorted((report.when.first - margin, report.when.last + margin) for report in reports)
    first, last = spans[0]
    for begins, ends in spans[1:]:
        if begins > last:
            yield first, last
            first = begins
        last = max(last, ends)
    yield first, last


def _membership(report: Report, decision: Decision) -> Membership:
    return Membership(
        report_id=report.id,
        event_key=decision.key,
        why=decision.why,
        score=decision.score,
        runner_up=decision.runner_up,
        runner_up_score=decision.runner_up_score,
    )
