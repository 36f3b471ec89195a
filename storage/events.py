"""Events: which reports belong to which, why, and what they say of a question by its cutoff."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from functools import lru_cache
from itertools import batched

from sqlalchemy import ColumnElement, Select, and_, select
from sqlalchemy.orm import Session, aliased
from sqlmodel import col

from model.domain import ANALYSIS, Report
from storage.content import report_of
from storage.current import in_countries, mentions, newest_membership, newest_version, overlaps
from storage.database import add_rows
from storage.reports import BATCH, StoredReport, stored_report
from storage.tables import EventMembership, ReportVersion


@dataclass(frozen=True, kw_only=True, slots=True)
class Membership:
    """That a report belongs to an event.

    Parameters
    ----------
    why, score
        The reason, and how alike they are, where they were compared.
    runner_up, runner_up_score
        The event that it nearly joined.
    author
        The person who decided; None where clustering did.
    """

    report_id: str
    event_key: str
    why: str
    score: float | None = None
    runner_up: str | None = None
    runner_up_score: float | None = None
    author: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class JoinedReport:
    """A report, why it belongs to its event, and when that was decided."""

    stored: StoredReport
    membership: Membership
    decided_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class EventSummary:
    """An event at a glance.

    Parameters
    ----------
    tag, countries, first, last
        What the earliest asserting report calls it; where, and the days within which, all of those
        place it. Denying reports stand in where none asserts it.
    asserting, denying
        How many reports in force do so.
    headline, published
        The newest headline, and when it was published; whoever can judge reports puts a better in its place.
    """

    key: str
    tag: str
    countries: tuple[str, ...]
    first: date
    last: date
    asserting: int
    denying: int
    headline: str
    published: date


def join_events(session: Session, decisions: Sequence[Membership], *, at: datetime) -> None:
    """Record where reports belong; the newest decision about a report is the one in force."""
    names = [field.name for field in fields(Membership)]
    rows = [{name: getattr(one, name) for name in names} | {"recorded_at": at} for one in decisions]
    if rows:
        add_rows(session, EventMembership, rows)


def event_keys(
    session: Session, report_ids: Collection[str], *, known_at: datetime | None = None
) -> dict[str, str]:
    """Look up the event that each of these reports belongs to; reports of no event are left out."""
    found: dict[str, str] = {}
    for some in batched(report_ids, BATCH):
        mine = col(EventMembership.report_id).in_(some)
        statement = select(col(EventMembership.report_id), col(EventMembership.event_key))
        found |= dict(session.execute(statement.where(mine, newest_membership(known_at))).all())
    return found


def evidence_reports(
    session: Session,
    tags: Collection[str],
    *,
    opened: date,
    as_of: date,
    known_at: datetime | None = None,
) -> dict[str, list[Report]]:
    """Select everything that was said, by the cutoff, of the events that a forecast may have to count.

    Parameters
    ----------
    tags, opened
        An event is wanted if a report asserts it with one of these tags and, as far as that report
        knows, it may have happened on or after `opened`.
    as_of
        The cutoff: nothing published later is seen.
    known_at
        What this service had recorded by then; by default, by now.

    Returns
    -------
    dict
        For each event's key all of its reports in force, by id, `received` telling when the
        service first heard of each.
    """
    events: dict[str, list[Report]] = defaultdict(list)
    published = col(ReportVersion.published_first) <= as_of
    for keys in batched(_asserted(session, tags, opened, as_of, known_at), BATCH):
        statement = _joined(known_at).where(col(EventMembership.event_key).in_(keys), published)
        for key, content, received in session.execute(statement):
            events[key].append(report_of(content, received))
    return {key: sorted(events[key], key=lambda report: report.id) for key in sorted(events)}


def _asserted(
    session: Session, tags: Collection[str], opened: date, as_of: date, known_at: datetime | None
) -> list[str]:
    belongs = col(EventMembership.report_id) == col(ReportVersion.report_id)
    statement = (
        select(col(EventMembership.event_key))
        .join(ReportVersion, belongs)
        .where(
            col(ReportVersion.tag).in_(tags),
            col(ReportVersion.occurred_last) >= opened,
            col(ReportVersion.published_first) <= as_of,
            col(ReportVersion.denies).is_(False),
            in_force(known_at),
        )
    )
    return sorted(set(session.scalars(statement)))


@lru_cache(maxsize=8)  # putting a statement together takes longer than running it
def in_force(known_at: datetime | None) -> ColumnElement[bool]:
    """Whether a report's version, and the decision where it belongs, are in force."""
    return and_(
        col(ReportVersion.retracted).is_(False),
        newest_version(ReportVersion, known_at),
        newest_membership(known_at),
    )


