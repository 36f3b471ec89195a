"""Reports: filed, amended and retracted, each as a further version; listed as they stand or stood."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import batched, repeat
from types import MappingProxyType
from typing import Literal

from sqlalchemy import Select, and_, func, insert, select
from sqlalchemy.orm import Session, aliased
from sqlmodel import col

from model.domain import Report
from model.errors import Unknown
from storage.content import Written, report_columns, report_of
from storage.current import in_countries, known, mentions, newest_membership, newest_version, overlaps
from storage.database import FILING, add_rows, exclusive
from storage.tables import EventMembership, ReportVersion

BATCH = 1000
NOTHING_WRITTEN: Mapping[int, Written] = MappingProxyType({})

type Outcome = Literal["accepted", "amended", "duplicate", "retracted"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Filing:
    """What became of a report that was handed in, and the version in which it stands."""

    report_id: str
    outcome: Outcome
    version: int


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredReport:
    """A report in one of its versions, and how it came here.

    Parameters
    ----------
    report
        What it says; `received` is when its first version came.
    recorded_at, origin, line
        When this version came, from which file or source, and from which line of it.
    author, why
        The person who filed this version, where one did, and the reason given.
    event_key
        The event that it belongs to, where it belongs to one.
    """

    report: Report
    version: int
    retracted: bool
    recorded_at: datetime
    origin: str
    line: int | None
    author: str | None
    why: str | None
    event_key: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Standing:
    """A report's newest version, and the digest of what its source last said."""

    version: int
    digest: str
    said: str | None
    retracted: bool


def file_reports(  # noqa: PLR0913 - what is filed, and its provenance
    session: Session,
    reports: Sequence[Report],
    *,
    at: datetime,
    origin: str,
    lines: Sequence[int | None] | None = None,
    author: str | None = None,
    why: str | None = None,
    written: Mapping[int, Written] = NOTHING_WRITTEN,
) -> list[Filing]:
    """File reports: a new id is accepted, other content amends, the same content is nothing new.

    A source that repeats itself says nothing new even where a person has amended or retracted the
    report since, and what a person retracted stays so until a person files it again.

    Parameters
    ----------
    at
        When this service learned of them.
    origin, lines
        The file or source, and each report's line in it.
    author, why
        The person who files them, and the reason given; None where they come from a source.
    written
        What `content.written` makes of them by their line, where that is known already.

    Returns
    -------
    list of Filing
        One for each report, in order.
    """
    exclusive(session, FILING)
    numbered = zip(reports, lines or repeat(None, len(reports)), strict=True)
    filings: list[Filing] = []
    provenance = {"origin": origin, "author": author, "why": why, "recorded_at": at}
    for batch in batched(numbered, BATCH):
        standings = _standings(session, {report.id for report, _ in batch})
        rows: list[dict[str, object]] = []
        for report, line in batch:
            said = written.get(line) if line is not None else None
            row = report_columns(report, said)
            row |= provenance
            row["line"] = line
            filings.append(_file(row, author, standings, rows))
        if rows:
            add_rows(session, ReportVersion, rows)
    return filings


def _standings(session: Session, ids: Collection[str]) -> dict[str, _Standing]:
    statement = (
        select(
            col(ReportVersion.report_id),
            col(ReportVersion.version),
            col(ReportVersion.digest),
            col(ReportVersion.author),
            col(ReportVersion.retracted),
        )
        .where(col(ReportVersion.report_id).in_(ids))
        .order_by(col(ReportVersion.version))
    )
    standings: dict[str, _Standing] = {}
    for report_id, version, digest, author, retracted in session.execute(statement):
        before = standings.get(report_id)
        said = _said(before, digest, author)
        standings[report_id] = _Standing(version=version, digest=digest, said=said, retracted=retracted)
    return standings


def last_said(session: Session, ids: Collection[str]) -> dict[str, str]:
    """Look up the digests of what the sources of these reports said last, whatever a person made of it."""
    found: dict[str, str] = {}
    for some in batched(ids, BATCH):
        standings = _standings(session, some).items()
        found |= {report_id: one.said for report_id, one in standings if one.said is not None}
    return found


def _said(before: _Standing | None, digest: str, author: str | None) -> str | None:
    if author is None:
        return digest
    return before.said if before else None


def _file(
    row: dict[str, object], author: str | None, standings: dict[str, _Standing], rows: list[dict[str, object]]
) -> Filing:
    """Judge one report by how it stands; where it says something new, take it up in rows and standings."""
    report_id, digest = str(row["report_id"]), str(row["digest"])
    before = standings.get(report_id)
    if before and _repeats(before, digest, author):
        return Filing(report_id=report_id, outcome="duplicate", version=before.version)
    version = before.version + 1 if before else 1
    retracted = before is not None and before.retracted and author is None
    said = _said(before, digest, author)
    standings[report_id] = _Standing(version=version, digest=digest, said=said, retracted=retracted)
    row["version"], row["retracted"] = version, retracted
    rows.append(row)
    return Filing(report_id=report_id, outcome="amended" if before else "accepted", version=version)


