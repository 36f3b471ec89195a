"""Facts with the moments at which they were recorded: as another installation exports and imports them.

What is read here is in the order in which it was recorded, whatever numbers its rows have, and is put into
another database in that order: what is in force there, and was at any moment, is what is in force here.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from itertools import batched
from typing import cast

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from storage.content import as_text, differences, report_columns
from storage.database import add_rows
from storage.events import Membership
from storage.forecasts import Version
from storage.memberships import Placement
from storage.reports import BATCH, StoredReport, stored_report
from storage.review_tables import SnapshotImport
from storage.tables import EventMembership, ForecastVersion, Outlook, OutlookResolution, ReportVersion, Run


@dataclass(frozen=True, kw_only=True, slots=True)
class OutlookFact:
    """What became of the expectation at a place of a run's outlook, and when that was recorded."""

    run: int
    position: int
    outcome: float
    events: int
    resolved_as_of: date
    recorded_at: datetime


# ---- what a forecast rests on ---------------------------------------------------------------------


def reports_behind(session: Session, tags: Collection[str], *, opened: date) -> set[str]:
    """Name the reports that a forecast's evidence may rest on, at any moment.

    They are those of which some version has one of these tags and may speak of a day on or after the
    opening; and all that ever belonged to the same events.
    """
    reports, events = set[str](), set[str]()
    found = _about(session, tags, opened)
    while found:
        reports |= found
        joined = _partners(session, found, of=EventMembership.report_id, give=EventMembership.event_key)
        new = joined - events
        events |= new
        found = _partners(session, new, of=EventMembership.event_key, give=EventMembership.report_id)
        found -= reports
    return reports


def _about(session: Session, tags: Collection[str], opened: date) -> set[str]:
    statement = select(col(ReportVersion.report_id)).where(
        col(ReportVersion.tag).in_(sorted(tags)),
        col(ReportVersion.occurred_last) >= opened,
    )
    return set(session.scalars(statement))


def _partners(session: Session, names: Collection[str], *, of: str, give: str) -> set[str]:
    found = set[str]()
    for some in batched(sorted(names), BATCH):
        found |= set(session.scalars(select(col(give)).where(col(of).in_(some)).distinct()))
    return found


def versions_of(session: Session, reports: Collection[str]) -> Iterator[StoredReport]:
    """Read every version of these reports, as they were recorded; their events are left out."""
    for some in _in_order(session, ReportVersion, reports):
        rows = select(ReportVersion).where(col(ReportVersion.id).in_(some)).order_by(col(ReportVersion.id))
        for row in session.scalars(rows):
            yield stored_report(row, row.recorded_at, None)


def placements_of(session: Session, reports: Collection[str]) -> Iterator[Placement]:
    """Read every decision about where these reports belong, as they were recorded."""
    for some in _in_order(session, EventMembership, reports):
        mine = col(EventMembership.id).in_(some)
        for row in session.scalars(select(EventMembership).where(mine).order_by(col(EventMembership.id))):
            yield _placement(row)


def _in_order(
    session: Session, table: type[ReportVersion] | type[EventMembership], reports: Collection[str]
) -> Iterator[tuple[int, ...]]:
    """List the numbers of the rows about reports by batches, in the order in which they were recorded."""
    numbers: list[int] = []
    for some in batched(sorted(reports), BATCH):
        mine = select(col(table.id)).where(col(table.report_id).in_(some))
        numbers += cast("Sequence[int]", session.scalars(mine).all())
    return batched(sorted(numbers), BATCH)


def _placement(row: EventMembership) -> Placement:
    membership = Membership(**row.model_dump(exclude={"id", "recorded_at"}))
    return Placement(membership=membership, decided_at=row.recorded_at)


def runs_of(session: Session, forecast_id: str) -> list[int]:
    """List the numbers of all runs of a forecast, as they were recorded."""
    mine = select(col(Run.id)).where(col(Run.forecast_id) == forecast_id)
    return sorted(cast("Sequence[int]", session.scalars(mine).all()))


def outlook_facts(session: Session, forecast_id: str) -> list[OutlookFact]:
    """List what became of a forecast's expectations, as it was recorded."""
    order = OutlookResolution.recorded_at, OutlookResolution.run_id, OutlookResolution.position
    mine = select(OutlookResolution).where(col(OutlookResolution.forecast_id) == forecast_id)
    return [
        OutlookFact(
            run=row.run_id,
            position=row.position,
            outcome=row.outcome,
            events=row.events,
            resolved_as_of=row.resolved_as_of,
            recorded_at=row.recorded_at,
        )
        for row in session.scalars(mine.order_by(*(col(one) for one in order)))
    ]