@lru_cache(maxsize=8)
def _joined(known_at: datetime | None) -> Select[str, str, datetime]:
    """Select event's key, content and first receipt of each report in force that belongs to an event."""
    first = aliased(ReportVersion)
    same_report = col(first.report_id) == col(ReportVersion.report_id)
    return (
        select(col(EventMembership.event_key), col(ReportVersion.content), col(first.recorded_at))
        .join(ReportVersion, col(ReportVersion.report_id) == col(EventMembership.report_id))
        .join(first, and_(same_report, col(first.version) == 1))
        .where(in_force(known_at))
    )


def event_reports(session: Session, key: str, *, known_at: datetime | None = None) -> list[JoinedReport]:
    """List what is behind an event: its reports, the retracted ones included, and why they belong to it."""
    first = aliased(ReportVersion)
    same_report = col(first.report_id) == col(ReportVersion.report_id)
    statement = (
        select(ReportVersion, col(first.recorded_at), EventMembership)
        .join(EventMembership, col(EventMembership.report_id) == col(ReportVersion.report_id))
        .join(first, and_(same_report, col(first.version) == 1))
        .where(col(EventMembership.event_key) == key)
        .where(newest_version(ReportVersion, known_at), newest_membership(known_at))
        .order_by(col(ReportVersion.published_first), col(ReportVersion.id))
    )
    return [_joined_report(*row) for row in session.execute(statement)]


def _joined_report(row: ReportVersion, received: datetime, joined: EventMembership) -> JoinedReport:
    membership = Membership(**joined.model_dump(exclude={"id", "recorded_at"}))
    stored = stored_report(row, received, joined.event_key)
    return JoinedReport(stored=stored, membership=membership, decided_at=joined.recorded_at)


def found_events(  # noqa: PLR0913 - one parameter for each filter of the command
    session: Session,
    *,
    tag: str | None = None,
    country: str | None = None,
    since: date | None = None,
    until: date | None = None,
    search: str | None = None,
    limit: int | None = None,
    known_at: datetime | None = None,
) -> list[str]:
    """Find the keys of events of which some report in force passes every filter, the latest published first.

    Parameters
    ----------
    since, until
        Bounds of when what that report says happened.
    search
        Words, in any case, of its headline, publisher or id.
    """
    statement = select(col(EventMembership.event_key)).join(
        ReportVersion, col(ReportVersion.report_id) == col(EventMembership.report_id)
    )
    statement = statement.where(in_force(known_at), overlaps("occurred", since, until))
    if tag is not None:
        statement = statement.where(col(ReportVersion.tag) == tag)
    if country is not None:
        statement = statement.where(in_countries([country]))
    if search:
        statement = statement.where(mentions(search))
    newest_first = col(ReportVersion.published_first).desc(), col(ReportVersion.id).desc()
    return _first_distinct(session, statement.order_by(*newest_first), limit)


def _first_distinct(session: Session, statement: Select[str], limit: int | None) -> list[str]:
    """Read only as many rows as it takes to see `limit` different keys."""
    keys: dict[str, None] = {}
    rows = session.scalars(statement, execution_options={"yield_per": BATCH})
    for key in rows:
        keys[key] = None
        if len(keys) == limit:
            break
    rows.close()
    return list(keys)


def summaries(
    session: Session, keys: Iterable[str], *, known_at: datetime | None = None
) -> list[EventSummary]:
    """Summarise events, in this order; those of which no report is in force are left out."""
    reports = reports_of_events(session, list(keys), known_at=known_at)
    return [summarised(key, found) for key, found in reports.items() if found]


def reports_of_events(
    session: Session, keys: Collection[str], *, known_at: datetime | None = None
) -> dict[str, list[Report]]:
    """Look up the reports in force of each of these events; of one that there is not, there are none."""
    reports: dict[str, list[Report]] = {key: [] for key in keys}
    for some in batched(reports, BATCH):
        statement = _joined(known_at).where(col(EventMembership.event_key).in_(some))
        for key, content, received in session.execute(statement):
            reports[key].append(report_of(content, received))
    return reports


def summarised(key: str, reports: Collection[Report]) -> EventSummary:
    """Put an event's reports in force, of which there is at least one, into a summary."""
    ordered = sorted(reports, key=lambda report: (report.published, report.id))
    asserting = [report for report in ordered if not report.denies]
    telling = [report for report in asserting if report.tag != ANALYSIS] or asserting or ordered
    return EventSummary(
        key=key,
        tag=telling[0].tag,
        countries=tuple(sorted({country for report in telling for country in report.countries})),
        first=min(report.when.first for report in telling),
        last=max(report.when.last for report in telling),
        asserting=len(asserting),
        denying=len(ordered) - len(asserting),
        headline=ordered[-1].headline,
        published=ordered[-1].published.last,
    )