def _repeats(before: _Standing, digest: str, author: str | None) -> bool:
    if author is None:
        return digest in (before.digest, before.said)
    return digest == before.digest and not before.retracted


def retract_report(session: Session, report_id: str, *, at: datetime, author: str, why: str) -> Filing:
    """Retract a report: a new version that no longer counts. The old ones stay in the history.

    Raises
    ------
    Unknown
        No such report.
    """
    exclusive(session, FILING)
    versions = select(ReportVersion).where(col(ReportVersion.report_id) == report_id)
    newest = session.scalars(versions.order_by(col(ReportVersion.version).desc()).limit(1)).first()
    if newest is None:
        raise Unknown(f"no report has the id {report_id!r}; `posterity reports` lists them")
    if newest.retracted:
        return Filing(report_id=report_id, outcome="duplicate", version=newest.version)
    row = newest.model_dump(exclude={"id"}) | {"version": newest.version + 1, "retracted": True}
    session.execute(insert(ReportVersion), [row | {"recorded_at": at, "author": author, "why": why}])
    return Filing(report_id=report_id, outcome="retracted", version=newest.version + 1)


def list_reports(  # noqa: PLR0913 - one parameter for each filter of the command
    session: Session,
    *,
    tag: str | None = None,
    country: str | None = None,
    since: date | None = None,
    until: date | None = None,
    search: str | None = None,
    event: str | None = None,
    limit: int | None = None,
    known_at: datetime | None = None,
) -> list[StoredReport]:
    """List the newest version of each report, retracted ones included, the latest published first.

    Parameters
    ----------
    since, until
        Bounds of the publication.
    search
        Words, in any case, of the headline, the publisher or the id.
    """
    statement = select_stored(known_at).where(newest_version(ReportVersion, known_at))
    statement = statement.where(overlaps("published", since, until))
    if tag is not None:
        statement = statement.where(col(ReportVersion.tag) == tag)
    if country is not None:
        statement = statement.where(in_countries([country]))
    if search:
        statement = statement.where(mentions(search))
    if event is not None:
        statement = statement.where(col(EventMembership.event_key) == event)
    newest_first = col(ReportVersion.published_first).desc(), col(ReportVersion.id).desc()
    return [stored_report(*row) for row in session.execute(statement.order_by(*newest_first).limit(limit))]


def report_versions(
    session: Session, report_id: str, *, known_at: datetime | None = None
) -> list[StoredReport]:
    """List every version of one report that was known, oldest first."""
    mine = col(ReportVersion.report_id) == report_id, known(ReportVersion.recorded_at, known_at)
    statement = select_stored(known_at).where(*mine).order_by(col(ReportVersion.version))
    return [stored_report(*row) for row in session.execute(statement)]


def reports_in_force(session: Session, ids: Collection[str]) -> dict[str, Report]:
    """Look up those of these reports that are filed and not retracted, by id."""
    found: dict[str, Report] = {}
    for some in batched(ids, BATCH):
        mine = col(ReportVersion.report_id).in_(some), newest_version(ReportVersion, None)
        for row in session.scalars(select(ReportVersion).where(*mine)):
            if not row.retracted:
                found[row.report_id] = report_of(row.content, row.recorded_at)
    return found


def select_stored(known_at: datetime | None) -> Select[ReportVersion, datetime, str]:
    """Select versions with the first receipt of their report, and the event that it belongs to, if any."""
    first = aliased(ReportVersion)
    same_report = col(first.report_id) == col(ReportVersion.report_id)
    belongs = col(EventMembership.report_id) == col(ReportVersion.report_id)
    return (
        select(ReportVersion, col(first.recorded_at), col(EventMembership.event_key))
        .join(first, and_(same_report, col(first.version) == 1))
        .outerjoin(EventMembership, and_(belongs, newest_membership(known_at)))
    )


def stored_report(row: ReportVersion, received: datetime, event_key: str | None) -> StoredReport:
    """Give a row its domain value."""
    return StoredReport(
        report=report_of(row.content, received),
        version=row.version,
        retracted=row.retracted,
        recorded_at=row.recorded_at,
        origin=row.origin,
        line=row.line,
        author=row.author,
        why=row.why,
        event_key=event_key,
    )


def unclaimed_tags(
    session: Session, claimed: Collection[str], *, known_at: datetime | None = None
) -> dict[str, int]:
    """Count the reports in force that carry a tag which nothing claims, by tag."""
    in_force = newest_version(ReportVersion, known_at), col(ReportVersion.retracted).is_(False)
    statement = (
        select(col(ReportVersion.tag), func.count())
        .where(col(ReportVersion.tag).not_in(claimed), *in_force)
        .group_by(col(ReportVersion.tag))
    )
    return dict(sorted(session.execute(statement).all()))