# ---- what is here already, and what is added -------------------------------------------------------


def versions_here(session: Session, reports: Collection[str]) -> dict[str, list[StoredReport]]:
    """Look up all versions of these reports, by report, the first first."""
    found: dict[str, list[StoredReport]] = defaultdict(list)
    for one in versions_of(session, reports):
        found[one.report.id].append(one)
    return {name: sorted(every, key=lambda one: one.version) for name, every in found.items()}


def placements_here(session: Session, reports: Collection[str]) -> dict[str, list[Placement]]:
    """Look up all decisions about where these reports belong, by report, the first first."""
    found: dict[str, list[Placement]] = defaultdict(list)
    for one in placements_of(session, reports):
        found[one.membership.report_id].append(one)
    return dict(found)


def ever_in(session: Session, events: Collection[str]) -> dict[str, set[str]]:
    """Look up which reports ever belonged to these events."""
    found: dict[str, set[str]] = defaultdict(set)
    for some in batched(sorted(events), BATCH):
        both = select(col(EventMembership.event_key), col(EventMembership.report_id))
        for key, report in session.execute(both.where(col(EventMembership.event_key).in_(some))):
            found[key].add(report)
    return dict(found)


def add_definition(session: Session, one: Version) -> None:
    """Add a version of a forecast's definition, as it was recorded elsewhere."""
    before = select(col(ForecastVersion.definition)).where(
        col(ForecastVersion.forecast_id) == one.forecast_id,
        col(ForecastVersion.version) == one.version - 1,
    )
    earlier = session.scalar(before)
    row = ForecastVersion(
        forecast_id=one.forecast_id,
        version=one.version,
        digest=one.digest,
        evidence_seen=one.evidence_seen,
        recorded_at=one.recorded_at,
        difference=as_text(differences(json.loads(earlier), one.definition) if earlier else []),
        definition=as_text(one.definition),
    )
    session.add(row)
    session.flush()


def add_versions(session: Session, found: Iterable[StoredReport]) -> None:
    """Add versions of reports, as they were recorded elsewhere."""
    names = ("version", "retracted", "recorded_at", "origin", "line", "author", "why")
    rows = [report_columns(one.report) | {name: getattr(one, name) for name in names} for one in found]
    if rows:
        add_rows(session, ReportVersion, rows)


def record_import(session: Session, forecast_id: str, sha256: str, *, after: int, at: datetime) -> None:
    """Record that a snapshot was imported, and which versions of reports it brought.

    Parameters
    ----------
    after
        Number of the last version that there was before, as `last_version` told it.
    """
    new = select(func.min(col(ReportVersion.id)), func.max(col(ReportVersion.id)))
    first, last = session.execute(new.where(col(ReportVersion.id) > after)).one()
    row = SnapshotImport(
        forecast_id=forecast_id, sha256=sha256, first_report=first, last_report=last, recorded_at=at
    )
    session.add(row)
    session.flush()


def last_version(session: Session) -> int:
    """Give the number of the newest version of any report; 0 where there is none."""
    return session.scalar(select(func.max(col(ReportVersion.id)))) or 0


def add_placements(session: Session, found: Iterable[Placement]) -> None:
    """Add decisions about where reports belong, as they were recorded elsewhere."""
    rows = [asdict(one.membership) | {"recorded_at": one.decided_at} for one in found]
    if rows:
        add_rows(session, EventMembership, rows)


def add_outlook_facts(session: Session, forecast_id: str, found: Sequence[OutlookFact]) -> None:
    """Add what became of expectations, as it was recorded elsewhere; what was said is looked up."""
    said = _expected(session, {one.run for one in found})
    rows = []
    for one in found:
        expected = said[one.run, one.position]
        own = {name: value for name, value in asdict(one).items() if name != "run"}
        told = {"days": expected.days, "probability": expected.probability}
        rows.append({"run_id": one.run, "forecast_id": forecast_id} | own | told)
    if rows:
        add_rows(session, OutlookResolution, rows)


def _expected(session: Session, runs: Collection[int]) -> dict[tuple[int, int], Outlook]:
    found: dict[tuple[int, int], Outlook] = {}
    for some in batched(sorted(runs), BATCH):
        rows = session.scalars(select(Outlook).where(col(Outlook.run_id).in_(some)))
        found |= {(row.run_id, row.position): row for row in rows}
    return found
